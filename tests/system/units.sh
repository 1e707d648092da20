#!/bin/bash
# Both services as systemd runs them, in a small Debian that is made by debootstrap and booted by systemd-nspawn: installed as a package
# would, a node on the map, kill -9 and SIGSTOP healed, a stop beside a call that hangs in a driver, what probes see in the sandbox.
#   units.sh [BUILD_FOLDER]     default build/release; the root folder is kept there (system_root) and made once
# Exit: 0 all holds, 1 something does not, 77 cannot be tried here and why.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build/release}")
readonly build cache="$build/system_root"
skip() { echo "units: not tried: $*"; exit 77; }
fail() { echo "units: $*"; exit 1; }
[ "$(id -u)" = 0 ] || skip "only root can boot a container"
for tool in debootstrap systemd-nspawn systemd-analyze jq nsenter dpkg-query; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done
# shellcheck disable=SC1091
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[ -n "$codename" ] || skip "this system's release has no code name"

# The mirror that this machine's apt uses for its own release, in either form of its lists.
mirror() {
  awk -v suite="$codename" '
    FNR == 1 { uri = "" }
    $1 == "URIs:" { uri = $2 }
    $1 == "Suites:" { for (i = 2; i <= NF; i++) if ($i == suite && uri != "") { print uri; exit } }
    $1 == "deb" { for (i = 2; i < NF; i++) if ($i ~ /^https?:|^file:/ && $(i + 1) == suite) { print $i; exit } }' \
    /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list /etc/apt/sources.list 2>/dev/null | head -1
}

# Packages whose libraries our programs want, by this machine's own.
library_packages() {
  ldd "$build"/capmap-agent "$build"/capmap-probe "$build"/capmap-controller "$build"/capmapctl |
    awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | xargs -n1 realpath | sort -u |
    while read -r file; do dpkg-query -S "$file" "${file#/usr}" 2>/dev/null || true; done | cut -d: -f1 | sort -u
}

make_cache() {
  local uri packages
  [ -e "$cache.made" ] && return
  uri=$(mirror)
  [ -n "$uri" ] || skip "apt's lists name no mirror of $codename"
  packages=$( (printf '%s\n' systemd systemd-sysv dbus procps libopenblas0-pthread && library_packages) | paste -sd,)
  rm -rf "$cache"
  debootstrap --variant=minbase --include="$packages" "$codename" "$cache" "$uri" >"$cache.log" 2>&1 ||
    { tail -3 "$cache.log"; skip "debootstrap did not come through, see $cache.log"; }
  touch "$cache.made"
}

folder=$(mktemp -d "$build/units.XXXXXX")
root=$folder/root container='' leader=''
tidy() {
  rm -f "$root/opt/false/cards" # what hangs goes on
  [ -z "$container" ] || { kill "$container" 2>/dev/null && wait "$container" 2>/dev/null; } || true
  [ -n "${UNITS_KEEP:-}" ] || rm -rf "$folder"
}
trap tidy EXIT

make_cache
cp -a "$cache" "$root"
for component in agent controller ctl; do
  DESTDIR=$root cmake --install "$build" --prefix /usr --component "$component" >"$folder/log" || { cat "$folder/log"; exit 1; }
done
install -D "$build/libcapmap_false_nvml.so" "$root/opt/false/libcapmap_false_nvml.so"
printf '%s\n' 'devices 1' '0.pci 0000:10:00.0' '0.id 10de:2330' '0.name NVIDIA H100' '0.total 85899345920' \
  '0.used 0' '0.gpu 5' '0.power 100000' >"$root/opt/false/cards"
systemd-sysusers --root="$root" capmap-agent.conf capmap-controller.conf 2>/dev/null
mkdir -p "$root/etc/capmap"
printf '[advertise]\nhost = "127.0.0.1"\n' >"$root/etc/capmap/controller.toml"
printf '[accelerators]\nevery_s = 1\nnvml_library = "/opt/false/libcapmap_false_nvml.so"\n' >"$root/etc/capmap/agent.toml"
# A watchdog that a test can wait for, and the library that plays NVIDIA's.
own=$root/etc/systemd/system
for unit in agent controller; do
  mkdir -p "$own/capmap-$unit.service.d"
  printf '[Service]\nWatchdogSec=3\nRestartSec=1\n' >"$own/capmap-$unit.service.d/test.conf"
done
echo 'Environment=CAPMAP_FALSE_NVML=/opt/false/cards' >>"$own/capmap-agent.service.d/test.conf"

systemd-nspawn --quiet --register=no --keep-unit --private-network --boot --directory="$root" >"$folder/console" 2>&1 &
container=$!
inside() { nsenter --target "$leader" --mount --uts --ipc --net --pid --root --wdns=/ -- "$@"; }
within() { # SECONDS WHAT COMMAND…: tries again until it holds
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ! kill -0 "$container" 2>/dev/null; then tail -5 "$folder/console"; skip "the container did not boot"; fi
    if [ "$SECONDS" -ge "$until" ]; then
      inside journalctl --no-pager -n 40 -u capmap-agent -u capmap-controller || true
      fail "not within its time: $what"
    fi
    sleep 0.3
  done
}
has_leader() { leader=$(pgrep -P "$container" | head -1) && [ -n "$leader" ]; }
within 30 "an init process" has_leader
booted() { [[ $(inside systemctl is-system-running) =~ running|degraded ]]; }
within 90 "a booted system" booted

