#!/bin/bash
# A signed repository of the packages in a folder: for apt (OUT/apt) and for dnf (OUT/rpm), to be served as files.
#   make_repository.sh FOLDER OUT      KEY=fingerprint of a signing key in gpg's own folder
# OUT is made anew beside what is there and takes its place at the end: who updates meanwhile sees the old one or the new one.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
packages=${1:-build/packages/dist} out=${2:-build/packages/repository} key=${KEY:-}
fail() { echo "make_repository: $*" >&2; exit 1; }
for tool in apt-ftparchive createrepo_c gpg rpmsign; do
  command -v "$tool" >/dev/null || fail "$tool is not here: packaging/install_deps.sh packages"
done
ls "$packages"/*.deb "$packages"/*.rpm >/dev/null || fail "$packages has no packages: make packages"
[ -n "$key" ] || fail "no key: make repository KEY=fingerprint; gpg --quick-generate-key 'capmap packages' ed25519 sign 2y makes one"
gpg --list-secret-keys "$key" >/dev/null 2>&1 || fail "gpg has no secret key $key: gpg --list-secret-keys lists those that are there"

sign() { gpg --batch --yes --quiet --no-auto-check-trustdb -u "$key" "$@"; }
rm -rf "$out.new"
mkdir -p "$out.new/apt/pool" "$out.new/rpm"
gpg --quiet --export "$key" >"$out.new/capmap-keyring.gpg"
gpg --armor --export "$key" >"$out.new/capmap-keyring.asc"

cp "$packages"/*.deb "$out.new/apt/pool/"
(
  cd "$out.new/apt"
  for deb in pool/*.deb; do dpkg-deb -f "$deb" Architecture; done | sort -u | grep -vx all | while read -r architecture; do
    folder=dists/stable/main/binary-$architecture
    mkdir -p "$folder"
    apt-ftparchive --arch "$architecture" packages pool >"$folder/Packages"
    gzip -9nk "$folder/Packages"
  done
  architectures=$(find dists -name 'binary-*' -printf '%f\n' | sed 's/binary-//' | sort | paste -sd' ')
  # A year: apt refuses metadata beyond that, so an attacker cannot hand out an old state for ever.
  apt-ftparchive -o APT::FTPArchive::Release::Origin=capmap -o APT::FTPArchive::Release::Label=capmap \
    -o APT::FTPArchive::Release::Suite=stable -o APT::FTPArchive::Release::Codename=stable \
    -o APT::FTPArchive::Release::Components=main -o APT::FTPArchive::Release::Architectures="$architectures" \
    -o APT::FTPArchive::Release::Valid-Until="$(date -u -R -d '+1 year' | sed 's/+0000/UTC/')" release dists/stable >Release
  mv Release dists/stable/
  sign --clearsign -o dists/stable/InRelease dists/stable/Release
  sign --armor --detach-sign -o dists/stable/Release.gpg dists/stable/Release
)

cp "$packages"/*.rpm "$out.new/rpm/"
GPG_TTY=none rpmsign --define "__gpg $(command -v gpg)" --define "_gpg_name $key" --addsign "$out.new"/rpm/*.rpm >/dev/null
createrepo_c --quiet "$out.new/rpm"
sign --armor --detach-sign "$out.new/rpm/repodata/repomd.xml"

rm -rf "$out.old"
[ ! -e "$out" ] || mv "$out" "$out.old"
mv "$out.new" "$out"
rm -rf "$out.old"
echo "make_repository: $(find "$out/apt/pool" -name '*.deb' | wc -l) debs, $(find "$out/rpm" -name '*.rpm' | wc -l) rpms, signed by $key, in $out"
cat <<TEXT
Serve that folder, say as https://packages.example/capmap, and on each server:
  apt: put capmap-keyring.gpg into /usr/share/keyrings, and into /etc/apt/sources.list.d/capmap.list
       deb [signed-by=/usr/share/keyrings/capmap-keyring.gpg] https://packages.example/capmap/apt stable main
  dnf: rpm --import capmap-keyring.asc, and into /etc/yum.repos.d/capmap.repo
       [capmap]
       name=capmap
       baseurl=https://packages.example/capmap/rpm
       gpgcheck=1
       repo_gpgcheck=1
       gpgkey=https://packages.example/capmap/capmap-keyring.asc
TEXT
