#!/bin/bash
# A restore: the database is damaged. The controller refuses to start and says what to do; last night's backup is put in its place, agents come
# back by the keys they have, and a key that was revoked after the backup stays out.
# shellcheck source=tests/system/admin_day/day.sh
source "$(dirname "$0")/day.sh"
new_controller beijing-1 1101
start_controller
enlist beijing-1 a-1 a-2 stolen
must_say . ctl sites add before --region 11
must_say '3 nodes' ctl backup "$folder/night.db"
must_fail 5 night.db ctl backup "$folder/night.db"
must_say . ctl sites add after --region 11
thief=$(node_id stolen)
must_say . ctl keys revoke stolen --reason 'stolen disk'
must_fail 1 'its controller runs' ctl restore "$folder/night.db"
stop "$controller_pid"

head -c 60000 /dev/urandom >"$state/store.db"
rm -f "$state/store.db-wal" "$state/store.db-shm"
must_fail 1 'capmapctl restore' "$build/capmap-controller" --state "$state" --http-port "$http" --messages-port "$messages" \
  --enrol-port "$enrol" --messages-next-port "$next"
must_fail 1 . ctl store check
must_fail 4 'none.db' ctl restore "$folder/none.db"
must_say . ctl store check "$folder/night.db"
must_say . ctl restore "$folder/night.db"
start_controller
soon 10 ' before ' ctl sites list
must_not_say ' after ' ctl sites list
soon 60 '^total +2 +2 +2' ctl map --by site
must_not_say "$thief" ctl nodes --liveness fresh
must_say "$thief" ctl keys list
must_say . ctl store check
told "a damaged database was replaced by a backup; 2 nodes came back by themselves, the stolen key stayed out, what was added after the backup is gone"
