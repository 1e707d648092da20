#!/bin/bash
# The disk of the controller's state fills. Changes and joins are refused with the reason, the map goes on, doctor and an alert say what to do;
# with room again all goes on, and what was promised is there after a restart.
# shellcheck source=tests/system/admin_day/day.sh
source "$(dirname "$0")/day.sh"
mkdir "$folder/small"
mount -t tmpfs -o size=6m capmap-day "$folder/small" 2>/dev/null || { echo "$story: may not mount a small file system: left out"; exit 77; }
trap 'umount -l "$folder/small" || true; end_programs' EXIT
mkdir -m 700 "$folder/small/state"
ln -s "$folder/small/state" "$state"
new_controller beijing-1 1101
start_controller
enlist beijing-1 a-1 a-2
must_say . ctl sites add before --region 11

head -c 20M /dev/zero >"$folder/small/filler" 2>/dev/null || true
for ((i = 0, rc = 0; i < 200 && rc == 0; i++)); do ctl sites add "filling-$i" --region 11 >"$folder/said" 2>&1 || rc=$?; done
[ "$rc" != 0 ] || give_up "200 sites were taken on a full disk"
must_fail 1 'No space left' ctl sites add one-more --region 11
must_fail 3 'free space on its disk' ctl status
soon 10 '^total +2 +2 +2' ctl map --by site
soon 30 'alert.firing' ctl events --kind alert.firing
must_fail 1 'broken' ctl doctor

rm "$folder/small/filler"
soon 30 'ready' ctl status
must_say . ctl sites add after --region 11
stop "$controller_pid" KILL
start_controller
soon 10 ' before ' ctl sites list
soon 10 ' after ' ctl sites list
must_say . ctl store check
soon 60 '^total +2 +2 +2' ctl map --by site
told "on a full disk changes were refused with the reason and both nodes stayed fresh; with room again all went on, and nothing promised was lost"
