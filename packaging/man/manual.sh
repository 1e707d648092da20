#!/bin/bash
# Puts the reference of all commands, as the command line tells it, into the manual pages of capmapctl, English and Chinese.
#   manual.sh [BUILD_FOLDER]     default build/release
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly build=${1:-build/release}
put() { # LOCALE PAGE
  local reference
  reference=$(mktemp)
  LC_ALL=$1 "$build/capmapctl" __manual >"$reference"
  awk -v reference="$reference" '
    /^\.\\" end of the reference/ { within = 0 }
    !within { print }
    /^\.\\" reference, made by/ { within = 1; while ((getline line < reference) > 0) print line }' "$2" >"$2.new"
  mv "$2.new" "$2"
  rm -f "$reference"
}
put C packaging/man/capmapctl.1
put zh_CN.UTF-8 packaging/man/zh_CN/capmapctl.1
