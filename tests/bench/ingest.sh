#!/bin/bash
# What a message costs a controller, beside a bare ROUTER with CURVE that acks each message (bare_receiver.cpp): as many clients with the
# same keys and interval each, both servers at the same time, CPU time of the server process per message it answered.
#   ingest.sh [AGENTS [SECONDS [BUILD_FOLDER]]]     default 5000 agents, 60 seconds a server, build/release
#   CAPMAP_BENCH_FULL=1 adds what a connection's memory grows by over some hundred messages, and 19,000 agents at 10 s: share of a core, memory
#   when they have just come, a stopped controller, dead nodes, a restart (about 13 minutes).
# Writes build/bench.ingest.json after each figure, a list of {name, value, unit, reference, ratio, target}. Runs on loopback in a temporary folder.
# Exit: 0 measured, 1 not measurable, 2 wrong use.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
readonly agents=${1:-5000} seconds=${2:-60} build=${3:-build/release} most_a_process=9500
[[ $agents =~ ^[0-9]+$ && $seconds =~ ^[0-9]+$ && $seconds -ge 10 ]] || { sed -n '2,5p' "$0" >&2; exit 2; }
ulimit -n "$(ulimit -Hn)"
folder=$(mktemp -d "${TMPDIR:-/tmp}/capmap-ingest.XXXXXX")
pids=() server=0 rows=()
finish() {
  local pid
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap finish EXIT
mkdir -p build
source tests/support/programs.sh
http=$(free_port) messages=$(free_port) enrol=$(free_port) bare=$(free_port)
ctl=("$build/capmapctl" --url "http://127.0.0.1:$http" --state "$folder/controller")

start_controller() { # INTERVAL_MS
  "$build/capmap-controller" --state "$folder/controller" --catalog schemas/catalog --interval-ms "$1" --http-address 127.0.0.1 \
    --http-port "$http" --messages-address 127.0.0.1 --messages-port "$messages" --enrol-port "$enrol" --advertise-host 127.0.0.1 \
    >>"$folder/controller.log" 2>&1 &
  server=$!
  pids+=("$server")
  for ((i = 0; i < 400; i++)); do
    curl -sf -o /dev/null "http://127.0.0.1:$http/healthz" && return
    sleep 0.05
  done
  echo "ingest: the controller did not start" >&2
  tail -5 "$folder/controller.log" >&2
  exit 1
}
stop() { kill -TERM "$1"; wait "$1" || true; }

fleets=()
start_fleets() { # AGENTS MORE…: as many processes as the descriptors of one make necessary; returns when all have joined
  local left=$1 part=0 count log
  shift
  fleets=()
  while ((left > 0)); do
    count=$((left > most_a_process ? most_a_process : left))
    log=$folder/fleet.$part.log
    : >"$log"
    "$build/tests/fleet/capmap-fleet" --join "$token" --agents "$count" --seed $((part + 1)) --keys-file "$folder/keys.$part.$count" "$@" \
      >"$log" 2>&1 &
    fleets+=($!) pids+=($!)
    until grep -q '^joined' "$log"; do
      kill -0 "${fleets[-1]}" 2>/dev/null || { cat "$log" >&2; exit 1; }
      sleep 0.2
    done
    left=$((left - count)) part=$((part + 1))
  done
}
stop_fleets() {
  for pid in "${fleets[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${fleets[@]}"; do wait "$pid" || true; done
}
sessions() { # of the newest report lines
  tail -qn 1 "$folder"/fleet.*.log | sed -n 's/.* sessions=\([0-9]*\) .*/\1/p' | awk '{ sum += $1 } END { print sum + 0 }'
}
acks() { # FOLDER
  tail -qn 1 "$1"/fleet.*.log | sed -n 's/.* acks=\([0-9]*\) .*/\1/p' | awk '{ sum += $1 } END { print sum + 0 }'
}
wait_sessions() { # COUNT LIMIT_S
  local i
  for ((i = 0; i < $2 * 2; i++)); do
    [ "$(sessions)" -ge "$1" ] && return
    sleep 0.5
  done
  echo "ingest: only $(sessions) of $1 agents have a session after $2 s" >&2
  exit 1
}
fresh_nodes() { curl -sf "http://127.0.0.1:$http/v1/map" | jq '.total.nodes.fresh // 0'; }
wait_fresh() { # COUNT LIMIT_S
  local i
  for ((i = 0; i < $2 * 5; i++)); do
    [ "$(fresh_nodes)" -ge "$1" ] 2>/dev/null && return
    sleep 0.2
  done
  echo "ingest: only $(fresh_nodes) of $1 are fresh after $2 s" >&2
}
cpu_us() { cat "/proc/$1/task/"*/schedstat | awk '{ ns += $1 } END { printf "%d\n", ns / 1000 }'; }
rss_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
# Acks the server's clients got in so many seconds, and the CPU it took: "CPU_US ACKS".
measure() { # PID SECONDS
  local cpu acked
  cpu=$(cpu_us "$1") acked=$(acks "$folder")
  sleep "$2"
  echo $(($(cpu_us "$1") - cpu)) $(($(acks "$folder") - acked))
}
row() { # NAME VALUE UNIT REFERENCE RATIO TARGET
  rows+=("{\"name\":\"$1\",\"value\":$2,\"unit\":\"$3\",\"reference\":$4,\"ratio\":$5,\"target\":$6}")
  printf '  %-22s %12s %-10s reference %-10s ratio %-8s target %s\n' "$@"
  (IFS=,; echo "[${rows[*]}]") | jq . >build/bench.ingest.json.new && mv build/bench.ingest.json.new build/bench.ingest.json
}

"${ctl[@]}" init --site bench --region 11 >/dev/null
start_controller 1000
token=$("${ctl[@]}" token create --site bench --uses 100000 --expires 2h --quiet)
echo "ingest: $agents agents, a message a second each, $seconds s, the bare receiver beside ours with as many of its own"
start_fleets "$agents" --report-every 1
ours_fleets=("${fleets[@]}")
wait_sessions "$agents" 120
mkdir "$folder/ours" && mv "$folder"/fleet.*.log "$folder/ours/"
"$build/capmap_bench_bare" "tcp://127.0.0.1:$bare" "$folder/controller/server.key" 1000 >"$folder/bare.log" 2>&1 &
bare_server=$!
pids+=("$bare_server")
until grep -q ready "$folder/bare.log"; do sleep 0.1; done
start_fleets "$agents" --report-every 1 --to "tcp://127.0.0.1:$bare" --any-ack
wait_sessions "$agents" 120
sleep 5
# At the same time: a host that others use is not the same from one minute to the next.
ours_us=$(cpu_us "$server") bare_us=$(cpu_us "$bare_server") ours_acks=$(acks "$folder/ours") bare_acks=$(acks "$folder")
sleep "$seconds"
ours_us=$(($(cpu_us "$server") - ours_us)) bare_us=$(($(cpu_us "$bare_server") - bare_us))
ours_acks=$(($(acks "$folder/ours") - ours_acks)) bare_acks=$(($(acks "$folder") - bare_acks))
stop_fleets
fleets=("${ours_fleets[@]}")
stop_fleets
stop "$bare_server"
stop "$server"
((ours_acks > 0 && bare_acks > 0)) || { echo "ingest: no message was answered" >&2; exit 1; }
div() { awk -v a="$1" -v b="$2" -v d="$3" 'BEGIN { printf "%." d "f", a / b }'; }
ours=$(div "$ours_us" "$ours_acks" 2) reference=$(div "$bare_us" "$bare_acks" 2)
row ingest.cpu_ratio_bare "$(div "$ours" "$reference" 3)" "x" "$reference" "$(div "$ours" "$reference" 3)" 1.25
row ingest.us_per_message "$ours" us "$reference" "$(div "$ours" "$reference" 3)" null

if [ "${CAPMAP_BENCH_FULL:-0}" = 1 ]; then
  readonly most=19000 long_messages=540 # two chunks of 256 messages each way, which libzmq writes through from end to end
  start_controller 250
  start_fleets 1000 --report-every 1
  wait_sessions 1000 120
  rss_first=$(rss_kb "$server")
  for ((i = 0; i < 600; i++)); do
    [ "$(acks "$folder")" -ge $((1000 * long_messages)) ] && break
    sleep 0.5
  done
  row ingest.growth_kb_agent "$(div $(($(rss_kb "$server") - rss_first)) 1000 1)" kB null null null
  stop_fleets
  stop "$server"
  start_controller 10000
  start_fleets 5000 --report-every 1
  wait_sessions 5000 180
  sleep 15
  read -r few_us few_acks < <(measure "$server" 60)
  stop_fleets
  start_fleets "$most" --report-every 1
  wait_sessions "$most" 300
  sleep 15
  read -r many_us many_acks < <(measure "$server" 60)
  row ingest.agents "$most" agents null null 19000
  row ingest.core_share "$(div "$many_us" 60000000 4)" core null null 0.10
  row ingest.rss_mb "$(div "$(rss_kb "$server")" 1000 1)" MB null null 1000
  row ingest.cost_growth "$(div "$((many_us * few_acks))" "$((many_acks * few_us))" 2)" x null null 2
  # Nobody is dead because the controller was: stopped for a minute, and looked at when it goes on. The 5,000 of before have left for good.
  gone=$(curl -sf "http://127.0.0.1:$http/v1/map" | jq '.total.nodes.lost // 0')
  kill -STOP "$server"
  sleep 60
  kill -CONT "$server"
  # Lost from the first moment on; no longer fresh once the 5 s are over in which what was sent meanwhile is heard.
  dead=0
  for ((i = 0; i < 40; i++)); do
    dead=$(curl -sf "http://127.0.0.1:$http/v1/map" |
      jq "$dead as \$b | [.total.nodes.lost - $gone, (if $i < 12 then 0 else $most - .total.nodes.fresh end), \$b] | max")
    sleep 0.5
  done
  row ingest.falsely_dead "$dead" nodes null null 0
  wait_fresh "$most" 60
  # The last fleet dies at once.
  dead=$((most - most_a_process))
  kill -KILL "${fleets[-1]}"
  began=$(date +%s%3N)
  for ((i = 0; i < 400; i++)); do
    [ "$(fresh_nodes)" -le $((most - dead)) ] && break
    sleep 0.1
  done
  row dead.seen_s "$(div $(($(date +%s%3N) - began)) 1000 1)" s null null 30
  wait "${fleets[-1]}" || true
  stop_fleets
  start_fleets "$most" --report-every 1
  wait_sessions "$most" 300
  wait_fresh "$most" 60
  kill -KILL "$server"
  wait "$server" || true
  began=$(date +%s%3N)
  start_controller 10000
  wait_fresh "$most" 120
  row reconnect.s "$(div $(($(date +%s%3N) - began)) 1000 1)" s null null 60
  stop_fleets
  stop "$server"
fi
