#!/bin/bash
# A new region: a province lists its prefectures, its operators hand in their sites as a table, an operator of that province alone gets a user, and
# its first servers join with tokens of their site. Everybody else sees the region grow; the province sees itself alone.
# shellcheck source=tests/system/admin_day/day.sh
source "$(dirname "$0")/day.sh"
new_controller beijing-1 1101
start_controller
enlist beijing-1 bj-1
printf 'code,name\n5201,Guiyang\n5203,Zunyi\n520115,Guanshanhu\n' >"$folder/list.csv"
must_say 'adds|added|new' ctl regions import "$folder/list.csv" --year 2024 --dry-run
must_say 'in force' ctl regions import "$folder/list.csv" --year 2024 --yes
printf 'name,region,owner_class,compute_class,declared.nodes\nguiyang-1,520115,government,general,2\nzunyi-1,5203,private,edge,1\nno-such,5299,private,edge,1\n' \
  >"$folder/sites.csv"
must_fail 1 'sites.csv:4' ctl sites import "$folder/sites.csv" --yes
sed -i '$d' "$folder/sites.csv"
must_say 'sites +2 added' ctl sites import "$folder/sites.csv" --dry-run
must_not_say guiyang-1 ctl sites list
must_say 'done' ctl sites import "$folder/sites.csv" --yes
soon 10 '^ *5201.*Guiyang' ctl regions
must_say . ctl users add wang --role operator --regions 52
ctl users token create wang --label console --quiet >"$folder/wang.token"
chmod 600 "$folder/wang.token"
wang() { ctl --token-file "$folder/wang.token" "$@"; }
must_say . ctl pools add racks --site guiyang-1
token=$(ctl token create --site guiyang-1 --pool racks --uses 2 --expires 1h --quiet)
for name in gy-1 gy-2; do
  machine "$name"
  must_say . agent_program "$name" join "$token"
  start_agent "$name"
done
machine gy-3
must_fail 1 'token' agent_program gy-3 join "$token"
soon 30 '^52 +2 +2 +2' ctl map --by region_2
soon 10 '^total +3 +3 +3' ctl map --by region_2
soon 10 '^total +2 +2 +2' wang map --by region_2
must_not_say 'bj-1' wang nodes
must_fail 4 'no node' wang nodes drain bj-1
must_say . wang nodes drain gy-2 --reason 'cabling'
must_say 'zunyi-1' ctl nodes absent
soon 10 '^guiyang-1 +nodes +2 +2 +0' ctl map --by site --measure declared
told "region 52 came in: 2 sites from a table, 2 servers by one token (a third was refused), an operator who sees and changes that region alone"
