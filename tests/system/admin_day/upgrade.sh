#!/bin/bash
# An upgrade: a backup, the programs stopped, swapped and started again; controller first, then agents. Sites, nodes, ids, users and orders are
# kept, nobody is lost, and the list of versions tells how far it is. The programs are put where packages put them, below a folder of ours.
# shellcheck source=tests/system/admin_day/day.sh
source "$(dirname "$0")/day.sh"
mkdir -p "$folder/opt/share"
install -m 755 "$build/capmap-controller" "$build/capmap-agent" "$build/capmap-probe" "$build/capmapctl" "$folder/opt/"
controller=$folder/opt/capmap-controller agent=$folder/opt/capmap-agent
new_controller beijing-1 1101
start_controller
must_say . ctl sites add shanghai-1 --region 3101
must_say . ctl users add li --role operator --regions 31
enlist beijing-1 a-1 a-2
enlist shanghai-1 b-1
must_say . ctl nodes drain a-2 --reason 'fan'
before=$(ctl nodes -o csv | grep -oE 'n-[a-z2-7]{26}' | sort)
soon 10 '^total +3 +2 +3' ctl map --by site
must_say . ctl backup "$folder/before-upgrade.db"
must_say . ctl store check "$folder/before-upgrade.db"

# The new programs: the same sources; what counts is that running ones are replaced by files of another inode while the state stays.
stop "$controller_pid"
install -m 755 "$build/capmap-controller" "$folder/opt/capmap-controller"
began=$(date +%s%3N)
start_controller
readable_ms=$(($(date +%s%3N) - began))
soon 60 '^total +3 +2 +3' ctl map --by site
must_not_say 'node.lost' ctl events
for name in a-1 a-2 b-1; do
  stop "${agents[$name]}"
  install -m 755 "$build/capmap-agent" "$build/capmap-probe" "$folder/opt/"
  start_agent "$name"
  soon 30 fresh node_line "$name"
done
soon 30 '^total +3 +2 +3' ctl map --by site
[ "$(ctl nodes -o csv | grep -oE 'n-[a-z2-7]{26}' | sort)" = "$before" ] || give_up "the ids of nodes are others now"
soon 10 'fan' ctl nodes show a-2
must_say '^li +operator' ctl users list
version=$("$folder/opt/capmap-agent" --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+')
must_say "$version.* 3" ctl nodes versions
soon 10 . ctl audit verify
told "the controller was readable $readable_ms ms after its start; 3 nodes kept ids, order and site, none was lost, all run $version"
