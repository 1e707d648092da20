#!/bin/bash
# A signed repository as its users meet it: apt in a small Debian and dnf, both from files, take the packages; bytes that were changed, another
# key's signature and metadata without one are refused.
#   repository.sh [FOLDER]     default build/packages/dist; apt runs in packages_root beside it, which tests/system/packages.sh makes
# Exit: 0 so, 1 not, 77 cannot be tried here and why.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
dist=$(realpath "${1:-build/packages/dist}")
readonly name=repository dist root="$dist/../packages_root"
# shellcheck source=tests/support/container.sh
. tests/support/container.sh
for tool in systemd-nspawn gpg dnf rpmkeys; do command -v "$tool" >/dev/null || skip "$tool is not installed"; done
[ -e "$root.made" ] || skip "no root folder in $root: tests/system/packages.sh makes it"
folder=$(mktemp -d "$dist/../repository.XXXXXX")
export GNUPGHOME=$folder/gpg
end() { gpgconf --kill gpg-agent 2>/dev/null || true; rm -rf "$folder"; }
trap end EXIT
mkdir -m 700 "$GNUPGHOME"
new_key() { # NAME: its fingerprint
  gpg --batch --quiet --passphrase '' --quick-generate-key "$1" ed25519 sign 1y 2>/dev/null
  gpg --batch --with-colons --list-keys "$1" | awk -F: '$1 == "fpr" { print $10; exit }'
}
KEY=$(new_key 'capmap packages')
export KEY
packaging/make_repository.sh "$dist" "$folder/repository" | head -1

echo "== apt"
printf 'deb [signed-by=/repository/capmap-keyring.gpg] file:/repository/apt stable main\n' >"$folder/sources.list"
in_root() { # COMMAND: in a copy of the root that is gone afterwards
  systemd-nspawn --quiet --register=no --keep-unit --private-network --volatile=overlay --directory="$root" \
    --bind-ro="$folder/repository:/repository" --bind-ro="$folder/sources.list:/etc/apt/sources.list" \
    /bin/sh -ec "rm -f /etc/apt/sources.list.d/*; export DEBIAN_FRONTEND=noninteractive; $1" >"$folder/said" 2>&1
}
in_root 'apt-get -q -o APT::Update::Error-Mode=any update && apt-get -q -y install capmap-agent capmapctl && capmapctl --version && capmap-agent --version && apt-cache policy capmap-agent' ||
  { cat "$folder/said"; fail "apt does not install from the repository"; }
grep -E '^(capmapctl|capmap-agent) [0-9]|Installed:' "$folder/said"
refused() { # WHY COMMAND
  if in_root "$2"; then cat "$folder/said"; fail "apt took $1"; fi
  echo "refused: $1"
}
cp -a "$folder/repository" "$folder/good"
again() { rm -rf "$folder/repository" && cp -a "$folder/good" "$folder/repository"; }
printf 'x' >>"$(echo "$folder"/repository/apt/pool/capmapctl_*.deb)"
refused "a package that was changed" 'apt-get -q update && apt-get -q -y install capmapctl'
again
sed -i 's/^Label: .*/Label: other/' "$folder/repository/apt/dists/stable/InRelease"
refused "metadata that was changed" 'apt-get -q -o APT::Update::Error-Mode=any update && apt-get -q -y install capmapctl'
again
rm "$folder"/repository/apt/dists/stable/{InRelease,Release.gpg}
refused "metadata without a signature" 'apt-get -q -o APT::Update::Error-Mode=any update && apt-get -q -y install capmapctl'
again
other=$(new_key 'somebody else')
gpg --batch --yes -u "$other" --clearsign -o "$folder/repository/apt/dists/stable/InRelease" "$folder/repository/apt/dists/stable/Release"
refused "another key's signature" 'apt-get -q -o APT::Update::Error-Mode=any update && apt-get -q -y install capmapctl'
again

echo "== dnf"
mkdir -p "$folder/dnf/repos" "$folder/dnf/root"
cat >"$folder/dnf/repos/capmap.repo" <<REPO
[capmap]
name=capmap
baseurl=file://$folder/repository/rpm
gpgcheck=1
repo_gpgcheck=1
gpgkey=file://$folder/repository/capmap-keyring.asc
REPO
of_repository() {
  rm -rf "$folder/dnf/cache"
  dnf -q -y --setopt=reposdir="$folder/dnf/repos" --setopt=cachedir="$folder/dnf/cache" --installroot="$folder/dnf/root" --releasever=9 \
    --setopt=logdir="$folder/dnf" repoquery --qf '%{name} %{version}' >"$folder/said" 2>&1
}
of_repository || true
grep -q '^capmap-agent ' "$folder/said" || { cat "$folder/said"; fail "dnf does not read the repository"; }
sort -u "$folder/said"
mkdir "$folder/keys"
rpmkeys --dbpath "$folder/keys" --import "$folder/repository/capmap-keyring.asc"
rpmkeys --dbpath "$folder/keys" -K "$folder"/repository/rpm/*.rpm | tee "$folder/said" | grep -v 'signatures OK' && fail "an rpm is not signed"
echo "$(wc -l <"$folder/said") rpms signed"
sed -i 's/<revision>/<revision>9/' "$folder/repository/rpm/repodata/repomd.xml"
if of_repository && grep -q '^capmap' "$folder/said"; then fail "dnf took metadata that was changed"; fi
echo "refused: metadata that was changed"
echo "repository: apt and dnf take what is signed, and nothing else"
