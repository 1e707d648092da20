#!/bin/bash
# What an agent costs: memory and CPU of all its processes, and its bytes on the wire, beside other monitors run the same way.
#   agent_footprint.sh [MINUTES [BUILD_FOLDER [CARDS [JSON]]]]     default 10 minutes, build/release, no cards, no file of figures
# With CARDS the agent watches so many false NVIDIA cards (tests/support/false_nvml.cpp); the budgets, which are for an agent without a
# vendor library, are printed and not held then. The false library reads its file at each call, so its CPU is more than a real one's.
# Starts a controller and an agent on loopback in a temporary folder, and gmond, collectd and prometheus-node-exporter at 10 s with
# private settings where they are installed (it says which are not). Nothing is installed, nothing is left behind.
# Private dirty, PSS and RSS: sums of /proc/PID/smaps_rollup over a program's processes at the end. CPU: /proc/PID/stat with reaped
# children; "steady" leaves out the first seconds (start and the first look at the hardware), "with looks" adds a sixth of these: the
# hardware is looked at each six hours, and when a sign of it changes. Wire: bytes the kernel counted on the agent's socket (ss), both ways.
# A machine that rests charges each wake more than a busy one: read the CPU beside that of the others in the same run.
# Exit: 0 measured (a budget that does not hold is printed and stands in JSON beside its target), 1 not measurable, 2 wrong use.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
readonly minutes=${1:-10} build=${2:-build/release} cards=${3:-0} json=${4:-} settle_s=5 interval_s=10
readonly budget_dirty_kb=1229 budget_pss_kb=6656 budget_rss_kb=8192 budget_cpu_ms=150 budget_wire_mbs=12000 # 1.2, 6.5, 8 MiB; 0.15 s; 12 B/s
[[ $minutes =~ ^[0-9]+$ && $minutes -gt 0 ]] || { sed -n '2,3p' "$0" >&2; exit 2; }
folder=$(mktemp -d "${TMPDIR:-/tmp}/capmap-bench.XXXXXX")
pids=() names=()

finish() {
  local pid
  trap - EXIT INT TERM
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap finish EXIT
trap 'finish; exit 1' INT TERM

# start NAME COMMAND…: in the background, its output in a log.
start() {
  local name=$1
  shift
  "$@" </dev/null >"$folder/$name.log" 2>&1 &
  pids+=($!) names+=("$name")
}

source tests/support/programs.sh

wait_until() {
  local what=$1 tries
  shift
  for ((tries = 0; tries < 400; tries++)); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.05
  done
  echo "agent_footprint: $what: not within 20 s" >&2
  tail -n 5 "$folder"/*.log >&2
  exit 1
}

# A process and all its descendants.
family() {
  local pid child
  for pid in "$@"; do
    echo "$pid"
    while read -r child; do family "$child"; done < <(cat "/proc/$pid/task/"*/children 2>/dev/null | tr " " "\n")
  done
}

# Private dirty, PSS and RSS of a family in KiB, and its number of processes.
memory_of() {
  local pid
  for pid in $(family "$1"); do cat "/proc/$pid/smaps_rollup" 2>/dev/null && echo Process: 1; done |
    awk '{ sum[$1] += $2 } END { print sum["Private_Dirty:"] + 0, sum["Pss:"] + 0, sum["Rss:"] + 0, sum["Process:"] + 0 }'
}

# CPU time of a family in microseconds: exact for living threads (schedstat), by clock ticks for children that ended.
cpu_us() {
  local pid tick_us=$((1000000 / $(getconf CLK_TCK)))
  for pid in $(family "$1"); do
    cat "/proc/$pid/task/"*/schedstat 2>/dev/null | awk '{ ns += $1 } END { printf "%d\n", ns / 1000 }'
    awk -v tick_us=$tick_us '{ sub(/^.*\) /, ""); print ($14 + $15) * tick_us }' "/proc/$pid/stat" 2>/dev/null || true # cutime, cstime
  done | awk '{ sum += $1 } END { print sum + 0 }'
}

