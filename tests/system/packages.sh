#!/bin/bash
# The debs in a small Debian that is booted by systemd-nspawn, without a network: installed from files, init, join, a node on the map; then
# reboot, upgrade, an upgrade cut off in the middle, a downgrade, remove, purge, and all of it again without a terminal.
#   packages.sh [FOLDER]     default build/packages/dist; the root folder is kept beside it (packages_root) and made once
# The newer packages are these very ones under a higher number: their scripts run as they would, their programs are the same.
# Exit: 0 all holds, 1 something does not, 77 cannot be tried here and why.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
dist=$(realpath "${1:-build/packages/dist}")
readonly name=packages dist cache="$dist/../packages_root"
# shellcheck source=tests/support/container.sh
. tests/support/container.sh
for tool in debootstrap systemd-nspawn jq nsenter dpkg-deb; do command -v "$tool" >/dev/null || skip "$tool is not installed"; done
ls "$dist"/capmap-controller_*.deb >/dev/null || fail "no packages in $dist: make packages"

folder=$(mktemp -d "$dist/../packages.XXXXXX")
root=$folder/root
trap 'halt; [ -n "${PACKAGES_KEEP:-}" ] || rm -rf "$folder"' EXIT
own() { find "$dist" -name '*.deb' ! -name '*-dbgsym_*'; }
depends=$(for deb in $(own); do dpkg-deb -f "$deb" Depends; done | tr ',' '\n' | awk '{ print $1 }' | grep -v '^capmap' | sort -u)
make_root "$cache" "$(printf '%s\n' systemd systemd-sysv dbus procps "$depends" | sort -u | paste -sd,)"
cp -a "$cache" "$root"

# The same under a higher number.
mkdir "$folder/newer"
for deb in $(own); do
  rm -rf "$folder/open"
  dpkg-deb -R "$deb" "$folder/open"
  sed -i -E 's/^Version: .*/&+newer/; s/(capmapctl|capmap-catalog) \((>?=) ([^)]*)\)/\1 (\2 \3+newer)/g' "$folder/open/DEBIAN/control"
  dpkg-deb --root-owner-group -Znone -b "$folder/open" "$folder/newer" >/dev/null
done
readonly binds=(--bind-ro="$dist:/packages" --bind-ro="$folder/newer:/newer")
boot "$root" "${binds[@]}"

apt() { inside env DEBIAN_FRONTEND=noninteractive apt-get -q -y --allow-downgrades -o Dpkg::Options::=--force-confold "$@"; }
quiet() { "$@" >"$folder/said" 2>&1 || { tail -40 "$folder/said"; fail "fails: $*"; }; }
files() { # FOLDER PACKAGES…: as they are named in the container
  local in=$1 package
  shift
  for package in "$@"; do
    inside sh -c "ls /$in/${package}_*.deb"
  done
}
readonly server=(capmap-catalog capmapctl capmap-controller) agent=(capmap-catalog capmap-agent)
active() { [ "$(inside systemctl is-active "capmap-$1")" = active ]; }
waits() { [ "$(inside systemctl is-active "capmap-$1")" = inactive ] && inside systemctl is-enabled --quiet "capmap-$1"; }
nodes() { inside capmapctl --json nodes | jq -r '[.. | objects | select(.liveness? == "fresh") | .id] | sort | join(" ")'; }
fresh() { [ -n "$(nodes)" ]; }
same_node() { [ "$(nodes)" = "$node" ]; }

echo "== installed, nothing made yet: both wait"
# shellcheck disable=SC2046
quiet apt install $(files packages "${server[@]}" capmap-agent)
waits controller || fail "capmap-controller does not wait for init"
waits agent || fail "capmap-agent does not wait for join"
if inside systemctl --failed --plain --no-legend | grep capmap; then fail "a unit of ours has failed"; fi

echo "== init and join, as an administrator types them"
printf '[advertise]\nhost = "127.0.0.1"\n' >"$root/etc/capmap/controller.toml"
inside capmapctl init --site here
for part in server.key admin.token tls.crt tls.key store.db; do
  inside test -s "/var/lib/capmap-controller/$part" || fail "init made no $part"
done
within 30 "the controller, begun by init" active controller
within 30 "a token" inside capmapctl token create --site here --quiet
inside capmap-agent join "$(inside capmapctl token create --site here --quiet)"
within 30 "the agent, begun by join" active agent
within 60 "a fresh node" fresh
node=$(nodes)
echo "on the map: $node"
inside systemctl status --no-pager --lines=0 capmap-controller capmap-agent | grep -E 'service -|Active:'
for unit in controller agent; do
  inside systemctl stop "capmap-$unit"
  sleep 2
  active "$unit" && fail "capmap-$unit does not stay stopped"
  inside systemctl start "capmap-$unit"
done

echo "== a reboot"
inside systemctl poweroff
wait "$container" || true
boot "$root" "${binds[@]}"
within 60 "the same node after the reboot" same_node

