#!/bin/bash
# A wrong declaration: a site declares more cores than stand there, and another has cards that it does not declare. The map shows both beside what
# is installed, totals stay what was measured, and the declaration is put right.
# shellcheck source=tests/system/admin_day/day.sh
source "$(dirname "$0")/day.sh"
new_controller beijing-1 1101
start_controller
must_say . ctl sites add shanghai-1 --region 3101
must_say . ctl sites declare beijing-1 --declared-nodes 2 --declared-cores 960
must_say . ctl sites declare shanghai-1 --declared-nodes 1 --declared-accelerators 1 --declared-model 'NVIDIA A100 SXM4 80GB=1'
machine gpu-1 'pci 0000:10:00.0 0x030200 0x10de 0x2330 nvidia'
enlist beijing-1 a-1 a-2
enlist shanghai-1 gpu-1
soon 20 '^beijing-1 +cores +960 +96 +-864' ctl map --by site --measure declared
soon 10 'cpu cores +144' ctl map
soon 20 unproven ctl nodes --filter 'verdict = unproven' -o csv
must_say 'undeclared_card' ctl --json nodes show gpu-1
must_say 'beyond' ctl --json map --by site --measure declared

must_say . ctl sites declare beijing-1 --declared-nodes 2 --declared-cores 96
must_say . ctl sites declare shanghai-1 --declared-nodes 1 --declared-accelerators 1 --declared-model 'NVIDIA H100 SXM5 80GB=1'
soon 20 '^beijing-1 +cores +96 +96 +0' ctl map --by site --measure declared
must_not_say '864' ctl map --by site --measure declared
soon 20 consistent node_line gpu-1
soon 10 'site_declared' ctl audit
told "beijing-1 declared 960 cores and has 96: shown beside, never added; a card of another model than declared left its node unproven until both were put right"
