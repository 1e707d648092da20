#!/bin/bash
# Time from the agent's start to its node on the map, with hardware, over several starts; loopback, a temporary folder.
#   first_light.sh [STARTS [BUILD_FOLDER]]     default 5 starts, build/release
# The map is asked every few milliseconds, so the figure is an upper bound; the promise is 400 ms. Exit: 0 measured, 1 not measurable.
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly starts=${1:-5} build=${2:-build/release} promise_ms=400
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

for ((start = 0; start < starts; start++)); do
  began_us=$(date +%s%6N)
  "$build/capmap-agent" --state "$folder/agent" >"$folder/agent.log" 2>&1 &
  agent=$!
  for ((i = 0; i < 2000; i++)); do
    if curl -s "$url/v1/map" | grep -q '"fresh":1,.*"hardware_unknown":0[,}]'; then break; fi
  done
  took_ms=$((($(date +%s%6N) - began_us) / 1000))
  echo "on the map with its hardware after $took_ms ms, $((took_ms * 100 / promise_ms)) % of the promised $promise_ms ms"
  kill -TERM "$agent"
  wait "$agent" || true
  agent=''
done
