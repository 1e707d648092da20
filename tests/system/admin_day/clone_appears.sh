#!/bin/bash
# A clone appears: somebody copies the disk of a server, key and all, to another machine. Neither is counted until the admin says which one
# is the node; the copy then joins as a server of its own.
# shellcheck source=tests/system/admin_day/day.sh
source "$(dirname "$0")/day.sh"
new_controller beijing-1 1101
start_controller
enlist beijing-1 db-1
node=$(node_id db-1)
cp -a "$folder/db-1.agent" "$folder/db-1-copy.agent"
machine db-1-copy
start_agent db-1-copy
soon 60 "$node" ctl nodes clones
found_s=$took_s
soon 20 '^total +0' ctl map --by site
must_say 'clone' ctl contradictions
soon 20 clone.found ctl events --kind clone.found
soon 20 'alert.firing' ctl events --kind alert.firing
soon 10 'settle' ctl nodes clones

# The admin stops the copy, and looks which run still speaks.
stop "${agents[db-1-copy]}"
must_fail 2 keep ctl nodes clones settle "$node"
sleep 1  # what the copy said last is on the map by then: it shall not be taken for the one that still speaks
last_heard() { ctl --json nodes clones | jq -r '.clones[0].runs[] | "\(.run) \(.last_heard)"' | sort; }
last_heard >"$folder/before"
for ((i = 0; i < 100; i++)); do
  last_heard >"$folder/after"
  run=$(comm -13 "$folder/before" "$folder/after" | cut -d' ' -f1)
  [ -z "$run" ] || break
  sleep 0.2
done
[ -n "$run" ] || give_up "no run speaks any more"
soon 10 . ctl nodes clones settle "$node" --keep "$run"
soon 90 '^total +1 +1 +1' ctl map --by site
must_not_say "$node" ctl nodes clones

# The copy joins anew, with a key of its own.
token=$(ctl token create --site beijing-1 --quiet)
must_say . agent_program db-1-copy join --new-key "$token"
start_agent db-1-copy
soon 30 '^total +2 +2 +2' ctl map --by site
[ "$(node_id db-1)" = "$node" ] || give_up "db-1 is another node now"
soon 10 'clone_settled' ctl audit
told "the copy of db-1 was found $found_s s after it started; neither was counted until the admin kept one; the other joined with its own key"
