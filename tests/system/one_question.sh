#!/bin/bash
# "Which region has the most free FP16 in servers with 8 accelerators and RDMA?", asked as the handbook says, by capmapctl, by SQL and by curl, of
# a small national fleet that stands still: the same answer three times. SQL sums over single nodes, the two
# others over the map's groups.
#   one_question.sh [BUILD_FOLDER]     default build/release; CAPMAP_NODES=600 servers
# Exit: 0 so, 1 not, 77 not root: left out.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build/release}")
readonly build nodes=${CAPMAP_NODES:-600}
source tests/support/own_machine.sh "$@"
readonly url=http://127.0.0.1:8470 state=/var/lib/capmap-controller
give_up() { echo "one_question: $*"; tail -n 5 "$folder"/*.log; exit 1; }
capmapctl init --site here --region 11 >/dev/null
capmap-controller --interval-ms 1000 --advertise-host 127.0.0.1 </dev/null >"$folder/controller.log" 2>&1 &
pids+=($!)
for ((i = 0; i < 200; i++)); do capmapctl status >/dev/null 2>&1 && break; sleep 0.1; done
capmap-fleet --preset national --nodes "$nodes" --print-sites >"$folder/sites"
tests/fleet/make_sites.py "$folder/sites" "$folder/tokens" --url "$url" --admin-token "$state/admin.token"
capmap-fleet --preset national --nodes "$nodes" --sites "$folder/tokens" --agents "$nodes" --exact --quiet-after 3 \
  </dev/null >"$folder/fleet.log" 2>&1 &
pids+=($!)
for ((i = 0; i < 600; i++)); do
  if grep -q '^quiet' "$folder/fleet.log" || ! kill -0 "${pids[-1]}"; then break; fi
  sleep 0.5
done
grep -q '^quiet' "$folder/fleet.log" || give_up "the fleet does not come to rest"
sleep 2

# The commands as the handbook has them, in a folder of the admin's.
desk=$folder/desk here=$PWD
mkdir "$desk"
mkdir "$folder/blocks"
tests/system/handbook_blocks.py extract packaging/doc/handbook.md "$folder/blocks" 'One question, three ways'
ways=("$folder"/blocks/*.sh)
[ "${#ways[@]}" = 3 ] || give_up "the handbook does not ask in three ways"
cd "$desk"
for way in 01 02 03; do
  # shellcheck source=/dev/null
  source "$folder/blocks/$way.sh" >"$folder/answer.$way" || give_up "the handbook's way $way fails"
done
cd "$here"
# CSV has a line of titles: the answer is the last line. Tabs and commas are alike.
answer() { tail -n 1 "$folder/answer.$1" | tr -d '\r' | tr '\t' ','; }
by_ctl=$(answer 01) by_sql=$(answer 02) by_curl=$(answer 03)
for said in "$by_ctl" "$by_sql" "$by_curl"; do
  [[ $said =~ ^[0-9]{2},[1-9][0-9]+$ ]] || give_up "no region and no sum in \"$said\""
  [ "$said" = "$by_ctl" ] || give_up "capmapctl: $by_ctl, SQL: $by_sql, curl: $by_curl"
done
# How many servers the two conditions leave.
asked=$(capmapctl sql --csv "select count(*) from nodes where available and accelerators = 8" | tail -n 1 | tr -d '\r')
kept=$(capmapctl sql --csv "select count(distinct node) from devices where part = 'nic' and rdma and available
  and node in (select id from nodes where accelerators = 8)" | tail -n 1 | tr -d '\r')
echo "one_question: region ${by_ctl%,*} with $(awk -v m="${by_ctl#*,}" 'BEGIN { printf "%.1f", m / 1e9 }') PFLOP/s free, by capmapctl, SQL and curl" \
  "alike; of $nodes servers $asked have 8 accelerators, $kept of them RDMA"