echo "== an upgrade keeps state and settings"
was=$(inside systemctl show -P MainPID capmap-controller)
# shellcheck disable=SC2046
quiet apt install $(files newer "${server[@]}" capmap-agent)
inside dpkg -l 'capmap*' | grep ^ii
[ "$(inside systemctl show -P MainPID capmap-controller)" != "$was" ] || fail "the upgrade did not begin the controller anew"
within 60 "the same node after the upgrade" same_node
inside grep -q 127.0.0.1 /etc/capmap/controller.toml || fail "the upgrade took the settings away"

echo "== an upgrade that is cut off between unpacking and setting up"
# shellcheck disable=SC2046
quiet inside dpkg --force-downgrade --unpack $(files packages "${server[@]}" capmap-agent)
inside systemctl kill -s KILL capmap-controller
within 60 "the same node beside packages that are half installed" same_node
quiet inside dpkg --configure -a
within 60 "the same node once they are whole" same_node


echo "== a store of a newer version is not given to an older controller; the way back leads back"
readonly state=/var/lib/capmap-controller
quiet inside systemctl stop capmap-controller
# As the newer one would: a copy of the store as it was, then its own version in SQLite's header.
inside cp -p "$state/store.db" "$state/store.db.version-1"
version() { inside od -An -tu1 -j63 -N1 "$state/store.db" | tr -d ' '; }
known=$(version)
inside sh -c "printf '\\$(printf %o $((known + 1)))' | dd of=$state/store.db bs=1 seek=63 conv=notrunc status=none"
[ "$(version)" = $((known + 1)) ] || fail "the store's version is $(version)"
before=$(inside sha256sum "$state/store.db")
# shellcheck disable=SC2046
if apt install --reinstall $(files packages capmap-controller) >"$folder/said" 2>&1; then fail "an older controller was installed over a newer store"; fi
grep -E '^ *(capmap-controller:|The way back|systemctl|install this|capmapctl restore)' "$folder/said" || { cat "$folder/said"; fail "no way back is told"; }
[ "$(inside sha256sum "$state/store.db")" = "$before" ] || fail "the refusal changed the store"
inside dpkg -s capmap-controller | grep -qx 'Status: install ok installed' || fail "the refusal left the package half installed"
inside sh -c "systemctl stop capmap-controller; mv $state/store.db $state/store.db.newer"
# shellcheck disable=SC2046
quiet apt install --reinstall $(files packages capmap-controller)
waits controller || fail "a controller without a store does not wait"
quiet inside sh -c "capmapctl restore $state/store.db.version-1 && systemctl start capmap-controller"
within 90 "the same node on the restored map" same_node

echo "== removed: state and settings stay"
quiet apt remove capmap-agent capmap-controller
for kept in "$state/server.key" /var/lib/capmap-agent/agent.key /etc/capmap/controller.toml; do
  inside test -s "$kept" || fail "remove took $kept away"
done
inside sh -c '! pgrep -x "capmap-.*"' || fail "programs run on after remove"
# shellcheck disable=SC2046
quiet apt install $(files packages "${server[@]}" "${agent[@]}")
within 90 "the same node after another installation" same_node

echo "== purged: nothing stays"
purge() { quiet apt purge capmap-agent capmap-controller capmapctl capmap-catalog; }
nothing() {
  inside find / -xdev -iname '*capmap*' ! -path '/var/cache/*' ! -path '/var/log/*' ! -path '/packages*' ! -path '/newer*' >"$folder/left"
  inside getent passwd capmap capmap-agent >>"$folder/left" || true
  if [ -s "$folder/left" ]; then cat "$folder/left"; fail "purge left these"; fi
}
purge
nothing

echo "== without a terminal: files first, then packages"
mkdir -p "$root/etc/capmap"
printf '[advertise]\nhost = "127.0.0.1"\n' >"$root/etc/capmap/controller.toml"
printf 'CAPMAP_INIT=--site hall-2 --region 1101\n' >"$root/etc/capmap/init.env"
# shellcheck disable=SC2046
quiet apt install $(files packages "${server[@]}")
within 30 "the controller, begun by its files" active controller
inside grep -q 127.0.0.1 /etc/capmap/controller.toml || fail "the settings that were there first are gone"
within 30 "a token" inside capmapctl token create --site hall-2 --quiet
(umask 077 && inside capmapctl token create --site hall-2 --quiet >"$root/etc/capmap/join.token")
# shellcheck disable=SC2046
quiet apt install $(files packages "${agent[@]}")
within 60 "a fresh node that a file let in" fresh
[ "$(nodes)" != "$node" ] || fail "this is the purged node"
inside test ! -e /etc/capmap/join.token || fail "the used token is still there"
rm "$root/etc/capmap/init.env"
purge
nothing
echo "packages: they install, live and go as they should"
