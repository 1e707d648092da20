#!/bin/bash
# A node is swapped: its board dies. It is put in maintenance, another machine takes its name and its place, and the old one is retired and
# forgotten; no total counts both.
# shellcheck source=tests/system/admin_day/day.sh
source "$(dirname "$0")/day.sh"
new_controller beijing-1 1101
start_controller
enlist beijing-1 web-1 web-2
old=$(node_id web-1)
must_say . ctl nodes maintenance web-1 --reason 'board is dead'
soon 10 '^total +2 +1 +2' ctl map --by site
stop "${agents[web-1]}"
soon 10 'maintenance' ctl nodes show "$old"

# The new machine has more memory, a state folder of its own, and the old one's name.
must_say . ctl nodes retire "$old" --reason 'swapped'
soon 10 '^total +1 +1 +1' ctl map --by site
rm -rf "$folder/web-1.root" "$folder/web-1.agent"
machine web-1 'node_mib 131072'
enlist beijing-1 web-1
new=$(ctl nodes --liveness fresh -o csv | grep -E '(^|,)web-1(,|$)' | grep -oE 'n-[a-z2-7]{26}')
[ "$old" != "$new" ] || give_up "the new machine has the old one's id"
soon 10 '^total +2 +2 +2' ctl map --by site
soon 10 '256' ctl nodes show "$new"
# Two nodes of one name: it alone says nothing, and the answer says how to go on.
must_fail 1 "$old" ctl nodes show web-1
# Who may only look removes nothing.
must_say . ctl users add looker --role viewer
ctl users token create looker --quiet >"$folder/looker.token"
chmod 600 "$folder/looker.token"
must_fail 5 . ctl --token-file "$folder/looker.token" nodes remove "$old" --yes
must_say . ctl nodes remove "$old" --yes
soon 10 "$new" ctl nodes show web-1
soon 10 'joined' ctl history events --node "$new"
told "web-1 was swapped for a machine with twice the memory; the old id is forgotten, the new one counts, the total was never more than two"