# False cards and the flags that make the agent watch them.
sampler_flags=()
make_cards() {
  local i
  [ "$cards" -gt 0 ] || return 0
  echo "devices $cards" >"$folder/cards"
  for ((i = 0; i < cards; i++)); do
    printf "$i.%s\n" "pci 0000:$(printf %02x $((16 + i * 8))):00.0" 'id 10de:2330' 'name NVIDIA H100 80GB HBM3' 'total 85899345920' \
      'used 42949672960' 'gpu 50' 'power 600000' 'temp 61' 'processes 1' 'ecc 0'
  done >>"$folder/cards"
  export CAPMAP_FALSE_NVML=$folder/cards
  sampler_flags=(--accelerators-nvml-library "$(realpath "$build")/libcapmap_false_nvml.so")
}

# Bytes the agent's socket to the controller sent and received.
wire_of() {
  ss -tinH "dport = :$messages" |
    awk '{ for (i = 1; i <= NF; i++) { split($i, f, ":"); if (f[1] == "bytes_sent") sent += f[2]; if (f[1] == "bytes_received") got += f[2] } }
         END { print sent + 0, got + 0 }'
}

start_ours() {
  local program token
  for program in capmap-controller capmap-agent capmap-probe capmapctl; do
    [ -x "$build/$program" ] || { echo "agent_footprint: $build/$program is not built" >&2; exit 1; }
  done
  http=$(free_port) messages=$(free_port) enrol=$(free_port)
  local ctl=("$build/capmapctl" --url "http://127.0.0.1:$http" --state "$folder/controller")
  "${ctl[@]}" init --site bench --region 11 >/dev/null
  start capmap-controller "$build/capmap-controller" --state "$folder/controller" --catalog schemas/catalog --http-address 127.0.0.1 \
    --http-port "$http" --messages-address 127.0.0.1 --messages-port "$messages" --enrol-port "$enrol" --advertise-host 127.0.0.1
  wait_until 'the controller' "${ctl[@]}" status
  token=$("${ctl[@]}" token create --site bench --uses 1 --expires 1h --quiet)
  "$build/capmap-agent" join "$token" --state "$folder/agent" >/dev/null
  start capmap-agent "$build/capmap-agent" --state "$folder/agent" "${sampler_flags[@]}"
  wait_until 'the agent on the map' grep -q shape_read "$folder/capmap-agent.log"
}

start_gmond() {
  gmond -t | sed -E "/^(udp_recv|tcp_accept)_channel/,/^}/d; s/mcast_join *=.*/host = 127.0.0.1/; s/^( *port *=).*/\1 $(free_port)/
    s/setuid *=.*/setuid = no/; s/deaf *=.*/deaf = yes/; s/(collect_every|time_threshold) *=.*/\1 = $interval_s/" >"$folder/gmond.conf"
  start gmond gmond -f -c "$folder/gmond.conf"
}

start_collectd() {
  { printf 'BaseDir "%s"\nPIDFile "%s/collectd.pid"\nInterval %s\nTypesDB "/usr/share/collectd/types.db"\n' "$folder" "$folder" "$interval_s"
    printf 'LoadPlugin %s\n' cpu memory df disk interface load network
    printf '<Plugin network>\n Server "127.0.0.1" "%s"\n</Plugin>\n' "$(free_port)"; } >"$folder/collectd.conf"
  start collectd collectd -f -C "$folder/collectd.conf"
}

start_node_exporter() {
  local port
  port=$(free_port)
  start node_exporter prometheus-node-exporter --web.listen-address="127.0.0.1:$port"
  start scraper bash -c "while sleep $interval_s; do curl -s -o /dev/null http://127.0.0.1:$port/metrics; done"
}

make_cards
start_ours
for peer in gmond:gmond:ganglia-monitor collectd:collectd:collectd-core prometheus-node-exporter:node_exporter:prometheus-node-exporter; do
  IFS=: read -r program name package <<<"$peer"
  if command -v "$program" >/dev/null; then "start_$name"; else echo "$name: not installed (Debian: $package), left out"; fi
