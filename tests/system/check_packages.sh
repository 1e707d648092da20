#!/bin/bash
# What lintian and rpmlint say of our packages: nothing beyond the lines that packaging/deb/*.lintian-overrides and packaging/rpm/rpmlint.toml
# explain. Then what these do not look at: a page for each program and settings file, what rpms need of a system, sizes.
#   check_packages.sh [FOLDER]     default build/packages/dist
# Exit: 0 so, 1 not.
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/../.."
readonly dist=${1:-build/packages/dist}
bad=0
fail() { echo "check_packages: $*"; bad=1; }
ls "$dist"/*.deb "$dist"/*.rpm >/dev/null || { echo "check_packages: no packages in $dist: make packages"; exit 1; }

echo "== lintian -EvIL +pedantic"
said=$(lintian -EvIL +pedantic --allow-root "$dist"/*.deb 2>&1 | grep -E '^[EWIPX]:' || true)
[ -z "$said" ] || { echo "$said"; fail "lintian says what no override explains"; }
overrides=$(cat packaging/deb/*.lintian-overrides | grep -vc '^#')
hidden=$(lintian -EIL +pedantic --allow-root --show-overrides "$dist"/*.deb 2>/dev/null | grep -c '^O:' || true)
echo "$overrides overrides, which hide $hidden lines"
for file in packaging/deb/*.lintian-overrides packaging/rpm/rpmlint.toml; do
  # The line above each must say why.
  awk -v file="$file" '/^ *#/ { why = 1; next } /^[a-z]|^  .[^ ]/ && NF && !why && !/^Compress|^Filters|^ *.-debuginfo/ {
    print file ": no reason above: " $0; bad = 1 } !/-debuginfo/ { why = 0 } END { exit bad }' "$file" || fail "an exception without a reason"
done

echo "== rpmlint"
rpmlint -c packaging/rpm/rpmlint.toml "$dist"/*.rpm >/tmp/rpmlint.$$ 2>&1 || true
grep -E ': [EW]: ' /tmp/rpmlint.$$ && fail "rpmlint says what rpmlint.toml does not explain"
tail -1 /tmp/rpmlint.$$
rm -f /tmp/rpmlint.$$

echo "== a page for each program and settings file"
for package in "$dist"/*.rpm; do
  files=$(rpm -qpl "$package" 2>/dev/null)
  for program in $(grep -o '^/usr/bin/.*' <<<"$files" | xargs -rn1 basename); do
    grep -qE "/man[18]/$program\.[18]\.gz$" <<<"$files" || fail "$package: no page for $program"
  done
  for settings in $(rpm -qpc "$package" 2>/dev/null | xargs -rn1 basename); do
    grep -qE "/man5/capmap-$settings\.5\.gz$" <<<"$files" || fail "$package: no page for $settings"
  done
done

# Which package of EL 9 (with EPEL) and of Fedora has each library, and the newest glibc that may be asked for: EL 9 has 2.34.
sonames() {
  cat <<'TABLE'
ld-linux-x86-64.so.2 glibc           glibc
libarchive.so.13     libarchive      libarchive
libc.so.6            glibc           glibc
libm.so.6            glibc           glibc
libcurl.so.4         libcurl         libcurl
libgnutls.so.30      gnutls          gnutls
libhwloc.so.15       hwloc-libs      hwloc-libs
libmicrohttpd.so.12  libmicrohttpd   libmicrohttpd
libsodium.so.23      libsodium(EPEL) libsodium
libsqlite3.so.0      sqlite-libs     sqlite-libs
libz.so.1            zlib            zlib-ng-compat
libzmq.so.5          zeromq(EPEL)    zeromq
libzstd.so.1         libzstd         libzstd
TABLE
}
echo "== what rpms need (library, EL 9, Fedora)"
needs=$(for package in "$dist"/*.rpm; do rpm -qp --requires "$package" 2>/dev/null; done | sort -u)
while read -r library; do
  sonames | grep "^$library " || fail "$library is in no package of EL 9 that is known here"
done < <(grep -o '^[^ ]*\.so\.[0-9.]*' <<<"$needs" | sort -u)
newest=$(grep -o 'GLIBC_[0-9.]*' <<<"$needs" | sort -uV | tail -1)
echo "newest of glibc: $newest"
[ "$(printf '%s\nGLIBC_2.34\n' "$newest" | sort -V | tail -1)" = GLIBC_2.34 ] || fail "EL 9 has GLIBC_2.34 and no $newest"
if grep -q GLIBCXX <<<"$needs"; then fail "libstdc++ is not linked in: $(grep -o 'GLIBCXX_[0-9.]*' <<<"$needs" | sort -V | tail -1), EL 9 has 3.4.29"; fi

echo "== sizes (KiB: packed, installed)"
for package in "$dist"/*.deb; do
  printf '%-45s %6d %7d\n' "$(basename "$package")" "$(($(stat -c %s "$package") / 1024))" "$(dpkg-deb -f "$package" Installed-Size)"
done
for package in "$dist"/*.rpm; do
  printf '%-45s %6d %7d\n' "$(basename "$package")" "$(($(stat -c %s "$package") / 1024))" \
    "$(($(rpm -qp --qf '%{SIZE}' "$package" 2>/dev/null) / 1024))"
done
[ $bad = 0 ] && echo "check_packages: nothing unexplained"
exit $bad
