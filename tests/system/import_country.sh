#!/bin/bash
# A country comes in: a list of 340 prefectures in all divisions of regions.csv, then 20,000 sites that stand in them. What is new is shown
# first, one wrong row in the middle changes nothing, and the same files again change nothing. Prints how long each took.
#   import_country.sh [BUILD_FOLDER]
# Exit: 0 all so, 1 not.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
readonly build=${1:-build/release} prefectures=340 sites=20000
source tests/support/programs.sh
own_folder capmap-country
http=$(free_port) messages=$(free_port) enrol=$(free_port) next=$(free_port)
ctl=("$build/capmapctl" --url "http://127.0.0.1:$http" --state "$folder/state")
"${ctl[@]}" init --site here --region 11 >/dev/null
"$build/capmap-controller" --state "$folder/state" --catalog schemas/catalog --http-address 127.0.0.1 --http-port "$http" \
  --messages-address 127.0.0.1 --messages-port "$messages" --messages-next-port "$next" --enrol-port "$enrol" --advertise-host 127.0.0.1 \
  >"$folder/log" 2>&1 &
pids+=($!)
for ((i = 0; i < 100; i++)); do "${ctl[@]}" status >/dev/null 2>&1 && break; sleep 0.1; done

# Ten in each division: codes 1101 … 1110, as many as there are to be.
awk -F, -v most=$prefectures 'BEGIN { print "code,name" }
  NR > 1 && $1 ~ /^[0-9][0-9]$/ { divisions++; for (i = 1; i <= 10 && n < most; i++) { printf "%s%02d,city %d of %s\n", $1, i, i, $1; n++ } }
  END { if (divisions != 34 || n != most) { print divisions " divisions, " n " prefectures" >"/dev/stderr"; exit 1 } }' \
  schemas/catalog/regions.csv >"$folder/list.csv"
awk -F, -v sites=$sites 'NR > 1 { code[NR - 2] = $1 }
  END { print "name,region,owner_class,compute_class,declared.nodes"
        for (i = 0; i < sites; i++) printf "site %d,%s,%s,%s,%d\n", i, code[i % (NR - 1)], i % 2 ? "private" : "government", i % 3 ? "general" : "intelligent", i % 97 }' \
  "$folder/list.csv" >"$folder/sites.csv"
awk 'NR == 10000 { sub(/,[0-9]+,/, ",9999,") } { print }' "$folder/sites.csv" >"$folder/wrong.csv"

expect() { # WHAT EXIT WORDS COMMAND…
  local what=$1 code=$2 words=$3 began took rc=0
  shift 3
  began=$(date +%s%3N)
  "$@" >"$folder/said" 2>&1 || rc=$?
  took=$(($(date +%s%3N) - began))
  { [ "$rc" = "$code" ] && grep -q -- "$words" "$folder/said"; } || { echo "import_country: $what: exit $rc"; head -20 "$folder/said"; exit 1; }
  echo "$what: $took ms: $(grep -m1 -- "$words" "$folder/said")"
}
expect "the list of prefectures" 0 "in force" "${ctl[@]}" regions import "$folder/list.csv" --year 2024 --yes
expect "the list again" 0 "nothing changes" "${ctl[@]}" regions import "$folder/list.csv" --year 2024 --yes
expect "a wrong row in the middle" 1 "wrong.csv:10000" "${ctl[@]}" sites import "$folder/wrong.csv" --yes
expect "no site came of it, and what would" 0 "sites   20,000 added" "${ctl[@]}" sites import "$folder/sites.csv" --dry-run
expect "20,000 sites" 0 "done: 20,000 changes" "${ctl[@]}" sites import "$folder/sites.csv" --yes
expect "the same again" 0 "20,000 unchanged" "${ctl[@]}" sites import "$folder/sites.csv" --yes
echo "import_country: 34 divisions, $prefectures prefectures, $sites sites"
