#!/bin/bash
# Holds what is shipped for Prometheus and Grafana to what it says: rules and the example of a configuration as promtool wants them, each
# alert fired by a test, dashboards as their maker writes them and as Grafana takes them.
#   check_prometheus.sh [ROOT]
# Exit: 0 all good, 1 not (each named), 77 promtool or python3 is not installed.
set -euo pipefail
export LC_ALL=C.UTF-8
cd "${1:-$(dirname "$0")/../..}"
for program in promtool python3; do
  command -v "$program" >/dev/null || { echo "check_prometheus: $program is not installed: left out"; exit 77; }
done
folder=$(mktemp -d "${TMPDIR:-/tmp}/capmap-rules.XXXXXX")
trap 'rm -rf "$folder"' EXIT
bad=0
fault() { echo "check_prometheus: $1"; bad=1; }
quietly() { "$@" >"$folder/said" 2>&1 || { fault "$* says:"; cat "$folder/said"; }; }

cp packaging/prometheus/*.yml tests/fixtures/prometheus/rules.test.yml "$folder"
sed -i "s|/usr/share/capmap/prometheus/|$folder/|" "$folder/scrape.yml"
quietly promtool check rules --lint=all --lint-fatal "$folder"/capmap-*.yml
quietly promtool check config "$folder/scrape.yml"
(cd "$folder" && quietly promtool test rules rules.test.yml; exit $bad) || bad=1
alerts=0
for alert in $(sed -n 's/^ *- alert: //p' packaging/prometheus/capmap-alerts.yml); do
  alerts=$((alerts + 1))
  grep -q "alertname=\"$alert\"" tests/fixtures/prometheus/rules.test.yml || fault "no test fires $alert"
done
[ "$alerts" -ge 20 ] || fault "only $alerts alerts were found"
# What rules and dashboards ask for is what programs tell, but for what Prometheus itself makes.
for name in $(cat packaging/prometheus/capmap-*.yml packaging/grafana/*.json | grep -oE '\bcapmap_[a-z_]+' | sort -u); do
  word=${name#capmap_} && word=${word#region_} && word=${word#site_} && word=${word#agent_}
  grep -rqE "\"(capmap_|capmap_agent_)?(${name#capmap_}|${word%_total}|$word|${word%_info})[\"{]" controller agent && continue
  grep -qE "record: [a-z_]+:$name:" packaging/prometheus/capmap-recording.yml || fault "nobody tells $name"
done

packaging/grafana/make_dashboards.py "$folder"
for board in nation region site controller; do
  cmp -s "$folder/$board.json" "packaging/grafana/$board.json" || fault "packaging/grafana/$board.json: run packaging/grafana/make_dashboards.py"
done
tests/support/check_dashboards.py packaging/grafana/*.json || bad=1
echo "check_prometheus: $alerts alerts, 4 dashboards"
exit $bad
