#!/bin/bash
# Runs every bench, merges what they wrote (build/bench.*.json) into build/bench.json, and prints one table.
#   all.sh [BUILD_FOLDER]     default build/release; some 50 minutes. CAPMAP_BENCH_FULL=0 leaves out 20,000,000 nodes and 19,000 agents.
# A bench that cannot run here is said, and so is each figure of the design that none of them measured; a target missed is no failure here.
# Exit: 0 all ran, 1 one did not.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
readonly build=${1:-build/release}
export CAPMAP_BENCH_FULL=${CAPMAP_BENCH_FULL:-1}
command -v jq >/dev/null || { echo "bench: jq is not installed (Debian: jq)"; exit 1; }
mkdir -p build
rm -f build/bench.json build/bench.*.json
missing=()
scratch=$(mktemp -d "${TMPDIR:-/tmp}/capmap-bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
measure() { # NAME COMMAND…
  local name=$1
  shift
  [ -x "$1" ] || { missing+=("$name: $1 is not there"); return 0; }
  echo "== $name"
  "$@" || missing+=("$name: ended with $?")
}
measure map "$build/tests/bench/capmap_bench_map" 1000000 --json build/bench.map.json
[ "$CAPMAP_BENCH_FULL" = 0 ] || measure map_20m "$build/tests/bench/capmap_bench_map" 20000000 --json build/bench.map.json
measure batch "$build/tests/bench/capmap_bench_batch" --json build/bench.batch.json
measure history "$build/tests/bench/capmap_bench_history_samples" --json build/bench.history.json
measure sql "$build/tests/bench/capmap_bench_sql" 1000000 --json build/bench.sql.json
measure restart tests/bench/restart.sh 1000000 "$build"
measure events "$build/tests/bench/capmap_bench_events" 2000 --json build/bench.events.json
measure history_days "$build/tests/fleet/capmap_history_days" "$scratch" --nodes 1000000 --days 3 \
  --json build/bench.history.json
measure ingest tests/bench/ingest.sh 5000 60 "$build"
measure prometheus tests/bench/prometheus.sh 100000 "$build"
measure agent tests/bench/agent_footprint.sh 10 "$build" 0 build/bench.agent.json
measure instructions tests/bench/tick_instructions.sh 30 "$build"
measure enrol tests/bench/enrol.sh 5000 "$build"
measure first_light tests/bench/first_light.sh 5 "$build"
measure http tests/bench/http_map.sh 10 "$build"
shopt -s nullglob
parts=(build/bench.*.json)
if [ ${#parts[@]} -gt 0 ]; then jq -s 'add' "${parts[@]}" >build/bench.json; else echo '[]' >build/bench.json; fi
printf '\n%-32s %16s %-8s %16s %10s %14s\n' figure value unit reference ratio target
jq -r '.[] | [.name, (.value // "-"), .unit, (.reference // "-"), (.ratio // "-"), (.target // "-")] | @tsv' build/bench.json |
  awk -F'\t' '{ printf "%-32s %16s %-8s %16s %10s %14s\n", $1, $2, $3, $4, $5, $6 }'
for name in ingest.cpu_ratio_bare ingest.agents ingest.core_share ingest.rss_mb batch.states_per_s map.bytes_per_node_1m map.bytes_per_node_20m \
  map.rss_gb_20m rollup.p99_ms_region_1m rollup.p99_ms_region_20m rollup.p99_ms_model_1m rollup.p99_ms_3dims_filter_1m \
  rollup.p99_ms_3dims_filter_20m rollup.p99_ms_all_measures_1m rollup.writer_pause_ms scan.p99_ms_1m find.p99_ms_1m restart.s_1m dead.seen_s reconnect.s \
  prom.ratio events.kb_a_watcher_tls events.reach_all_ms_tls sql.count_ms_1m sql.by_region_ms_1m \
  history.mb_per_day history.samples_mb_per_day history.usage_7d_ms; do
  jq -e --arg name "$name" 'any(.[]; .name == $name and .value != null)' build/bench.json >/dev/null ||
    echo "not measured: $name$(jq -r --arg name "$name" '.[] | select(.name == $name) | ": " + (.reason // "no reason is known")' build/bench.json)"
done
for line in "${missing[@]}"; do echo "did not run: $line"; done
[ ${#missing[@]} = 0 ]
