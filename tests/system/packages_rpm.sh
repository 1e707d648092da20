#!/bin/bash
# The rpms in a root folder by rpm --root: scriptlets run, rpm -V finds all as it was packed, programs start, an upgrade and a refused downgrade,
# and what stays after rpm -e. The folder is Debian's, so libraries are not asked for (--nodeps): they were never installed on EL or Fedora here.
#   packages_rpm.sh [FOLDER]     default build/packages/dist; the root is packages_root beside it, which tests/system/packages.sh makes
# Exit: 0 so, 1 not, 77 cannot be tried here and why.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
dist=$(realpath "${1:-build/packages/dist}")
readonly name=packages_rpm dist cache="$dist/../packages_root"
# shellcheck source=tests/support/container.sh
. tests/support/container.sh
[ "$(id -u)" = 0 ] || skip "only root can use a root folder"
command -v rpm >/dev/null || skip "rpm is not installed"
[ -e "$cache.made" ] || skip "no root folder in $cache: tests/system/packages.sh makes it"
folder=$(mktemp -d "$dist/../packages_rpm.XXXXXX")
root=$folder/root
trap 'umount "$root/proc" 2>/dev/null || true; umount "$root" 2>/dev/null || true; rm -rf "$folder"' EXIT
mkdir "$root" "$folder/upper" "$folder/work"
mount -t overlay overlay -o "lowerdir=$cache,upperdir=$folder/upper,workdir=$folder/work" "$root" || skip "no overlay file systems here"
mount -t proc proc "$root/proc" # as those who make images have it
in_root() { rpm --root "$root" --nodeps "$@"; }
packages() { find "$dist" -name '*.rpm' ! -name '*debuginfo*'; }

echo "== installed, scriptlets run"
mapfile -t rpms < <(packages)
in_root -i "${rpms[@]}" >"$folder/said" 2>&1 || { cat "$folder/said"; fail "rpm -i fails"; }
if grep -i 'scriptlet' "$folder/said"; then fail "a scriptlet fails"; fi
rpm --root "$root" -qa 'capmap*' | sort
for user in capmap capmap-agent; do grep -q "^$user:" "$root/etc/passwd" || fail "the scriptlets made no user $user"; done
[ "$(chroot "$root" stat -c '%U %a' /var/lib/capmap-controller /var/lib/capmap-agent | paste -sd,)" = 'capmap 700,capmap-agent 700' ] ||
  fail "the scriptlets made no state folders"
for program in capmap-agent capmapctl capmap-controller capmap-fleet; do chroot "$root" "$program" --version; done
chroot "$root" capmapctl init --site here >/dev/null
[ "$(chroot "$root" stat -c %U /var/lib/capmap-controller/store.db)" = capmap ] || fail "init in the root folder made no store for capmap"

echo "== rpm -V"
for package in capmap-agent capmap-catalog capmap-controller capmap-tools capmapctl; do
  in_root -V "$package" || fail "$package is not as it was packed"
done

echo "== settings stay, a newer store is refused"
echo '# mine' >>"$root/etc/capmap/controller.toml"
in_root -U --replacepkgs "$dist"/capmap-controller-[0-9]*.rpm
grep -q '# mine' "$root/etc/capmap/controller.toml" || fail "an upgrade took the settings away"
printf '\377' | dd of="$root/var/lib/capmap-controller/store.db" bs=1 seek=63 conv=notrunc status=none
if in_root -U --replacepkgs "$dist"/capmap-controller-[0-9]*.rpm >"$folder/said" 2>&1; then fail "rpm installed over a newer store"; fi
grep -E 'capmap-controller: .*version 255' "$folder/said" || { cat "$folder/said"; fail "rpm does not say why"; }

echo "== removed: state stays"
in_root -e capmap-agent capmap-catalog capmap-controller capmap-tools capmapctl
test -s "$root/var/lib/capmap-controller/server.key" || fail "rpm -e took keys away"
left=$(cd "$root" && find usr -name '*capmap*')
[ -z "$left" ] || fail "rpm -e left $left"
echo "packages_rpm: they install, verify and go; never tried on EL or Fedora itself"