done

sleep $settle_s
declare -A first_us
for i in "${!pids[@]}"; do first_us[$i]=$(cpu_us "${pids[$i]}"); done
read -r sent_before got_before < <(wire_of)
began_us=$(date +%s%6N)
sleep $((minutes * 60))
elapsed_us=$(($(date +%s%6N) - began_us))
read -r sent_after got_after < <(wire_of)

rows() {
  local i now_us
  for i in "${!pids[@]}"; do
    [[ ${names[$i]} =~ ^(capmap-agent|gmond|collectd|node_exporter)$ ]] || continue
    kill -0 "${pids[$i]}" 2>/dev/null || { echo "${names[$i]} ended"; continue; }
    now_us=$(cpu_us "${pids[$i]}")
    echo "${names[$i]} $(memory_of "${pids[$i]}") ${first_us[$i]} $now_us"
  done
}
wire_mbs() { echo $((($1) * 1000000000 / elapsed_us)); } # thousandths of a byte a second
up=$(wire_mbs $((sent_after - sent_before))) down=$(wire_mbs $((got_after - got_before)))
printf '\n%s minutes at %s s; memory in KiB; CPU in ms an hour\n' "$minutes" "$interval_s"
rows | awk -v json="$json" -v cards="$cards" -v elapsed_us="$elapsed_us" -v up="$up" -v down="$down" -v budgets="$budget_dirty_kb $budget_pss_kb $budget_rss_kb $budget_cpu_ms $budget_wire_mbs" '
  function ratio(a, b) { return b > 0 ? sprintf("x%.2f", a / b) : "-" }
  BEGIN { printf "%-14s %5s %14s %14s %14s %16s %22s\n", "", "procs", "private dirty", "PSS", "RSS", "CPU steady", "with looks" }
  NF == 2 { print $1, "ended before the measurement"; next }
  {
    steady = ($7 - $6) / elapsed_us * 3600000; hourly = steady + $6 / 6000
    if ($1 == "gmond") gmond = hourly
    if ($1 == "capmap-agent") { d = $2; p = $3; r = $4; s = steady; h = hourly }
    printf "%-14s %5d %7d %6s %7d %6s %7d %6s %9.1f %6s %14.1f %7s\n", $1, $5, $2, ratio($2, d), $3, ratio($3, p), $4, ratio($4, r),
      steady, ratio(steady, s), hourly, ratio(hourly, h)
  }
  function figure(name, value, unit, reference, target) {
    printf("%s{\"name\": \"%s\", \"value\": %s, \"unit\": \"%s\", \"reference\": %s, \"ratio\": %s, \"target\": \"%s\"}", sep, name, value, unit,
      (reference > 0) ? sprintf("%.1f", reference) : "null", (reference > 0) ? sprintf("%.3f", value / reference) : "null", target) >json
    sep = ",\n "
  }
  END {
    printf "wire, TCP payload counted by the kernel: agent to controller %.2f B/s, back %.2f B/s\n", up / 1000, down / 1000
    split(budgets, b, " ")
    if (cards > 0) { print "with " cards " false cards: no budget"; exit d == 0 }
    if (json != "" && d > 0) {
      sep = "["
      figure("agent.private_dirty_kb", d, "KiB", 0, "<= " b[1]); figure("agent.pss_kb", p, "KiB", 0, "<= " b[2])
      figure("agent.rss_kb", r, "KiB", 0, "<= " b[3]); figure("agent.cpu_ms_an_hour", sprintf("%.1f", h), "ms", gmond, "<= " b[4])
      figure("agent.wire_up_mb_s", up, "mB/s", 0, "<= " b[5])
      print "]" >json
    }
    over = (d > b[1]) + (p > b[2]) + (r > b[3]) + (h > b[4]) + (up > b[5]) + (d == 0)
    print over ? "OVER BUDGET in " over : "within budget: 1.2 MB private dirty, 6.5 MB PSS, 8 MB RSS, 0.15 CPU-s an hour, 12 B/s"
    exit d == 0
  }'
