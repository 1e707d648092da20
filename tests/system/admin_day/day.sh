# shellcheck shell=bash
# Sourced by the stories of an admin's day. Each has a controller of its own on loopback, agents on machines of the kind it needs (their
# proc and sys made by make_host.sh, their host names by a namespace, which needs root), and does what an admin does: by capmap-agent,
# capmap-controller and capmapctl alone. A story prints one line of what happened.
#   STORY.sh [BUILD_FOLDER]     default build/release
# Exit: 0 the admin saw what must be seen, 1 not (with what was seen), 77 not root: left out.
set -euo pipefail
export LC_ALL=C LANG=C
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
build=$(realpath "${1:-build/release}")
readonly build story=${0##*/} interval_ms=500
source tests/support/programs.sh
[ "$(id -u)" = 0 ] || { echo "$story: needs root, for host names of its own: left out"; exit 77; }
own_folder capmap-day
export CAPMAP_CATALOG=$PWD/schemas/catalog XDG_CONFIG_HOME=$folder/config
readonly state=$folder/controller
# shellcheck disable=SC2016
readonly as_host='hostname "$1" && shift && exec "$@"'
http=$(free_port) messages=$(free_port) enrol=$(free_port) next=$(free_port)
readonly url=http://127.0.0.1:$http

ctl() { "$build/capmapctl" --url "$url" --state "$state" "$@"; }

give_up() { # WHAT
  echo "$story: $1"
  [ ! -s "$folder/said" ] || { echo "-- the last answer:"; cat "$folder/said"; }
  for log in "$folder"/*.log; do
    [ ! -s "$log" ] || { echo "-- the end of ${log##*/}:"; tail -n 8 "$log"; }
  done
  exit 1
}

# must_say TEXT COMMAND…: it succeeds, and its answer has the text (a regular expression).
must_say() {
  local text=$1
  shift
  "$@" >"$folder/said" 2>&1 || give_up "exit $? of: $*"
  grep -qE -- "$text" "$folder/said" || give_up "not \"$text\" in the answer of: $*"
}
# must_fail CODE TEXT COMMAND…: it fails with that code, and says the text.
must_fail() {
  local code=$1 text=$2 rc=0
  shift 2
  "$@" >"$folder/said" 2>&1 || rc=$?
  [ "$rc" = "$code" ] || give_up "exit $rc, not $code, of: $*"
  grep -qE -- "$text" "$folder/said" || give_up "not \"$text\" in the answer of: $*"
}
# soon SECONDS TEXT COMMAND…: within that time its answer has the text; sets took_s to how long that was.
soon() {
  local until_ms text=$2 began_ms
  began_ms=$(date +%s%3N)
  until_ms=$((began_ms + $1 * 1000))
  shift 2
  until "$@" >"$folder/said" 2>&1 && grep -qE -- "$text" "$folder/said"; do
    [ "$(date +%s%3N)" -lt "$until_ms" ] || give_up "\"$text\" did not come in the answer of: $*"
    sleep 0.2
  done
  # shellcheck disable=SC2034
  took_s=$((($(date +%s%3N) - began_ms + 500) / 1000))
}
# must_not_say TEXT COMMAND…
must_not_say() {
  local text=$1
  shift
  "$@" >"$folder/said" 2>&1 || give_up "exit $? of: $*"
  ! grep -qE -- "$text" "$folder/said" || give_up "\"$text\" is in the answer of: $*"
}

# The controller: state by init, then the program; more flags may be said.
new_controller() { # SITE REGION
  "$build/capmapctl" init --state "$state" --site "$1" --region "$2" >"$folder/said" 2>&1 || give_up "init fails"
}
# shellcheck disable=SC2120
start_controller() { # further flags may be said
  "${controller:-$build/capmap-controller}" --state "$state" --interval-ms "$interval_ms" --http-port "$http" --messages-port "$messages" \
    --messages-address 127.0.0.1 --messages-next-port "$next" --enrol-port "$enrol" --advertise-host 127.0.0.1 "$@" \
    </dev/null >>"$folder/controller.log" 2>&1 &
  controller_pid=$!
  pids+=("$controller_pid")
  soon 20 . ctl status
}
stop() { # PID [SIGNAL]
  kill "-${2:-TERM}" "$1"
  wait "$1" 2>/dev/null || true
}

# machine NAME LINE…: the proc and sys of a server with two packages of 24 cores, and further lines of make_host.sh.
machine() {
  local name=$1
  shift
  {
    printf '%s\n' 'arch x86_64' 'packages 2' 'cores 24' 'threads 2' 'nodes 2' 'node_mib 65536' 'cpuinfo vendor_id: GenuineIntel' \
      'cpuinfo cpu family: 6' 'cpuinfo model: 85' 'cpuinfo model name: Intel(R) Xeon(R) Gold 6248R CPU @ 3.00GHz' 'cpuinfo stepping: 7' \
      'cpuinfo flags: fpu sse2 sse4_2 avx f16c fma avx2 avx512f avx512dq avx512cd avx512bw avx512vl avx512_vnni' \
      'cpu cpufreq/base_frequency 3000000' 'nic ens1 0000:00:1f.0 25000'
    [ $# = 0 ] || printf '%s\n' "$@"
  } >"$folder/$name.machine"
  tests/support/make_host.sh "$folder/$name.machine" "$folder/$name.root"
}
# join NAME SITE: an admin's token lets it in.
join() {
  local token
  token=$(ctl token create --site "$2" --quiet)
  must_say . agent_program "$1" join "$token"
}
agent_program() { # NAME ARGUMENTS…
  local name=$1
  shift
  unshare --uts "$BASH" -c "$as_host" sh "$name" "${agent:-$build/capmap-agent}" "$@" --state "$folder/$name.agent"
}
# start_agent NAME [FLAGS]: its process id in agents[NAME].
declare -A agents=()
start_agent() {
  local name=$1
  shift
  unshare --uts "$BASH" -c "$as_host" sh "$name" "${agent:-$build/capmap-agent}" --state "$folder/$name.agent" \
    --root "$folder/$name.root" "$@" </dev/null >>"$folder/$name.log" 2>&1 &
  # shellcheck disable=SC2034
  agents[$name]=$!
  pids+=($!)
}
# enlist SITE NAME…: machines, their keys and their agents, until all are fresh.
enlist() {
  local site=$1 name
  shift
  for name in "$@"; do
    [ -e "$folder/$name.root" ] || machine "$name"
    join "$name" "$site"
    start_agent "$name"
  done
  for name in "$@"; do soon 30 fresh node_line "$name"; done
}
# The line of one node in the list; its id.
node_line() { ctl nodes -o csv | grep -E "(^|,)$1(,|$)"; }
node_id() { node_line "$1" | grep -oE 'n-[a-z2-7]{26}'; }
told() { echo "${story%.sh}: $*"; }
