#!/bin/bash
# Watchers of /v1/events over TLS whose link goes dead without a word: how long until the controller has let all of them go.
#   silent_watchers.sh BUILD_FOLDER [WATCHERS]     default 500. Needs root (a network namespace); ends with 77 without.
# Exit: 0 all were let go within 30 s, and the others were not; 1 not so.
set -euo pipefail
build=$(realpath "${1:?build folder}")
readonly build watchers=${2:-500} most_s=30
if [ "$(id -u)" != 0 ] || ! command -v ip >/dev/null; then
  echo "silent_watchers: needs root and iproute2"
  exit 77
fi
cd "$(dirname "$0")/../.."
folder=$(mktemp -d "${TMPDIR:-/tmp}/capmap-silent.XXXXXX")
readonly space=capmap-silent-$$ ours=cms$$a theirs=cms$$b address=10.213.18.1 port=$((20000 + $$ % 10000))
pids=()
finish() {
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  ip link del "$ours" 2>/dev/null || true
  ip netns del "$space" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
if ! { ip netns add "$space" && ip link add "$ours" type veth peer name "$theirs" netns "$space"; }; then
  echo "silent_watchers: no network namespaces here"
  exit 77
fi
ip addr add "$address/30" dev "$ours"
ip link set "$ours" up
ip -n "$space" addr add 10.213.18.2/30 dev "$theirs"
ip -n "$space" link set "$theirs" up

"$build/capmapctl" init --state "$folder/state" --site here --region 1101 >/dev/null
"$build/capmap-controller" --state "$folder/state" --catalog schemas/catalog --http-address "$address" --http-port "$port" \
  --http-tls-certificate "$folder/state/tls.crt" --http-tls-key "$folder/state/tls.key" \
  --messages-address 127.0.0.1 --messages-port $((port + 1)) --enrol-port $((port + 2)) >"$folder/log" 2>&1 &
pids+=($!)
readonly url=https://$address:$port
ask() { curl -ksf --max-time 5 -H "Authorization: Bearer $(cat "$folder/state/admin.token")" "$url$1"; }
for ((i = 0; i < 100; i++)); do if ask /healthz >/dev/null; then break; else sleep 0.1; fi; done
watching() { ask /metrics | sed -n 's/^capmap_http_watchers \([0-9]*\).*/\1/p'; }

cat >"$folder/watch.py" <<'END'
"""Opens COUNT streams over TLS, reads what each begins with, says so, and then neither reads nor writes."""
import socket, ssl, sys, time
host, port, count, token = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
kept = []
for _ in range(count):
    stream = context.wrap_socket(socket.create_connection((host, port)))
    stream.sendall(f"GET /v1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    if not stream.recv(12).startswith(b"HTTP/1.1 200"):
        sys.exit("no stream")
    kept.append(stream)
print("open", flush=True)
time.sleep(600)
END
ip netns exec "$space" python3 "$folder/watch.py" "$address" "$port" "$watchers" "$(cat "$folder/state/admin.token")" >"$folder/open" &
pids+=($!)
python3 "$folder/watch.py" "$address" "$port" 3 "$(cat "$folder/state/admin.token")" >"$folder/open3" &
pids+=($!)
for ((i = 0; i < 600; i++)); do [ -s "$folder/open" ] && [ -s "$folder/open3" ] && break; sleep 0.1; done
all=$(watching)
[ "$all" = $((watchers + 3)) ] || { echo "silent_watchers: $all watch, not $((watchers + 3))"; tail -5 "$folder/log"; exit 1; }

ip -n "$space" link set "$theirs" down
begun_ms=$(date +%s%3N)
for ((i = 0; i < 10 * most_s; i++)); do
  left=$(watching)
  [ "$left" -gt 3 ] || break
  sleep 0.1
done
took_ms=$(($(date +%s%3N) - begun_ms))
echo "silent_watchers: $watchers gone after $took_ms ms, $left of the 3 others left"
[ "$left" = 3 ] && [ "$took_ms" -le $((most_s * 1000)) ]
