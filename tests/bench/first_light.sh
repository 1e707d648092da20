#!/bin/bash
# Time from the agent's start to its node on the map, with hardware, over several starts; loopback, a temporary folder.
#   first_light.sh [STARTS [BUILD_FOLDER]]     default 5 starts, build/release
# The map is asked every few milliseconds and is published every 100 ms at most, so the figures are upper bounds; the promises are 100 ms
# for the first message and 400 ms for the hardware. Exit: 0 measured, 1 not measurable.
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly starts=${1:-5} build=${2:-build/release} promise_ms=400 first_promise_ms=100
folder=$(mktemp -d "${TMPDIR:-/tmp}/capmap-bench.XXXXXX")
controller='' agent=''
finish() {
  trap - EXIT INT TERM
  for pid in $agent $controller; do
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$folder"
}
trap finish EXIT
trap 'finish; exit 1' INT TERM

base=$((20000 + RANDOM % 10000))
url=http://127.0.0.1:$base
export CAPMAP_CATALOG=$PWD/schemas/catalog
"$build/capmapctl" init --state "$folder/controller" --site bench --region 11 >/dev/null
"$build/capmap-controller" --state "$folder/controller" --http-port $base --messages-address 127.0.0.1 --messages-port $((base + 1)) \
  --enrol-port $((base + 2)) --advertise-host 127.0.0.1 >"$folder/controller.log" 2>&1 &
controller=$!
for ((i = 0; i < 200; i++)); do
  if curl -sf "$url/healthz" >/dev/null; then break; fi
  sleep 0.05
done
token=$("$build/capmapctl" --url "$url" --state "$folder/controller" token create --site bench --uses 1 --quiet)
"$build/capmap-agent" join "$token" --state "$folder/agent" >/dev/null

# Milliseconds from a time in microseconds until the map's text matches a pattern.
ms_until() {
  for ((i = 0; i < 2000; i++)); do
    if curl -s "$url/v1/map" | grep -q "$1"; then break; fi
  done
  echo $((($(date +%s%6N) - $2) / 1000))
}

for ((start = 0; start < starts; start++)); do
  began_us=$(date +%s%6N)
  "$build/capmap-agent" --state "$folder/agent" >"$folder/agent.log" 2>&1 &
  agent=$!
  first_ms=$(ms_until '"fresh":1,' "$began_us")
  whole_ms=$(ms_until '"fresh":1,.*"hardware_unknown":0[,}]' "$began_us")
  echo "first message seen after $first_ms ms ($((first_ms * 100 / first_promise_ms)) % of $first_promise_ms)," \
    "on the map with its hardware after $whole_ms ms ($((whole_ms * 100 / promise_ms)) % of $promise_ms)"
  kill -TERM "$agent"
  wait "$agent" || true
  agent=''
done
