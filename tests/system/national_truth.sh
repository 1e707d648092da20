#!/bin/bash
# The national fleet against one controller: servers by child controllers' batches and by agents of their own under faults; at a quiet point
# every figure of /v1/map, down to each cell (site, pool, hardware, liveness, service state, verdict), is what the fleet says is true, summed
# by a script; and who must not be counted is not, with the reason.
#   national_truth.sh [BUILD_FOLDER [children|agents]]     short: 40,000 nodes by batches, 400 by agents
#   CAPMAP_FULL=1: 1,000,000 by batches, 10,000 by agents (about 10 minutes; needs 20,000 descriptors)
# Exit: 0 equal, 1 not.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
readonly build=${1:-build/release} only=${2:-both}
if [ "${CAPMAP_FULL:-0}" = 1 ]; then
  readonly batches=1000000 agents=10000 a_process=5000 interval_ms=20000 quiet_s=60 limit_s=900
else
  readonly batches=40000 agents=400 a_process=400 interval_ms=1000 quiet_s=10 limit_s=240
fi
ulimit -n "$(ulimit -Hn)"
source tests/support/programs.sh
own_folder capmap-national
start() { # NAME COMMAND…
  local name=$1
  shift
  "$@" </dev/null >"$folder/$name.log" 2>&1 &
  pids+=($!)
}

# One deployment: controller, sites and tokens, fleets that write their truth, comparison.
compare() { # NAME NODES children|agents
  local name=$1 nodes=$2 kind=$3 more=() http messages enrol part=0 first fleet=$build/tests/fleet/capmap-fleet log
  http=$(free_port) messages=$(free_port) enrol=$(free_port)
  mkdir "$folder/$name.truth"
  "$build/capmapctl" init --state "$folder/$name" --site here --region 11 >/dev/null
  start "$name.controller" "$build/capmap-controller" --state "$folder/$name" --catalog schemas/catalog --interval-ms "$interval_ms" \
    --http-address 127.0.0.1 --http-port "$http" --messages-address 127.0.0.1 --messages-port "$messages" --enrol-port "$enrol" \
    --advertise-host 127.0.0.1
  for ((i = 0; i < 200; i++)); do curl -sf -o /dev/null "http://127.0.0.1:$http/healthz" && break; sleep 0.1; done
  "$fleet" --preset national --nodes "$nodes" --print-sites >"$folder/$name.sites"
  local made=(tests/fleet/make_sites.py "$folder/$name.sites" "$folder/$name.tokens" --url "http://127.0.0.1:$http"
    --admin-token "$folder/$name/admin.token")
  if [ "$kind" = children ]; then
    "${made[@]}" --children
    start "$name.fleet.0" "$fleet" --preset national --nodes "$nodes" --children "$folder/$name.tokens" --quiet-after "$quiet_s" \
      --truth "$folder/$name.truth" --child-churn 20 --child-restart "$((quiet_s / 2))" --loss 20 --duplicate 20
    part=1
  else
    "${made[@]}"
    for ((first = 0; first < nodes; first += a_process, part++)); do
      start "$name.fleet.$part" "$fleet" --preset national --nodes "$nodes" --sites "$folder/$name.tokens" --first "$first" \
        --agents "$((nodes - first < a_process ? nodes - first : a_process))" --exact --quiet-after "$quiet_s" --truth "$folder/$name.truth" \
        --loss 20 --duplicate 20 --delay 200 --churn 5 --floods 1 --clones 2 --replays 2 --liars 2 --shape-liars 3 --flippers 2 --futures 2
    done
    for ((i = 0; i < limit_s; i++)); do
      [ "$(grep -l '^joined' "$folder/$name".fleet.*.log 2>/dev/null | wc -l)" = "$part" ] && break
      sleep 0.5
    done
    tests/fleet/make_orders.py "$folder/$name.truth" --url "http://127.0.0.1:$http" --admin-token "$folder/$name/admin.token"
    more=(--reasons)
  fi
  for ((i = 0; i < limit_s; i++)); do
    [ "$(grep -l '^quiet' "$folder/$name".fleet.*.log 2>/dev/null | wc -l)" = "$part" ] && break
    sleep 1
  done
  grep -h '^at full scale\|^national' "$folder/$name.fleet.0.log"
  for log in "$folder/$name".fleet.*.log; do
    grep -q '^quiet' "$log" || { echo "national_truth: no quiet point after $limit_s s:"; tail -3 "$log"; exit 1; }
  done
  sleep 2
  tests/fleet/sum_truth.py "$folder/$name.truth" --url "http://127.0.0.1:$http" "${more[@]}" | tail -40
  # One site in twenty declares more than it has: the map finds these, and no other.
  [ "$kind" != children ] || tests/fleet/overstate.py "$folder/$name.truth" --url "http://127.0.0.1:$http" --ctl "$build/capmapctl" \
    --state "$folder/$name"
}

if [ "$only" != agents ]; then
  compare batches "$batches" children
  for pid in "${pids[@]}"; do kill -TERM "$pid"; done
  for pid in "${pids[@]}"; do wait "$pid" || true; done
  pids=()
fi
[ "$only" = children ] || compare agents "$agents" agents
