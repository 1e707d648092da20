#!/bin/bash
# An audit: who changed what, who was refused, is the trail whole? Then somebody edits the trail on disk, and that is found.
# shellcheck source=tests/system/admin_day/day.sh
source "$(dirname "$0")/day.sh"
new_controller beijing-1 1101
start_controller
enlist beijing-1 a-1
must_say . ctl users add li --role operator --sites beijing-1
ctl users token create li --quiet >"$folder/li.token"
chmod 600 "$folder/li.token"
must_say . ctl --token-file "$folder/li.token" nodes drain a-1 --reason 'for the audit'
must_fail 5 . ctl --token-file "$folder/li.token" users add mallory --role admin
must_fail 5 . ctl --token-file "$folder/li.token" sites add theirs --region 11
soon 10 ' li .*a-1|a-1.* li |li' ctl audit --who li
soon 10 'refused' ctl audit --what refused
soon 10 ',service_ordered,|,node_service,' ctl audit --csv
soon 10 'whole|entries' ctl audit verify
mark=$(grep -oE '[0-9]+:[0-9a-f]{16,}' "$folder/said" | tail -1)
[ -n "$mark" ] || give_up "verify does not say how far the trail goes"
must_say . ctl users disable li
must_fail 5 . ctl --token-file "$folder/li.token" nodes undrain a-1
soon 10 . ctl audit verify --expect "$mark"
stop "$controller_pid"

# The database lets nobody change an entry; somebody with root takes that rule away first.
edit() { sqlite3 "$state/store.db" "$1" >"$folder/said" 2>&1; }
edit "update audit set who = 'nobody' where who = 'li'" && give_up "the database let an entry be changed"
for rule in $(sqlite3 "$state/store.db" "select name from sqlite_master where type = 'trigger' and tbl_name = 'audit'"); do
  edit "drop trigger $rule" || give_up "the rule stays"
done
edit "update audit set who = 'nobody' where rowid = (select min(rowid) from audit where who = 'li')" || give_up "the trail could not be edited"
start_controller
must_fail 1 . ctl audit verify
told "what li did and was refused is told by name; an entry that was edited on disk is found, and a mark kept elsewhere proves the rest"
