#!/bin/bash
# What a tick of the agent costs in instructions of its own (callgrind) and system calls (strace), by part.
#   tick_instructions.sh [SECONDS [BUILD_FOLDER]]     default 30 seconds each, build/release
# Starts a controller and an agent on loopback in a temporary folder, a tick each half second; instructions inside the kernel are not
# seen. A part that runs less often than each tick (mounts, looks at names) is spread over the ticks by what it did in that time: at the
# default interval of 10 s its share is the same.
# Exit: 0 measured, 1 not measurable, 2 wrong use.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
readonly seconds=${1:-30} build=${2:-build/release}
[[ $seconds =~ ^[0-9]+$ && $seconds -gt 4 ]] || { sed -n '2,3p' "$0" >&2; exit 2; }
for tool in valgrind callgrind_annotate strace; do
  command -v "$tool" >/dev/null || { echo "tick_instructions: $tool is not installed (Debian: valgrind, strace)" >&2; exit 1; }
done
source tests/support/programs.sh
own_folder capmap-ticks
http=$(free_port) messages=$(free_port) enrol=$(free_port)
ctl=("$build/capmapctl" --url "http://127.0.0.1:$http" --state "$folder/controller")
"${ctl[@]}" init --site bench --region 11 >/dev/null
"$build/capmap-controller" --state "$folder/controller" --catalog schemas/catalog --interval-ms 500 --http-address 127.0.0.1 --http-port "$http" \
  --messages-address 127.0.0.1 --messages-port "$messages" --enrol-port "$enrol" --advertise-host 127.0.0.1 >"$folder/controller.log" 2>&1 &
pids+=($!)
for ((i = 0; i < 200; i++)); do
  "${ctl[@]}" status >/dev/null 2>&1 && break
  sleep 0.05
done
token=$("${ctl[@]}" token create --site bench --uses 1 --expires 1h --quiet)
"$build/capmap-agent" join "$token" --state "$folder/agent" >/dev/null

# watch COMMAND…: an agent under it for so many seconds; ends with its process id in $agent.
watch() {
  "$@" "$build/capmap-agent" --state "$folder/agent" >"$folder/agent.log" 2>&1 &
  pids+=($!)
  sleep "$seconds"
  pkill -TERM -P $! -x capmap-agent 2>/dev/null || kill -TERM $! # strace has the agent as its child, valgrind is it
  wait $! || true
}
watch valgrind --tool=callgrind --callgrind-out-file="$folder/callgrind.out"
callgrind_annotate --inclusive=yes --tree=caller --threshold=100 "$folder/callgrind.out" >"$folder/tree"
watch strace -f -qq -o "$folder/calls"

echo "instructions a tick in the agent's own processes, without the kernel's"
awk '
  / < / { if (match($0, /\(([0-9,]+)x\)/)) { n = substr($0, RSTART + 1, RLENGTH - 3); gsub(",", "", n); calls += n } next }
  / \* / { gsub(",", "", $1); name = $0; sub(/.*:capmap::(\(anonymous namespace\)::)?/, "", name); sub(/\(.*/, "", name)
           if ($0 ~ /capmap::/) { total[name] += $1; times[name] += calls } calls = 0; next }
  { calls = 0 }
  END {
    ticks = times["Ticker::take_snapshot"]
    if (ticks < 5) { print "tick_instructions: fewer than 5 ticks were seen"; exit 1 }
    split("read_cpu read_memory read_disk_traffic read_network read_storage_used read_power Accelerators::add_to SharedStorage::add_to " \
          "Ticker::take_snapshot Conversation::next Uplink::send_message Uplink::take_acks run_uplink", parts, " ")
    for (i = 1; i in parts; i++)
      if (parts[i] in total) printf "  %-26s %9.0f\n", parts[i], total[parts[i]] / ticks
    print "  over " ticks " ticks; take_snapshot holds the probes above it, run_uplink what is between; crypto runs in libzmq'"'"'s thread"
  }' "$folder/tree"
awk '{ sub(/^[0-9]+ +/, ""); if (match($0, /^[a-z_0-9]+\(/)) n[substr($0, 1, RLENGTH - 1)]++; if ($0 ~ /^sendto\(/) ticks++ }
  END { if (ticks < 5) exit 1; printf "system calls a message sent (start included, %d messages):", ticks
        for (name in n) if (n[name] >= ticks / 2) printf " %s %.1f", name, n[name] / ticks; print "" }' "$folder/calls"
