#!/bin/bash
# A real Prometheus watches a real controller with a fleet below it, and an agent: it takes what both tell as OpenMetrics, finds the nodes by
# service discovery, evaluates the rules of packaging/prometheus, and answers every query of the dashboards with data. Then a site goes
# away: it is told to a webhook once, signed, also where that failed at first; a site in maintenance is not.
#   prometheus_truth.sh [BUILD_FOLDER]
# Exit: 0 so, 1 not, 77 no Prometheus is installed.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
readonly build=${1:-build/release} nodes=300 limit_s=240
for program in prometheus promtool python3; do
  command -v "$program" >/dev/null || { echo "prometheus_truth: $program is not installed: left out"; exit 77; }
done
source tests/support/programs.sh
own_folder capmap-prometheus
start() { # NAME COMMAND…
  local name=$1
  shift
  "$@" </dev/null >"$folder/$name.log" 2>&1 &
  pids+=($!)
  started=$!
}
give_up() {
  echo "prometheus_truth: $1"
  tail -n 15 "$folder"/*.log
  exit 1
}
until_true() { # WHAT COMMAND…
  local what=$1 i
  shift
  for ((i = 0; i < limit_s * 5; i++)); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.2
  done
  give_up "$what"
}
http=$(free_port) messages=$(free_port) enrol=$(free_port) watch=$(free_port)
readonly url=http://127.0.0.1:$http
ctl() { "$build/capmapctl" --url "$url" --state "$folder/controller" "$@"; }
join_token() { ctl --json token create --site "$1" --uses 50 | sed 's/.*"token":"\([^"]*\)".*/\1/'; }

# The webhook refuses what comes first.
head -c 24 /dev/urandom | base64 >"$folder/secret"
chmod 600 "$folder/secret"
start webhook tests/system/webhook.py "$folder/secret" "$folder/alerts" --refuse 1
until_true "the webhook does not start" grep -q ^port= "$folder/webhook.log"
hook=$(sed -n 's/^port=//p' "$folder/webhook.log")

"$build/capmapctl" init --state "$folder/controller" --site here --region 1101 >/dev/null
start controller "$build/capmap-controller" --state "$folder/controller" --catalog schemas/catalog --interval-ms 1000 --http-address 127.0.0.1 \
  --http-port "$http" --messages-address 127.0.0.1 --messages-port "$messages" --enrol-port "$enrol" --advertise-host 127.0.0.1 \
  --alerts-webhook-url "http://127.0.0.1:$hook/hook" --alerts-webhook-secret-file "$folder/secret"
until_true "the controller does not answer" curl -sf -o /dev/null "$url/healthz"
ctl sites add lone --region 3101 >/dev/null
ctl sites add mended --region 3101 >/dev/null
readonly fleet=$build/tests/fleet/capmap-fleet
"$fleet" --preset national --nodes "$nodes" --print-sites >"$folder/sites"
tests/fleet/make_sites.py "$folder/sites" "$folder/tokens" --url "$url" --admin-token "$folder/controller/admin.token"
start fleet "$fleet" --preset national --nodes "$nodes" --sites "$folder/tokens" --agents "$nodes" --seconds 0 --clones 1 --liars 2
start lone "$fleet" --join "$(join_token lone)" --agents 3 --seconds 0
lone=$started
start mended "$fleet" --join "$(join_token mended)" --agents 3 --seconds 0
mended=$started
"$build/capmap-agent" join "$(join_token here)" --state "$folder/agent" >"$folder/join.log" 2>&1 || give_up "the agent does not join"
start agent "$build/capmap-agent" --state "$folder/agent" --metrics-listen 127.0.0.1:0
until_true "the agent tells no metrics" grep -q "metrics_told" "$folder/agent.log"
agent=$(sed -n 's/.*metrics_told.*at="\{0,1\}\(127[0-9.:]*\).*/\1/p' "$folder/agent.log" | head -n 1)

# The rules as they are shipped, looked at each second.
for file in packaging/prometheus/capmap-*.yml; do sed 's/interval: 30s/interval: 1s/' "$file" >"$folder/${file##*/}"; done
cat >"$folder/prometheus.yml" <<END
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ['$folder/capmap-*.yml']
scrape_configs:
  - job_name: capmap
    static_configs: [{targets: ['127.0.0.1:$http']}]
  - job_name: capmap-agent
    static_configs: [{targets: ['$agent']}]
  - job_name: node
    scrape_interval: 10m
    http_sd_configs: [{url: '$url/v1/sd/prometheus?port=9100', refresh_interval: 2s}]
    relabel_configs: [{source_labels: [__meta_capmap_node], target_label: node}]
END
promtool check config "$folder/prometheus.yml" >"$folder/check.log" 2>&1 || give_up "promtool refuses the configuration"
start prometheus prometheus --config.file "$folder/prometheus.yml" --storage.tsdb.path "$folder/tsdb" --web.listen-address "127.0.0.1:$watch"
packaging/grafana/make_dashboards.py --queries >"$folder/queries"
tests/system/prometheus_queries.py "http://127.0.0.1:$watch" "$folder/queries" --capmap "$url" --nodes "$((nodes + 7))" --limit "$limit_s" ||
  give_up "not all that is asked for is there"

# Both sites go away, one of them as it was planned.
ctl --json nodes --site mended | grep -o 'n-[a-z2-7]\{26\}' | sort -u | while read -r node; do
  ctl nodes maintenance "$node" --reason "new floor" --until 2100-01-01T00:00:00Z >/dev/null
done
kill -KILL "$lone" "$mended"
until_true "a lost site is not told" grep -q site_dark "$folder/alerts"
sleep 5
tests/system/webhook.py "$folder/secret" "$folder/alerts" --check lone --not mended || give_up "the webhook did not get what it should"
echo "prometheus_truth: every query has data; a lost site was told once"
