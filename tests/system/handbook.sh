#!/bin/bash
# The handbook is true: every command of packaging/doc/handbook.md is typed in its order, on a machine of its own, with a real controller and
# a real agent, and what the text says comes of it does. The Chinese handbook has the same commands; its run speaks Chinese.
#   handbook.sh [BUILD_FOLDER [en|zh]]     default build/release en
# Exit: 0 so, 1 not (with the place), 77 not root: left out.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build/release}")
readonly build language=${2:-en}
source tests/support/own_machine.sh "$@"
text=packaging/doc/handbook.md
export LC_ALL=C.UTF-8
if [ "$language" = zh ]; then
  text=packaging/doc/handbook.zh-CN.md LC_ALL=zh_CN.UTF-8
fi
tests/system/handbook_blocks.py compare packaging/doc/handbook.md packaging/doc/handbook.zh-CN.md
blocks=$folder/blocks here=$PWD began=$SECONDS
mkdir "$blocks" "$folder/desk"
tests/system/handbook_blocks.py extract "$text" "$blocks"

# One shell for all of it, as the admin has one; what is started in the background stays until the text ends it.
set -m
exec 3>&1
trap 'echo "handbook: ended from outside in $place" >&3; cat "$folder/out" >&3; exit 1' TERM
count=0
cd "$folder/desk"
for block in "$blocks"/*.sh; do
  count=$((count + 1))
  place=$(cat "${block%.sh}.place")
  sleep 2  # who reads a section before they type the next; the map shows what was ordered a moment later
  # shellcheck disable=SC2154
  trap 'failed=$?; { echo "handbook: $place: exit $failed of: $BASH_COMMAND"; cat "$folder/out"; tail -n 5 "$folder"/desk/*.log; } >&3' ERR
  # shellcheck source=/dev/null
  source "$block" >"$folder/out" 2>&1 </dev/null
  trap - ERR
  if [ "$language" = en ] && [ -e "${block%.sh}.expected" ]; then
    "$here/tests/system/handbook_blocks.py" answered "${block%.sh}.expected" "$folder/out" ||
      { echo "handbook: $place, of this answer:"; cat "$folder/out"; exit 1; }
  fi
done
cd "$here"
echo "handbook: $count blocks of $text typed, each as the text says, in $((SECONDS - began)) s"
