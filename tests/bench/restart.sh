#!/bin/bash
# How long a controller with NODES known nodes takes from its start to a readable map (/v1/map lists them all), its files in the page cache
# and not; beside sqlite3 reading the same table once, where it is installed. Writes build/bench.restart.json.
#   restart.sh [NODES [BUILD_FOLDER [RUNS]]]     default 1000000, build/release, 5
# Exit: 0 measured, 1 not measurable, 2 wrong use.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
readonly nodes=${1:-1000000} build=${2:-build/release} runs=${3:-5}
[[ $nodes =~ ^[0-9]+$ && $runs =~ ^[1-9][0-9]*$ ]] || { sed -n '2,4p' "$0" >&2; exit 2; }
folder=$(mktemp -d "${TMPDIR:-/var/tmp}/capmap-restart.XXXXXX") # on a disk: what is read is part of it
server=0
finish() {
  [ "$server" = 0 ] || kill -TERM "$server" 2>/dev/null || true
  [ "$server" = 0 ] || wait "$server" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
source tests/support/programs.sh
http=$(free_port) messages=$(free_port) enrol=$(free_port)
"$build/capmapctl" --url "http://127.0.0.1:$http" --state "$folder" init --site bench --region 11 >/dev/null
"$build/capmap_bench_store" "$folder" "$nodes"
store_mb=$(($(stat -c %s "$folder/store.db") / 1000000))

# Seconds until the map lists all nodes.
once() {
  local began known=0 tries
  began=$(date +%s%3N)
  "$build/capmap-controller" --state "$folder" --catalog schemas/catalog --http-address 127.0.0.1 --http-port "$http" \
    --messages-address 127.0.0.1 --messages-port "$messages" --enrol-port "$enrol" --advertise-host 127.0.0.1 >"$folder/log" 2>&1 &
  server=$!
  for ((tries = 0; tries < 3000 && known < nodes; tries++)); do
    known=$(curl -sf "http://127.0.0.1:$http/v1/map?measure=nodes" | jq .total.nodes.installed 2>/dev/null || echo 0)
    known=${known:-0}
    kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
    sleep 0.02
  done
  ((known >= nodes)) || { echo "restart: $known of $nodes nodes after $tries tries" >&2; exit 1; }
  took_ms=$(($(date +%s%3N) - began))
  kill -TERM "$server"
  wait "$server" || true
  server=0
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
warm=() cold=()
for ((i = 0; i < runs; i++)); do once; warm+=("$took_ms"); done
if sync && echo 3 2>/dev/null >/proc/sys/vm/drop_caches; then once; cold+=("$took_ms"); fi
warm_ms=$(printf '%s\n' "${warm[@]}" | median)
reference=null ratio=null
if command -v sqlite3 >/dev/null; then
  began=$(date +%s%3N)
  sqlite3 "file:$folder/store.db?mode=ro" "select sum(length(id) + length(public_key) + length(site) + length(hostname)) from nodes" >/dev/null
  reference=$(awk -v ms=$(($(date +%s%3N) - began)) 'BEGIN { print ms / 1000 }')
  ratio=$(awk -v a="$warm_ms" -v b="$reference" 'BEGIN { print a / 1000 / b }')
fi
echo "restart: $nodes nodes, store ${store_mb} MB: ${warm[*]} ms (median $warm_ms), files not cached ${cold[*]:-not tried} ms, sqlite3 reading the table $reference s"
mkdir -p build
jq -n --argjson s "$(awk -v ms="$warm_ms" 'BEGIN { print ms / 1000 }')" --argjson r "$reference" --argjson x "$ratio" --argjson mb "$store_mb" \
  '[{name: "restart.s_1m", value: $s, unit: "s", reference: $r, ratio: $x, target: 3},
    {name: "restart.store_mb", value: $mb, unit: "MB", reference: null, ratio: null, target: null}]' >build/bench.restart.json
