#!/bin/bash
# The console in a real browser, over a live controller with the fleet's national preset: each view opened, filtered, drilled, exported, in both
# languages, by keyboard alone; what it says in trouble; that hostile texts stay texts; how long it takes.
#   console.sh [BUILD_FOLDER [STORY…]]     stories: views, export, find, keyboard, admin, hostile, pace, trouble; all when none is named; shots alone when named
#   CAPMAP_NODES (default 400); CAPMAP_FULL=1: 20,000 and 50,000 sites in pace, and 30 minutes of live updates
# Exit: 0 as it should be, 1 not, 77 node, npm or chromium is missing.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build/release}")
readonly build here=$PWD/tests/browser nodes=${CAPMAP_NODES:-400}
shift || true
stories=("$@")
[ ${#stories[@]} -gt 0 ] || stories=(views export find keyboard admin hostile pace trouble)
for program in node npm; do
  command -v "$program" >/dev/null || { echo "console: $program is not installed"; exit 77; }
done
chromium=$(command -v chromium || true)
[ -n "$chromium" ] || { echo "console: chromium is not installed (apt-get install chromium fonts-noto-cjk)"; exit 77; }
if [ ! -d "$here/node_modules/playwright-core" ]; then
  (cd "$here" && npm ci --no-audit --no-fund >/dev/null 2>&1) || { echo "console: npm ci cannot fetch playwright-core and axe-core"; exit 77; }
fi
source tests/support/programs.sh
own_folder capmap-console
port=$(free_port) messages=$(free_port) enrol=$(free_port)
readonly url=http://127.0.0.1:$port

# Written so that the stories can stop and start it again under the same ports.
cat >"$folder/start" <<SCRIPT
#!/bin/bash
exec "$build/capmap-controller" --state "\${STATE:-$folder/state}" --catalog "$PWD/schemas/catalog" --interval-ms 2000 \
  --http-address 127.0.0.1 --http-port "\${PORT:-$port}" --messages-address 127.0.0.1 --messages-port "\${MESSAGES:-$messages}" \
  --enrol-port "\${ENROL:-$enrol}" --advertise-host 127.0.0.1
SCRIPT
chmod +x "$folder/start"
"$build/capmapctl" init --state "$folder/state" --site here --region 11 >/dev/null
"$folder/start" </dev/null >"$folder/controller.log" 2>&1 &
pids+=($!)
controller=$!
for ((i = 0; i < 200; i++)); do curl -sf -o /dev/null "$url/healthz" && break; sleep 0.1; done
fleet=$build/tests/fleet/capmap-fleet
"$fleet" --preset national --nodes "$nodes" --print-sites >"$folder/sites"
tests/fleet/make_sites.py "$folder/sites" "$folder/tokens" --url "$url" --admin-token "$folder/state/admin.token"
"$here/world.py" "$url" "$folder/state/admin.token"
"$fleet" --preset national --nodes "$nodes" --sites "$folder/tokens" --first 0 --agents "$nodes" --loss 5 --churn 1 --clones 1 --liars 2 \
  </dev/null >"$folder/fleet.log" 2>&1 &
pids+=($!)
for ((i = 0; i < 100; i++)); do grep -q '^joined' "$folder/fleet.log" && break; sleep 0.2; done
sleep 3
cd "$here"
export CAPMAP_BUILD=$build CAPMAP_URL=$url CAPMAP_CHROMIUM=$chromium CAPMAP_FOLDER=$folder CAPMAP_CONTROLLER=$controller
CAPMAP_ADMIN=$(cat "$folder/state/admin.token")
export CAPMAP_ADMIN
failed=0
# One after the other: trouble, the last, ends the controller.
for story in "${stories[@]}"; do
  node --test --test-concurrency=1 "$story.story.js" || { failed=1; tail -5 "$folder/controller.log"; }
done
exit $failed
