#!/bin/bash
# The same question to Prometheus and to us: how much is there by region, of so many nodes. Prometheus (Debian's) scrapes one gauge a node
# with its region as a label; ours holds whole nodes (shape, use, site). Both are asked over HTTP, each time anew, nothing else runs.
#   prometheus.sh [NODES [BUILD_FOLDER]]     default 100000, build/release
# Writes build/bench.prometheus.json (prom.ratio: their median over ours). Where prometheus or another tool is not installed, the value is
# null and `reason` says so.
# Exit: 0 measured or skipped, 1 not measurable, 2 wrong use.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
readonly nodes=${1:-100000} build=${2:-build/release} asks=21
[[ $nodes =~ ^[0-9]+$ ]] || { sed -n '2,5p' "$0" >&2; exit 2; }
for tool in prometheus python3 curl jq; do
  command -v "$tool" >/dev/null && continue
  echo "prometheus: $tool is not installed, skipped"
  mkdir -p build
  none='"value":null,"unit":"x","reference":null,"ratio":null,"target":null'
  echo "[{\"name\":\"prom.ratio\",$none,\"reason\":\"$tool is not installed\"},
  {\"name\":\"prom.memory_ratio\",$none,\"reason\":\"$tool is not installed\"}]" >build/bench.prometheus.json
  exit 0
done
source tests/support/programs.sh
own_folder capmap-prom
feed=$(free_port) prom=$(free_port) ours=$(free_port)
mkdir "$folder/feed"
awk -v n="$nodes" 'BEGIN { print "# TYPE node_busy gauge"
  for (i = 0; i < n; i++) printf "node_busy{node=\"n%d\",site=\"s%d\",region=\"r%d\"} %d\n", i, i % 340, i % 34, i % 8000 }' >"$folder/feed/metrics"
(cd "$folder/feed" && exec python3 -m http.server --bind 127.0.0.1 "$feed") >"$folder/feed.log" 2>&1 &
pids+=($!)
cat >"$folder/prometheus.yml" <<END
global: {scrape_interval: 10s, scrape_timeout: 9s}
scrape_configs: [{job_name: fleet, static_configs: [{targets: ["127.0.0.1:$feed"]}]}]
END
prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" --web.listen-address="127.0.0.1:$prom" \
  >"$folder/prometheus.log" 2>&1 &
theirs_pid=$!
pids+=("$theirs_pid")
readonly question="http://127.0.0.1:$prom/api/v1/query?query=sum%20by%20(region)%20(node_busy)"
for ((i = 0; i < 120; i++)); do
  [ "$(curl -sf "$question" | jq '.data.result | length')" = 34 ] 2>/dev/null && break
  sleep 1
done
[ "$(curl -sf "$question" | jq '.data.result | length')" = 34 ] || { tail -3 "$folder/prometheus.log" >&2; exit 1; }
"$build/capmap_bench_served" "$nodes" "$ours" >"$folder/ours.log" 2>&1 &
ours_pid=$!
pids+=("$ours_pid")
for ((i = 0; i < 600; i++)); do
  grep -q ready "$folder/ours.log" && break
  kill -0 "$ours_pid" 2>/dev/null || { cat "$folder/ours.log" >&2; exit 1; }
  sleep 0.1
done
median_ms() { # URL
  local i
  for ((i = 0; i < asks; i++)); do
    curl -sf -o /dev/null -w '%{time_total}\n' "$1"
    sleep 0.1
  done | sort -g | awk '{ t[NR] = $1 } END { printf "%.3f", t[int((NR + 1) / 2)] * 1000 }'
}
rss_mb() { awk '/^VmRSS/ { printf "%.1f", $2 / 1000 }' "/proc/$1/status"; }
theirs_ms=$(median_ms "$question") ours_ms=$(median_ms "http://127.0.0.1:$ours/v1/map?by=region_2")
theirs_mb=$(rss_mb "$theirs_pid") ours_mb=$(rss_mb "$ours_pid")
ratio=$(awk -v a="$theirs_ms" -v b="$ours_ms" 'BEGIN { printf "%.1f", a / b }')
memory=$(awk -v a="$theirs_mb" -v b="$ours_mb" 'BEGIN { printf "%.1f", a / b }')
echo "$nodes nodes, medians of $asks: Prometheus $theirs_ms ms, $theirs_mb MB; ours $ours_ms ms, $ours_mb MB; ratios $ratio and $memory"
mkdir -p build
jq -n "[{name: \"prom.ratio\", value: $ratio, unit: \"x\", reference: $theirs_ms, ratio: $ratio, target: null},
  {name: \"prom.memory_ratio\", value: $memory, unit: \"x\", reference: $theirs_mb, ratio: $memory, target: null}]" >build/bench.prometheus.json
