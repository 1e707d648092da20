#!/bin/bash
# What a package has beyond `cmake --install`: settings under /etc, units where the system looks for them, and the version of a new store.
#   stage.sh BUILD_FOLDER ROOT UNIT_FOLDER      UNIT_FOLDER: below ROOT, lib/systemd/system or usr/lib/systemd/system
# Called by packaging/deb/rules and packaging/rpm/capmap.spec.
set -euo pipefail
build=$1 root=$2 units=$3
mkdir -p "$root/etc/capmap" "$root/$units"
mv "$root"/usr/share/capmap/config/*.toml "$root/etc/capmap/"
rmdir "$root/usr/share/capmap/config"
if [ "$units" != usr/lib/systemd/system ]; then
  mv "$root"/usr/lib/systemd/system/* "$root/$units/"
  rmdir "$root/usr/lib/systemd/system" "$root/usr/lib/systemd"
fi
mkdir -p "$root/usr/share/doc/capmap-catalog"
mv "$root/usr/share/capmap/catalog/README.md" "$root/usr/share/doc/capmap-catalog/"
find "$root/usr/share/capmap" -name '*.py' -exec sed -i '1s|^#!/usr/bin/env python3|#!/usr/bin/python3|' {} +
# sysusers.d goes in by the package's own means, which also say when it runs.
[ "${KEEP_SYSUSERS:-}" ] || rm -r "$root/usr/lib/sysusers.d"

state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
CAPMAP_CATALOG=$root/usr/share/capmap/catalog "$build/capmapctl" init --state "$state/new" --site packaging >/dev/null
version=$(od -An -tu1 -j60 -N4 "$state/new/store.db" | awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }')
[ "$version" -ge 1 ] || { echo "stage: $build/capmapctl init made a store without a version" >&2; exit 1; }
echo "$version" >"$root/store_version"
