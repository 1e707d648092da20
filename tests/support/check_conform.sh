#!/bin/bash
# Holds the wire schemas to what was released: every tests/fixtures/wire/<version>/ keeps the schemas of that version, one message of
# each kind (.bin) and what it says (.json).
#   check_conform.sh [ROOT]           the schemas of today conform to each release, and both read its bytes as the same JSON
#   check_conform.sh --record [ROOT]  on a release: puts today's schemas and the JSON beside the bytes of the newest folder that has none
# Exit: 0 all keep to it, 1 some do not (each named), 2 wrong use or no flatc.
set -euo pipefail
export LC_ALL=C

record=0
[ "${1:-}" = --record ] && { record=1; shift; }
cd "${1:-$(dirname "$0")/../..}"
command -v flatc >/dev/null || { echo "check_conform: no flatc: install flatbuffers-compiler" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# kind, schema, root table
kinds() {
  cat <<'TABLE'
hello messages Hello
shape messages Shape
heartbeat messages Heartbeat
usage messages Usage
bye messages Bye
ack messages Ack
shape_body messages ShapeBody
join enrol Join
joined enrol Joined
batch_hello batch BatchHello
batch_states batch BatchStates
batch_ack batch BatchAck
key_offer keys KeyOffer
key_news keys KeyNews
TABLE
}

# as_json SCHEMA TABLE BIN: the message as JSON on stdout
as_json() {
  flatc --json --strict-json --raw-binary --root-type "capmap.wire.$2" -o "$work" "$1" -- "$3"
  cat "$work/$(basename "$3" .bin).json"
}

record_release() {
  local folder=$1 kind schema table
  cp schemas/{messages,enrol,batch,keys}.fbs "$folder/"
  while read -r kind schema table; do as_json "schemas/$schema.fbs" "$table" "$folder/$kind.bin" >"$folder/$kind.json"; done < <(kinds)
  echo "check_conform: recorded $folder"
}

check_release() {
  local folder=$1 kind schema table source bad=0
  for schema in messages enrol batch keys; do
    [ -e "$folder/$schema.fbs" ] || continue  # of before there was one
    flatc --conform "$folder/$schema.fbs" "schemas/$schema.fbs" || { echo "schemas/$schema.fbs breaks $folder/$schema.fbs"; bad=1; }
  done
  while read -r kind schema table; do
    [ -e "$folder/$schema.fbs" ] || continue
    for source in "$folder/$schema.fbs" "schemas/$schema.fbs"; do
      as_json "$source" "$table" "$folder/$kind.bin" | diff "$folder/$kind.json" - >"$work/diff" && continue
      echo "$folder/$kind.bin read with $source is not $folder/$kind.json:"
      cat "$work/diff"
      bad=1
    done
  done < <(kinds)
  return $bad
}

bad=0 releases=0
for folder in tests/fixtures/wire/*/; do
  folder=${folder%/}
  releases=$((releases + 1))
  if [ $record = 1 ]; then
    [ -e "$folder/messages.fbs" ] || record_release "$folder"
  else
    check_release "$folder" || bad=1
  fi
done
echo "check_conform: $releases releases looked at"
exit $bad
