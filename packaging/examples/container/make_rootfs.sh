#!/bin/bash
# A root file system for a container of one program, without any container daemon: debootstrap, the debs, and nothing else.
#   make_rootfs.sh agent|controller DIST ROOT MIRROR     DIST: folder of our debs
# Then, for instance: tar -C ROOT -c . | podman import --change 'ENTRYPOINT ["/usr/bin/capmap-agent"]' - capmap-agent
# or at once, in namespaces: systemd-nspawn -D ROOT --as-pid2 /usr/bin/capmap-agent --help
set -euo pipefail
program=${1:?agent or controller} dist=$(realpath "${2:?folder of debs}") root=${3:?root folder to make} mirror=${4:?mirror of Debian}
case $program in
  agent) packages=(capmap-catalog capmap-agent) ;;
  controller) packages=(capmap-catalog capmapctl capmap-controller) ;;
  *) echo "make_rootfs: $program is neither agent nor controller" >&2; exit 2 ;;
esac
debs=()
for package in "${packages[@]}"; do debs+=("$dist/${package}"_*.deb); done
# Not systemd: nothing in a container starts services. Users are made by its small sysusers alone.
depends=$(for deb in "${debs[@]}"; do dpkg-deb -f "$deb" Depends; done | tr ',' '\n' | awk '{ print $1 }' | grep -vE '^(capmap.*|systemd)$' | sort -u)
debootstrap --variant=minbase --include="$(printf '%s\n' systemd-standalone-sysusers ca-certificates "$depends" | paste -sd,)" bookworm "$root" "$mirror"
mkdir -p "$root/packages"
cp "${debs[@]}" "$root/packages/"
chroot "$root" sh -c 'dpkg --install /packages/*.deb && apt-get clean'
user=$([ "$program" = agent ] && echo capmap-agent || echo capmap)
chroot "$root" install -d -o "$user" -g "$user" -m 700 "/var/lib/capmap-$program"
rm -rf "$root/packages" "$root"/var/lib/apt/lists/*
: >"$root/etc/machine-id"
echo "make_rootfs: $root, $(du -sm "$root" | cut -f1) MB"
