#!/bin/bash
# Thirty days of the national fleet in history: at ten random moments every figure that history keeps, down to each cell, is what the fleet
# says was true, summed by a script; re-stated with a corrected chip table it is the truth of that table; and how large and how quick it is.
#   history_days.sh [BUILD_FOLDER]     short: 20,000 servers, 6 days, 4 moments
#   CAPMAP_FULL=1: 800,000 servers at more than 20,000 sites, 30 days, 2% of them a day, 10 moments (some 40 minutes)
# Exit: 0 equal, 1 not.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
readonly build=${1:-build/release}
if [ "${CAPMAP_FULL:-0}" = 1 ]; then readonly nodes=800000 days=30 moments=10; else readonly nodes=20000 days=6 moments=4; fi
folder=$(mktemp -d "${TMPDIR:-/tmp}/capmap-days.XXXXXX")
controller=
finish() {
  [ -z "$controller" ] || { kill -TERM "$controller" 2>/dev/null && wait "$controller" 2>/dev/null; } || true
  rm -rf "$folder"
}
trap finish EXIT
source tests/support/programs.sh
http=$(free_port) messages=$(free_port) enrol=$(free_port)
url=http://127.0.0.1:$http

serve() { # CATALOG
  if [ -n "$controller" ]; then kill -TERM "$controller"; wait "$controller" || true; fi
  "$build/capmap-controller" --state "$folder/state" --catalog "$1" --http-address 127.0.0.1 --http-port "$http" \
    --messages-address 127.0.0.1 --messages-port "$messages" --enrol-port "$enrol" --advertise-host 127.0.0.1 >>"$folder/log" 2>&1 &
  controller=$!
  for ((i = 0; i < 200; i++)); do curl -sf -o /dev/null "$url/v1/history/spans" && return; sleep 0.1; done
  echo "history_days: the controller does not answer"; tail -5 "$folder/log"; exit 1
}

"$build/capmapctl" init --state "$folder/state" --site here --region 11 >/dev/null
"$build/tests/fleet/capmap_history_days" "$folder/state" --nodes "$nodes" --days "$days" --truths "$moments" "$folder/truth" --json build/bench.history.json
serve schemas/catalog

# shellcheck disable=SC2054  # commas are part of what is asked
readonly by=(--by "" --by region_2 --by site --by region_2,architecture,cpu_model --by site,pool,hardware,liveness,service_state,verdict)
while read -r truth at; do
  echo "as of $at"
  tests/fleet/sum_truth.py "$truth" --url "$url" --at "$at" "${by[@]}"
done <"$folder/truth/moments"

# H100 SXM5 at 70 TFLOPS instead of 66.9, in a table of another version: what was is re-stated with either, whichever is in use.
cp -r schemas/catalog "$folder/corrected"
echo "corrected" >"$folder/corrected/VERSION"
awk -F, -v OFS=, '$2 == "H100 SXM5 80GB" && $10 == "66.9" { $10 = 70; n++ } { print } END { exit n != 1 }' \
  schemas/catalog/accelerators.csv >"$folder/corrected/accelerators.csv" || { echo "history_days: no row of H100 SXM5 to correct"; exit 1; }
serve "$folder/corrected"
read -r truth at < <(tail -1 "$folder/truth/moments")
cp -r "$truth" "$folder/restated"
# 0x10de is 4318, 0x2330 is 9008; the column before the last is what all cards of a server do at FP32.
awk -F, -v OFS=, 'NR > 1 && $9 == 4318 && $10 == 9008 { $19 = $11 * 70000000 } { print }' "$truth/machines.csv" >"$folder/restated/machines.csv"
before=$(cat schemas/catalog/VERSION)
tests/fleet/sum_truth.py "$folder/restated" --url "$url" --at "$at" --by "" --by region_2
tests/fleet/sum_truth.py "$folder/restated" --url "$url" --at "$at" --chips corrected --by region_2
tests/fleet/sum_truth.py "$truth" --url "$url" --at "$at" --chips "$before" --by "" --by region_2

for ago in 60 86400 $(((days - 1) * 86400)); do
  at=$(date -u -d "@$(($(date +%s) - ago - 3600))" +%Y-%m-%dT%H:%M:%SZ)
  for turn in first again; do
    printf 'the map by region %d s before, %s: ' "$ago" "$turn"
    curl -sf -o /dev/null -w '%{time_total} s\n' "$url/v1/map?by=region_2&at=$at"
  done
done