echo "== the units are clean"
inside systemd-analyze verify --man=no /lib/systemd/system/capmap-{agent,controller}.service >"$folder/verify" 2>&1 || true
if grep capmap "$folder/verify"; then fail "systemd-analyze verify complains"; fi

echo "== a node on the map"
inside capmapctl init --site here >/dev/null
inside systemctl start capmap-controller
token=$(inside capmapctl token create --site here --quiet)
inside capmap-agent join "$token"
inside systemctl start capmap-agent
fresh() { [ "$(inside capmapctl --json nodes | jq '[.. | objects | select(.liveness? == "fresh")] | length')" = 1 ]; }
within 40 "a fresh node" fresh
for unit in agent controller; do
  [ "$(inside systemctl is-active "capmap-$unit")" = active ] || fail "capmap-$unit is not active"
  inside systemctl status --no-pager --lines=0 "capmap-$unit" | grep -E 'service -|Active:|Main PID:'
done
main() { inside systemctl show -P MainPID "capmap-$1"; }
uid_of() { inside sed -n 's/^Uid:\t\([0-9]*\).*/\1/p' "/proc/$1/status"; }
[ "$(uid_of "$(main agent)")" = "$(inside id -u capmap-agent)" ] || fail "the agent is not its own user"
[ "$(uid_of "$(main controller)")" = "$(inside id -u capmap)" ] || fail "the controller is not its own user"
facts=$(inside stat -c '%a %U' /var/lib/capmap-agent/privileged.facts) || fail "ExecStartPre left no privileged.facts"
[ "$facts" = "640 capmap-agent" ] || fail "privileged.facts is $facts"

before=$(main controller)
inside systemctl reload capmap-controller || fail "systemctl reload fails"
[ "$(main controller)" = "$before" ] || fail "a reload began the controller anew"
within 20 "a fresh node after the reload" fresh

echo "== killed and stopped programs come back"
other_main() { # UNIT OLD
  local now
  now=$(main "$1")
  [ "$now" != 0 ] && [ "$now" != "$2" ] && [ "$(inside systemctl is-active "capmap-$1")" = active ]
}
for signal in KILL STOP; do
  for unit in agent controller; do
    before=$(main "$unit")
    inside kill "-$signal" "$before"
    within 40 "another capmap-$unit after SIG$signal" other_main "$unit" "$before"
    within 60 "a fresh node after SIG$signal of the $unit" fresh
    echo "SIG$signal of capmap-$unit: healed"
  done
done
timeouts=$(inside journalctl --no-pager -u capmap-agent -u capmap-controller | grep -c 'Watchdog timeout' || true)
[ "$timeouts" -ge 2 ] || fail "the watchdog healed $timeouts of two programs that were stopped"

echo "== a stop beside a call that hangs in a driver"
samplers() {
  # shellcheck disable=SC2016
  inside sh -c 'for p in /proc/[0-9]*; do
    if tr "\0" " " <$p/cmdline 2>/dev/null | grep -q "^[^ ]*capmap-probe devices"; then basename $p; fi
  done'
}
one_sampler() { [ "$(samplers | wc -l)" = 1 ]; }
within 30 "a sampler of accelerators" one_sampler
echo '0.call.power hang' >>"$root/opt/false/cards"
sleep 4 # it is inside the call
stuck=$(samplers) agent=$(main agent)
SECONDS=0
inside systemctl stop capmap-agent
[ "$SECONDS" -le 10 ] || fail "the stop took $SECONDS s"
[ "$(samplers)" = "$stuck" ] || fail "the stop ended the sampler that was inside a driver"
inside systemctl start capmap-agent
within 40 "a fresh node beside the stuck sampler" fresh
sleep 5 # a second one would be there by now
[ "$(samplers)" = "$stuck" ] || fail "samplers are now: $(samplers | tr '\n' ' '), the stuck one was $stuck"
[ "$(main agent)" != "$agent" ] || fail "the agent is the old one"
inside capmap-agent doctor --json >"$folder/doctor.json" || true
jq -e '.findings[] | select(.area == "earlier run")' "$folder/doctor.json" >/dev/null || fail "doctor does not tell of the stuck sampler"
echo "one old child ($stuck), one new agent ($(main agent))"
sed -i '/hang/d' "$root/opt/false/cards"
other_sampler() { local now; now=$(samplers) && [ -n "$now" ] && [ "$now" != "$stuck" ] && one_sampler; }
within 60 "another sampler once the call returned" other_sampler

tests/system/units_sandbox.sh "$build" "$root" "$leader" "$folder"
echo "units: both services hold"
