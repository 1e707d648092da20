#!/bin/bash
# From nothing to a node on the map, on this machine: a controller and an agent in a temporary folder, on loopback, as any user.
#   demo.sh BUILD_FOLDER     runs until Ctrl-C; with ONCE=1 ends after showing the map
# Exit: 0 shown, 1 the node did not get on the map within 20 s (both logs are shown). Leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly build=${1:-build/release} patience_ms=20000
state=$(mktemp -d "${TMPDIR:-/tmp}/capmap-demo.XXXXXX")
export CAPMAP_CATALOG=$PWD/schemas/catalog
controller_pid='' agent_pid=''

finish() {
  local pid tries
  trap - EXIT
  trap '' INT TERM HUP PIPE
  for pid in $agent_pid $controller_pid; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in $agent_pid $controller_pid; do
    for ((tries = 0; tries < 100; tries++)); do if kill -0 "$pid" 2>/dev/null; then sleep 0.05; else break; fi; done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$state"
}
trap finish EXIT
trap 'finish; exit 0' INT TERM HUP PIPE

now_ms() { date +%s%3N; }
ctl() { "$build/capmapctl" --url "http://127.0.0.1:$http" --state "$state/controller" "$@"; }
say() { printf '\n== %s\n' "$*"; }

give_up() {
  printf '\ndemo: %s\n' "$1" >&2
  for log in controller agent; do
    [ ! -s "$state/$log.log" ] || { echo "-- the last lines of the $log:"; tail -n 20 "$state/$log.log"; } >&2
  done
  exit 1
}

# Three ports nobody listens on: the usual ones, else others.
choose_ports() {
  local base port taken
  for base in 8470 $((20000 + RANDOM % 10000)) $((30000 + RANDOM % 2000)) $((10000 + RANDOM % 10000)); do
    taken=''
    for port in $base $((base + 1)) $((base + 2)); do
      if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then taken=$port; fi
    done
    if [ -z "$taken" ]; then
      http=$base messages=$((base + 1)) enrol=$((base + 2))
      return
    fi
    echo "port $taken is in use here, trying others"
  done
  give_up 'no three free ports found'
}

# wait_for PID WHAT COMMAND…: until the command succeeds; gives up when the process ends or patience does.
wait_for() {
  local pid=$1 what=$2 until_ms=$(($(now_ms) + patience_ms))
  shift 2
  until "$@" >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null || give_up "$what: the program ended"
    [ "$(now_ms)" -lt "$until_ms" ] || give_up "$what: not within $((patience_ms / 1000)) s"
    sleep 0.02
  done
}
# Fresh, and its hardware is known too.
on_the_map() { ctl --json map | grep -qE '"fresh":1,.*"hardware_unknown":0[,}]'; }
# Its use has come too: the first message has only facts.
use_told() { ctl --json map | grep -qE '"memory":\{[^}]*"use_unknown_nodes":0[,}]'; }

for program in capmap-controller capmap-agent capmap-probe capmapctl; do
  [ -x "$build/$program" ] || give_up "$build/$program is not built: make build"
done
choose_ports

say 'a controller: its keys, its admin token and its first site'
ctl init --site demo --region 11
"$build/capmap-controller" --state "$state/controller" --catalog schemas/catalog --http-address 127.0.0.1 --http-port "$http" \
  --messages-address 127.0.0.1 --messages-port "$messages" --enrol-port "$enrol" --advertise-host 127.0.0.1 </dev/null >"$state/controller.log" 2>&1 &
controller_pid=$!
wait_for "$controller_pid" 'controller ready' ctl status

say 'an agent: a token lets it in, then it reports'
token=$(ctl token create --site demo --uses 1 --expires 1h --quiet)
"$build/capmap-agent" join "$token" --state "$state/agent"
started_ms=$(now_ms)
"$build/capmap-agent" --state "$state/agent" </dev/null >"$state/agent.log" 2>&1 &
agent_pid=$!
wait_for "$agent_pid" 'node on the map' on_the_map
echo "on the map $(($(now_ms) - started_ms)) ms after the agent's start"
wait_for "$agent_pid" 'use of the node' use_told

say 'the map'
ctl map
say 'the node'
node=$(ctl --json nodes | grep -oE 'n-[a-z2-7]{26}' | head -n 1)
ctl nodes show "$node"

printf '\nthe console: http://127.0.0.1:%s/\n' "$http"
[ "${ONCE:-0}" != 1 ] || exit 0
cat <<TEXT

== running until Ctrl-C; look further from another terminal:
  $build/capmapctl --url http://127.0.0.1:$http map --by region,cpu_model
  $build/capmapctl --url http://127.0.0.1:$http nodes
  curl -s http://127.0.0.1:$http/v1/map?by=site
  curl -s http://127.0.0.1:$http/v1/nodes/$node
  curl -s http://127.0.0.1:$http/metrics
  ports: HTTP $http, messages $messages, enrolment $enrol; logs: $state/controller.log, $state/agent.log
TEXT
while kill -0 "$controller_pid" 2>/dev/null && kill -0 "$agent_pid" 2>/dev/null; do sleep 1; done
give_up 'a program ended'
