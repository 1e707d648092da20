#!/bin/bash
# Makes the packages of what is built: debs by debhelper (packaging/deb), rpms by rpmbuild (packaging/rpm), symbols apart.
#   make_packages.sh deb|rpm [BUILD_FOLDER]     default build/packages; they are put into its folder dist
# `make packages` builds first. Two runs at one commit give the same bytes, wherever and whenever: all times are the commit's.
set -euo pipefail
export LC_ALL=C.UTF-8 TZ=UTC
cd "$(dirname "$0")/.."
kind=${1:-} build=$(realpath "${2:-build/packages}")
source=$PWD version=$(packaging/version.sh)
SOURCE_DATE_EPOCH=$(packaging/version.sh --time)
export SOURCE_DATE_EPOCH
for tool in dpkg-buildpackage dh rpmbuild eu-strip; do
  command -v "$tool" >/dev/null || { echo "make_packages: $tool is not here: packaging/install_deps.sh packages" >&2; exit 1; }
done
for program in capmap-agent capmap-probe capmap-controller capmapctl; do
  [ -x "$build/$program" ] || { echo "make_packages: $build/$program is not built: make packages builds it" >&2; exit 1; }
done
maintainer=$(sed -n 's/^Maintainer: //p' packaging/deb/control)
readonly maintainer work=$build/$kind dist=$build/dist
rm -rf "$work"
mkdir -p "$work" "$dist"

make_deb() {
  rm -f "$dist"/*.deb
  mkdir "$work/capmap"
  cp -r packaging/deb "$work/capmap/debian"
  cat >"$work/capmap/debian/changelog" <<CHANGELOG
capmap ($version) unstable; urgency=medium

  * What changed is told in /usr/share/doc/capmap-controller/changelog.gz.

 -- $maintainer  $(date -R -d "@$SOURCE_DATE_EPOCH")
CHANGELOG
  (cd "$work/capmap" && CAPMAP_SOURCE=$source CAPMAP_BUILD=$build dpkg-buildpackage --build=binary --no-sign) >"$work/log" 2>&1 ||
    { tail -30 "$work/log"; echo "make_packages: the debs were not made; all of it: $work/log" >&2; exit 1; }
  grep -E 'warning' "$work/log" || true
  mv "$work"/*.deb "$dist/"
}

make_rpm() {
  rm -f "$dist"/*.rpm
  # A folder of links for the source: rpmbuild leaves lists there.
  mkdir -p "$work/BUILD/capmap-$version"
  ln -s "$source"/* "$work/BUILD/capmap-$version/"
  cp --remove-destination LICENSE ./*.md "$work/BUILD/capmap-$version/"
  {
    cat packaging/rpm/capmap.spec
    printf '\n%%%%changelog\n* %s %s - %s-1\n- What changed is told in CHANGELOG.md.\n' \
      "$(date -d "@$SOURCE_DATE_EPOCH" '+%a %b %d %Y')" "$maintainer" "$version"
  } >"$work/capmap.spec"
  rpmbuild -bb --noprep --nodeps --define "_topdir $work" --define "_rpmdir $work/rpms" --define "packager $maintainer" \
    --define "capmap_version $version" --define "capmap_build $(realpath --relative-to=. "$build")" --define "capmap_built 1" \
    "$work/capmap.spec" >"$work/log" 2>&1 ||
    { tail -30 "$work/log"; echo "make_packages: the rpms were not made; all of it: $work/log" >&2; exit 1; }
  find "$work/rpms" -name '*.rpm' -exec mv -t "$dist" {} +
}

case $kind in
  deb) make_deb ;;
  rpm) make_rpm ;;
  *) echo "make_packages: $kind is neither deb nor rpm" >&2; exit 1 ;;
esac
(cd "$dist" && find . -name "*.$kind" -printf '%f\n' | sort | xargs sha256sum | tee "SHA256SUMS-$kind")
