#!/bin/bash
# How long it takes until AGENTS servers that are switched on together, all with one token, are fresh on the map, and what that costs the
# controller: each from an address of its own and all behind one gateway, with the limits as they are, and with those an admin sets who
# images a hall. Then one server: from `token create` to its node, fresh, in one paste. Writes build/bench.enrol.json.
#   enrol.sh [AGENTS [BUILD_FOLDER]]     default 5000, build/release
# Exit: 0 measured, and all are there; 1 not measurable, or one is missing; 2 wrong use.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
readonly agents=${1:-5000} build=${2:-build/release}
[[ $agents =~ ^[1-9][0-9]*$ ]] || { sed -n '2,6p' "$0" >&2; exit 2; }
export CAPMAP_CATALOG=$PWD/schemas/catalog
source tests/support/programs.sh
own_folder capmap-enrol
ticks_a_s=$(getconf CLK_TCK) figures=${folder:?}/figures
url='' state='' server=''

# start NAME [FLAG…]: a controller of its own.
start() {
  local http messages enrol i
  state=$folder/$1 http=$(free_port) messages=$(free_port) enrol=$(free_port) url=http://127.0.0.1:$http
  shift
  "$build/capmapctl" init --state "$state" --site hall --region 11 >/dev/null
  "$build/capmap-controller" --state "$state" --http-address 127.0.0.1 --http-port "$http" --messages-address 127.0.0.1 \
    --messages-port "$messages" --enrol-port "$enrol" --advertise-host 127.0.0.1 "$@" >"$state/log" 2>&1 &
  server=$!
  pids+=("$server")
  for ((i = 0; i < 200; i++)); do
    if curl -sf "$url/readyz" >/dev/null; then return 0; fi
    sleep 0.05
  done
  cat "$state/log" >&2
  exit 1
}
stop() {
  local pid=$1 i others=()
  kill -TERM "$pid"
  wait "$pid" || true
  for i in "${pids[@]}"; do [ "$i" = "$pid" ] || others+=("$i"); done
  pids=("${others[@]}")
}
new_token() { "$build/capmapctl" --url "$url" --state "$state" token create --site hall --uses "$1" --quiet; }
cpu_s() { awk -v hz="$ticks_a_s" '{ sub(/.*\) /, ""); print ($12 + $13) / hz }' "/proc/$server/stat"; }
metric() { curl -sf "$url/metrics" | awk -v name="$1" '$1 == name { print $2 }'; }
said() { # WORD LINE: what stands behind WORD=
  local rest=${2#* "$1"=}
  echo "${rest%% *}"
}
figure() { jq -nc --arg n "enrol.$1" --argjson v "$2" --arg u "$3" '{name: $n, value: $v, unit: $u, reference: null, ratio: null, target: null}' >>"$figures"; }

# story NAME WORDS ADDRESSES [FLAG…]
story() {
  local name=$1 words=$2 addresses=$3 before enrolled now fleet began fresh=0 known line left took
  shift 3
  start "$name" "$@"
  before=$(cpu_s) began=$(date +%s%3N)
  "$build/tests/fleet/capmap-fleet" --join "$(new_token "$agents")" --agents "$agents" --at-once --addresses "$addresses" --preset equal --report-every 0 \
    >"$state/fleet" 2>&1 &
  fleet=$!
  pids+=("$fleet")
  until grep -qs ^enrolled "$state/fleet"; do
    kill -0 "$fleet" 2>/dev/null || { cat "$state/fleet" >&2; exit 1; }
    sleep 0.05
  done
  enrolled=$(cpu_s) line=$(grep ^enrolled "$state/fleet")
  while ((fresh < agents)); do
    fresh=$(metric 'capmap_nodes{liveness="fresh"}')
    kill -0 "$fleet" 2>/dev/null || { cat "$state/fleet" >&2; exit 1; }
    ((SECONDS < 900)) || { echo "enrol: $fresh of $agents fresh after 15 minutes" >&2; exit 1; }
    sleep 0.2
  done
  took=$(awk -v ms=$(($(date +%s%3N) - began)) 'BEGIN { print ms / 1000 }') now=$(cpu_s) known=$(metric capmap_known_nodes)
  left=$("$build/capmapctl" --url "$url" --state "$state" --json token list | jq '.tokens[0].uses_left')
  echo "$words: ${line#enrolled }"
  awk -v b="$before" -v e="$enrolled" -v n="$now" -v t="$took" -v a="$agents" 'BEGIN {
    printf "  all fresh after %.1f s; controller %.2f CPU-s until the last was let in (%.2f ms each), %.2f until all were fresh\n", t, e - b, (e - b) * 1000 / a, n - b }'
  echo "  known $known of $agents, uses left of the token $left, refused $(metric 'capmap_ingest_refused_total{reason="malformed"}')"
  if [ "$known" != "$agents" ] || [ "$left" != 0 ]; then
    echo "enrol: not all are there" >&2
    exit 1
  fi
  figure "${name}_s" "$(said seconds "$line")" s
  figure "${name}_per_s" "$(said per_s "$line")" 1/s
  figure "${name}_fresh_s" "$took" s
  figure "${name}_cpu_s" "$(awk -v b="$before" -v n="$now" 'BEGIN { print n - b }')" CPU-s
  stop "$fleet"
  stop "$server"
}

story own "an address each, limits as they are" "$agents"
SECONDS=0
story gateway "behind one gateway, limits as they are" 0
SECONDS=0
story raised "behind one gateway, joins_per_address_per_s = 10000, joins_per_s = 10000" 0 \
  --enrol-joins-per-address-per-s 10000 --enrol-joins-per-s 10000

start paste
for ((i = 0; i < 5; i++)); do
  began=$(date +%s%3N)
  "$build/capmap-agent" join "$(new_token 1)" --state "$folder/agent-$i" >/dev/null
  "$build/capmap-agent" --state "$folder/agent-$i" >"$folder/agent.log" 2>&1 &
  agent=$!
  pids+=("$agent")
  until [ "$(metric 'capmap_nodes{liveness="fresh"}')" = 1 ]; do :; done
  echo $(($(date +%s%3N) - began))
  stop "$agent"
  until [ "$(metric 'capmap_nodes{liveness="fresh"}')" = 0 ]; do sleep 0.1; done
done | sort -n >"$folder/pastes"
paste=$(sed -n 3p "$folder/pastes")
echo "one server, from \`token create\` to fresh on the map: median $paste ms of $(tr '\n' ' ' <"$folder/pastes")"
figure paste_ms "$paste" ms
mkdir -p build
jq -s . "$figures" >build/bench.enrol.json
