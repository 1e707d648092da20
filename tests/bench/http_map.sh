#!/bin/bash
# The map over HTTP beside nginx that serves the same bytes from a file: requests a second and CPU a request, by wrk, in one run.
#   http_map.sh [SECONDS [BUILD_FOLDER]]     default 10 s each, build/release
# Ours is a controller with 200 simulated agents; /v1/map is asked as a whole: always the same, which is answered from memory until the next
# view or for a quarter of a second, and with a limit that is another each time, so that each answer is summed and written anew. Each is
# measured alone, twice, in turn. nginx has one worker, as our HTTP is one thread; neither wrk nor nginx (Debian: wrk, nginx-light) is
# installed by itself.
# Writes build/bench.http.json (http.map_rps, http.map_cpu_us, http.map_made_rps, http.map_made_cpu_us); without wrk or nginx their value
# is null.
# Exit: 0 measured or skipped, 1 not measurable, 2 wrong use.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
readonly seconds=${1:-10} build=${2:-build/release}
[[ $seconds =~ ^[0-9]+$ ]] || { sed -n '3,4p' "$0" >&2; exit 2; }
for tool in wrk nginx curl jq; do
  command -v "$tool" >/dev/null || [ -x "/usr/sbin/$tool" ] && continue
  echo "http_map: $tool is not installed, skipped"
  none="\"value\":null,\"reference\":null,\"ratio\":null,\"target\":null,\"reason\":\"$tool is not installed\""
  echo "[{\"name\":\"http.map_rps\",\"unit\":\"1/s\",$none},{\"name\":\"http.map_cpu_us\",\"unit\":\"us\",$none},\
{\"name\":\"http.map_made_rps\",\"unit\":\"1/s\",$none},{\"name\":\"http.map_made_cpu_us\",\"unit\":\"us\",$none}]" >build/bench.http.json
  exit 0
done
source tests/support/programs.sh
own_folder capmap-http
http=$(free_port) messages=$(free_port) enrol=$(free_port) next=$(free_port) theirs=$(free_port)
export CAPMAP_CATALOG=$PWD/schemas/catalog
state=$folder/controller
"$build/capmapctl" init --state "$state" --site bench --region 11 >/dev/null
"$build/capmap-controller" --state "$state" --http-port "$http" --messages-address 127.0.0.1 --messages-port "$messages" \
  --messages-next-port "$next" --enrol-port "$enrol" --advertise-host 127.0.0.1 >"$folder/controller.log" 2>&1 &
ours_pid=$!
pids+=("$ours_pid")
until curl -sf "http://127.0.0.1:$http/readyz" >/dev/null; do
  kill -0 "$ours_pid" 2>/dev/null || { cat "$folder/controller.log" >&2; exit 1; }
  sleep 0.1
done
token=$("$build/capmapctl" --url "http://127.0.0.1:$http" --state "$state" token create --site bench --uses 200 --quiet)
"$build/tests/fleet/capmap-fleet" --join "$token" --preset mix --nodes 200 --agents 200 >"$folder/fleet.log" 2>&1 &
pids+=($!)
for ((i = 0; i < 300; i++)); do
  [ "$(curl -sf "http://127.0.0.1:$http/v1/map" | jq .total.nodes.fresh)" = 200 ] && break
  sleep 0.2
done
mkdir -p "$folder/root/v1"
curl -sf "http://127.0.0.1:$http/v1/map" >"$folder/root/v1/map"
bytes=$(stat -c %s "$folder/root/v1/map")
# Started by root, its worker is another user, who may not look into the folder.
user=''
[ "$(id -u)" != 0 ] || user='user root;'
cat >"$folder/nginx.conf" <<END
$user
daemon off;
worker_processes 1;
pid $folder/nginx.pid;
error_log $folder/nginx.log;
events { worker_connections 256; }
http {
  access_log off;
  keepalive_requests 1000000;
  server { listen 127.0.0.1:$theirs; root $folder/root; default_type application/json; }
}
END
PATH=$PATH:/usr/sbin nginx -e "$folder/nginx.log" -c "$folder/nginx.conf" &
pids+=($!)
for ((i = 0; i < 100; i++)); do
  curl -sf "http://127.0.0.1:$theirs/v1/map" >/dev/null && break
  sleep 0.1
done
[ "$i" -lt 100 ] || { cat "$folder/nginx.log" >&2; exit 1; }
worker=$(pgrep -P "$(cat "$folder/nginx.pid")" | head -1)

ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
cat >"$folder/other.lua" <<'END'
local asked = 0
request = function()
  asked = asked + 1
  return wrk.format("GET", "/v1/map?limit=" .. asked % 1000 + 1)
end
END
# loaded PORT PID [SCRIPT]: requests a second, and microseconds of CPU a request.
loaded() {
  local before after done_requests
  before=$(ticks "$2")
  wrk -t1 -c16 -d"${seconds}s" ${3:+-s "$3"} "http://127.0.0.1:$1/v1/map" >"$folder/wrk.log"
  after=$(ticks "$2")
  done_requests=$(awk '/requests in/ { print $1 }' "$folder/wrk.log")
  grep -q 'Non-2xx' "$folder/wrk.log" && { cat "$folder/wrk.log" >&2; exit 1; }
  awk -v n="$done_requests" -v t="$((after - before))" -v hz="$(getconf CLK_TCK)" -v s="$seconds" 'BEGIN { printf "%.0f %.2f\n", n / s, t / hz * 1e6 / n }'
}
for round in 1 2; do
  read -r theirs_rps theirs_us < <(loaded "$theirs" "$worker")
  read -r ours_rps ours_us < <(loaded "$http" "$ours_pid")
  read -r made_rps made_us < <(loaded "$http" "$ours_pid" "$folder/other.lua")
  echo "round $round, $bytes bytes: nginx $theirs_rps/s at $theirs_us us of CPU a request, capmap $ours_rps/s at $ours_us us," \
    "made anew $made_rps/s at $made_us us"
done
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
echo "of nginx: requests a second $(ratio "$ours_rps" "$theirs_rps"), CPU a request $(ratio "$ours_us" "$theirs_us");" \
  "made anew $(ratio "$made_rps" "$theirs_rps") and $(ratio "$made_us" "$theirs_us")"
mkdir -p build
jq -n --argjson ours "$ours_rps" --argjson tr "$theirs_rps" --argjson ou "$ours_us" --argjson tu "$theirs_us" --argjson mr "$made_rps" \
  --argjson mu "$made_us" '[
  {name: "http.map_rps", value: $ours, unit: "1/s", reference: $tr, ratio: ($ours / $tr), target: null},
  {name: "http.map_cpu_us", value: $ou, unit: "us", reference: $tu, ratio: ($ou / $tu), target: null},
  {name: "http.map_made_rps", value: $mr, unit: "1/s", reference: $tr, ratio: ($mr / $tr), target: null},
  {name: "http.map_made_cpu_us", value: $mu, unit: "us", reference: $tu, ratio: ($mu / $tu), target: null}]' >build/bench.http.json
