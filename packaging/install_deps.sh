#!/bin/bash
# Installs what packaging/deps lists and this machine lacks; touches nothing when all is there.
#   install_deps.sh [KIND…]    kinds: build test fuzz lint packages (default: build test)
# Debian and its children, as root or through sudo. Asks nothing. Exit: 0 all there, 1 something is missing and why.
set -euo pipefail
list=$(dirname "$0")/deps

# column 2 = Debian, 3 = Fedora and EL; prints the packages of the kinds asked for.
packages() {
  local column=$1
  shift
  awk -v column="$column" -v kinds=" $* " '$1 !~ /^#/ && NF > 3 && index(kinds, " " $1 " ") && $column != "-" { print $column }' "$list" | sort -u
}

kinds=("$@")
[ ${#kinds[@]} -gt 0 ] || kinds=(build test)
for kind in "${kinds[@]}"; do
  case $kind in build | test | fuzz | lint | packages) ;; *) echo "install_deps: kind $kind is none of build test fuzz lint packages" >&2; exit 1 ;; esac
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  # Not Debian: a compiler and cmake that are there mean somebody has seen to it; CMake names any library that is missing.
  if command -v cmake >/dev/null && command -v c++ >/dev/null; then exit 0; fi
  echo "install_deps: no apt-get here, so nothing can be installed. On Fedora or EL (with EPEL and CRB), as root:" >&2
  echo "  dnf install $(packages 3 "${kinds[@]}" | tr '\n' ' ')" >&2
  exit 1
fi

missing=()
while IFS= read -r package; do
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done < <(packages 2 "${kinds[@]}")
[ ${#missing[@]} -gt 0 ] || exit 0

echo "install_deps: missing here: ${missing[*]}"
if [ "$(id -u)" = 0 ]; then
  as_root=(env)
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
  as_root=(sudo env)
else
  echo "install_deps: neither root nor sudo here. Have an administrator run:" >&2
  echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
# RUNLEVEL=1: a package that is also a service (prometheus) is installed, not started.
apt=("${as_root[@]}" DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -y -o Dpkg::Use-Pty=0)
"${apt[@]}" update || echo "install_deps: package lists could not be refreshed; trying with the old ones" >&2
"${apt[@]}" install --no-install-recommends "${missing[@]}"
