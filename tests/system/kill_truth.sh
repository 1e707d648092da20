#!/bin/bash
# kill -9 of a controller at random moments under a fleet that goes on: what was acknowledged as durable is there afterwards, nobody is
# declared lost, and the map is true again after each agent has spoken.
#   kill_truth.sh [BUILD_FOLDER]     5 kills; CAPMAP_FULL=1: 100. CAPMAP_SEED repeats a run.
# Exit: 0 all held, 1 not.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
readonly build=${1:-build/release} agents=200 interval_ms=1000 seed=${CAPMAP_SEED:-$RANDOM}
kills=5
[ "${CAPMAP_FULL:-0}" = 1 ] && kills=100
echo "seed $seed"
RANDOM=$seed
folder=$(mktemp -d "${TMPDIR:-/tmp}/capmap-kill.XXXXXX")
pids=() controller=0
finish() {
  local pid
  for pid in "${pids[@]}" "$controller"; do [ "$pid" = 0 ] || kill -KILL "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap finish EXIT
source tests/support/ports.sh
http=$(free_port) messages=$(free_port) enrol=$(free_port)
url=http://127.0.0.1:$http
ctl=("$build/capmapctl" --url "$url" --state "$folder/state")
start_controller() {
  "$build/capmap-controller" --state "$folder/state" --catalog schemas/catalog --interval-ms "$interval_ms" --http-address 127.0.0.1 \
    --http-port "$http" --messages-address 127.0.0.1 --messages-port "$messages" --enrol-port "$enrol" --advertise-host 127.0.0.1 \
    </dev/null >>"$folder/controller.log" 2>&1 &
  controller=$!
  for ((i = 0; i < 200; i++)); do curl -sf -o /dev/null "$url/healthz" && return; sleep 0.05; done
  echo "kill_truth: the controller did not come back" && tail -5 "$folder/controller.log"
  exit 1
}

"$build/capmapctl" init --state "$folder/state" --site here --region 11 >/dev/null
start_controller
"$build/tests/fleet/capmap-fleet" --preset national --nodes "$agents" --seed "$seed" --print-sites >"$folder/sites"
tests/fleet/make_sites.py "$folder/sites" "$folder/tokens" --url "$url" --admin-token "$folder/state/admin.token"
mkdir "$folder/truth"
"$build/tests/fleet/capmap-fleet" --preset national --sites "$folder/tokens" --agents "$agents" --exact --quiet-after 1 --truth "$folder/truth" \
  --seed "$seed" </dev/null >"$folder/fleet.log" 2>&1 &
pids+=($!)
for ((i = 0; i < 120; i++)); do
  grep -q '^quiet' "$folder/fleet.log" && break
  kill -0 "${pids[0]}" 2>/dev/null || { cat "$folder/fleet.log"; exit 1; }
  sleep 1
done
tests/fleet/sum_truth.py "$folder/truth" --url "$url" --by '' --by site

promised=0
for ((round = 1; round <= kills; round++)); do
  # Sites are made while the controller is about to die: each that was answered must be there.
  (while :; do
    name=kept-$round-$((RANDOM * 32768 + RANDOM))
    "${ctl[@]}" sites add "$name" --region 11 >/dev/null 2>&1 && echo "$name" >>"$folder/promised"
  done) &
  maker=$!
  sleep "$((RANDOM % 3)).$((RANDOM % 10))"
  kill -KILL "$controller"
  wait "$controller" 2>/dev/null || true
  kill -TERM "$maker" 2>/dev/null || true
  wait "$maker" 2>/dev/null || true
  start_controller
  for ((i = 0, fresh = 0, lost = 0; i < 600; i++)); do
    read -r fresh lost < <(curl -sf "$url/v1/map?measure=nodes" | jq -r '"\(.total.nodes.fresh // 0) \(.total.nodes.lost // 0)"') || true
    [ "${lost:-0}" = 0 ] || { echo "kill_truth: $lost nodes were declared lost after kill $round"; exit 1; }
    [ "${fresh:-0}" = "$agents" ] && break
    sleep 0.1
  done
  [ "$fresh" = "$agents" ] || { echo "kill_truth: only $fresh of $agents came back after kill $round"; exit 1; }
  "${ctl[@]}" --json sites list >"$folder/there"
  touch "$folder/promised"
  promised=$(wc -l <"$folder/promised")
  while read -r name; do
    grep -q "\"$name\"" "$folder/there" || { echo "kill_truth: site $name was promised and is gone after kill $round"; exit 1; }
  done <"$folder/promised"
  # One interval more for the last full usage.
  sleep 1.5
  tests/fleet/sum_truth.py "$folder/truth" --url "$url" --by region_2 | tail -1
done
echo "kill_truth: $kills kills, $promised promised sites all there, no false death, the map true each time"
