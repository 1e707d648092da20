#!/bin/bash
# The version of packages, on stdout: VERSION where no tag says more, 0.2.0 at the tag v0.2.0, 0.2.0+5.g1a2b3c4 five commits after it.
#   version.sh [--time]     --time: seconds since 1970 of the last commit instead, which all times in packages are
# Exit: 0, or 1 where VERSION and the tag of this very commit disagree.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = --time ]; then
  # A source tarball has no history; its files have the commit's time.
  git log -1 --format=%ct 2>/dev/null || stat -c %Y VERSION
  exit
fi
version=$(<VERSION)
tag=$(git describe --tags --match 'v[0-9]*' 2>/dev/null || true)
if [ -z "$tag" ]; then
  echo "$version"
elif [[ $tag =~ ^v(.*)-([0-9]+)-(g[0-9a-f]+)$ ]]; then
  echo "${BASH_REMATCH[1]}+${BASH_REMATCH[2]}.${BASH_REMATCH[3]}"
elif [ "$tag" = "v$version" ]; then
  echo "$version"
else
  echo "version: this commit has the tag $tag, and the file VERSION says $version: programs would tell another version than packages" >&2
  exit 1
fi
