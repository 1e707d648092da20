#!/bin/bash
# kill -9 of a controller at random moments under load: 300 agents whose readings never stand still, joins, and an admin who makes sites,
# pools and tokens, orders nodes in and out of service and removes some. After each kill all that was promised is there, nobody is declared
# lost, readings are back one interval after their agents, and 200 agents that stand still are on the map to the last figure; at the end the
# others too.
#   kill_truth.sh [BUILD_FOLDER]     5 kills; CAPMAP_FULL=1: 100. CAPMAP_SEED repeats a run.
# Exit: 0 all held, 1 not.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
readonly build=${1:-build/release} quiet=200 moving=300 interval_ms=1000 seed=${CAPMAP_SEED:-$RANDOM}
readonly fleet=$build/tests/fleet/capmap-fleet
kills=5
[ "${CAPMAP_FULL:-0}" = 1 ] && kills=100
echo "seed $seed"
RANDOM=$seed
folder=$(mktemp -d "${TMPDIR:-/tmp}/capmap-kill.XXXXXX")
pids=() controller=0 maker=0
finish() {
  local pid
  for pid in "${pids[@]}" "$maker" "$controller"; do [ "$pid" = 0 ] || kill -KILL "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap finish EXIT
source tests/support/programs.sh
http=$(free_port) messages=$(free_port) enrol=$(free_port)
url=http://127.0.0.1:$http
ctl=("$build/capmapctl" --url "$url" --state "$folder/state")
promises() { # make|check
  tests/system/promises.py "$1" "$folder/journal" --url "$url" --admin-token "$folder/state/admin.token" --fleet "$fleet" --seed "$RANDOM"
}
fail() { echo "kill_truth: $*"; tail -3 "$folder/controller.log"; exit 1; }
start_controller() {
  "$build/capmap-controller" --state "$folder/state" --catalog schemas/catalog --interval-ms "$interval_ms" --http-address 127.0.0.1 \
    --http-port "$http" --messages-address 127.0.0.1 --messages-port "$messages" --enrol-port "$enrol" --advertise-host 127.0.0.1 \
    </dev/null >>"$folder/controller.log" 2>&1 &
  controller=$!
  for ((i = 0; i < 200; i++)); do curl -sf -o /dev/null "$url/healthz" && return; sleep 0.05; done
  fail "the controller did not come back"
}
wait_for() { # FILE LINE
  for ((i = 0; i < 180; i++)); do grep -q "^$2" "$1" && return; sleep 0.5; done
  cat "$1"
  fail "no \"$2\" in $1"
}
# "fresh lost use_unknown" of all agents of the two fleets.
seen() {
  curl -sf -G "$url/v1/map" --data-urlencode 'filter=site != "joins"' |
    jq -r '.total | "\(.nodes.fresh) \(.nodes.lost) \(.cpu.use_unknown_nodes)"'
}

"$build/capmapctl" init --state "$folder/state" --site here --region 11 >/dev/null
start_controller
"$fleet" --preset national --nodes "$quiet" --seed "$seed" --print-sites >"$folder/sites"
tests/fleet/make_sites.py "$folder/sites" "$folder/tokens" --url "$url" --admin-token "$folder/state/admin.token"
"${ctl[@]}" sites add lab --region 110108 --compute-class general >/dev/null
"${ctl[@]}" sites add joins --region 11 >/dev/null
mkdir "$folder/quiet" "$folder/moving"
"$fleet" --preset national --sites "$folder/tokens" --agents "$quiet" --exact --quiet-after 1 --truth "$folder/quiet" --seed "$seed" \
  </dev/null >"$folder/quiet.log" 2>&1 &
pids+=($!)
"$fleet" --join "$("${ctl[@]}" token create --site lab --uses "$moving" --quiet)" --agents "$moving" --exact --truth "$folder/moving" \
  --seed "$seed" </dev/null >"$folder/moving.log" 2>&1 &
pids+=($!)
wait_for "$folder/quiet.log" quiet
only_quiet=(--filter 'site prefix "dc-" or site prefix "ai-"')
tests/fleet/sum_truth.py "$folder/quiet" --url "$url" "${only_quiet[@]}"
touch "$folder/journal"

for ((round = 1; round <= kills; round++)); do
  promises make &
  maker=$!
  sleep "$((1 + RANDOM % 3)).$((RANDOM % 10))"
  kill -KILL "$controller"
  wait "$controller" 2>/dev/null || true
  kill -TERM "$maker" 2>/dev/null || true
  wait "$maker" 2>/dev/null || true
  maker=0
  start_controller
  for ((i = 0, fresh = 0, lost = 0, unknown = 0; i < 600; i++)); do
    read -r fresh lost unknown < <(seen) || true
    [ "${lost:-0}" = 0 ] || fail "$lost nodes were declared lost after kill $round"
    [ "${fresh:-0}" = "$((quiet + moving))" ] && break
    sleep 0.1
  done
  [ "$fresh" = "$((quiet + moving))" ] || fail "only $fresh of $((quiet + moving)) came back after kill $round"
  # One interval, and the time a view and this look take.
  for ((i = 0; i < 15 && unknown > 0; i++)); do
    sleep 0.1
    read -r fresh lost unknown < <(seen) || true
  done
  [ "$unknown" = 0 ] || fail "$unknown nodes had not told their use one interval after they were back, after kill $round"
  promises check >"$folder/checked" || { cat "$folder/checked"; fail "a promise was broken by kill $round"; }
  tests/fleet/sum_truth.py "$folder/quiet" --url "$url" "${only_quiet[@]}" --by site \
    --by site,pool,hardware,liveness,service_state,verdict >"$folder/compared" || { cat "$folder/compared"; fail "after kill $round"; }
done
tail -1 "$folder/checked"
kill -USR1 "${pids[1]}"
wait_for "$folder/moving.log" quiet
sleep 1
tests/fleet/sum_truth.py "$folder/quiet" --url "$url" "${only_quiet[@]}"
tests/fleet/sum_truth.py "$folder/moving" --url "$url" --filter 'site = "lab"'
echo "kill_truth: $kills kills, all promises kept, no false death, the map true each time"
