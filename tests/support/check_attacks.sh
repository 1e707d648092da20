#!/bin/bash
# Holds SECURITY.md's table of attacks to the sources: each row names tests, file and case, that are there.
#   check_attacks.sh [ROOT]       default: this checkout
#   check_attacks.sh --selftest   proves that wrong rows are caught
# Exit: 0 all true, 1 some are not (each named).
# shellcheck disable=SC2016  # the backquotes are the table's own
set -euo pipefail
export LC_ALL=C

check() (
  cd "$1"
  rows=0 bad=0
  while IFS= read -r row; do
    rows=$((rows + 1))
    tests=0
    while IFS= read -r named; do
      [ -n "$named" ] || continue
      tests=$((tests + 1))
      file=${named%%: *} name=${named#*: }
      # A long name stands on the line below TEST_CASE(.
      if ! [ -f "$file" ] || ! grep -A1 -F 'TEST_CASE(' "$file" | grep -qF "\"$name\""; then
        echo "SECURITY.md: $file has no test case \"$name\""
        bad=1
      fi
    done < <(grep -oE '`tests/[a-z]+/[a-z_]+_test[.]cpp: [^`]+`' <<<"$row" | tr -d '`')
    # A story in a browser is a file of its own.
    while IFS= read -r story; do
      [ -n "$story" ] || continue
      tests=$((tests + 1))
      [ -f "$story" ] || { echo "SECURITY.md: there is no $story"; bad=1; }
    done < <(grep -oE '`tests/browser/[a-z_]+[.]story[.]js`' <<<"$row" | tr -d '`')
    [ "$tests" -gt 0 ] || { echo "SECURITY.md: no test stands in the row: $row"; bad=1; }
  done < <(awk '/^## /{on = $0 == "## Attacks that were tried"} on && /^\| / && !/^\| attack /' SECURITY.md)
  echo "check_attacks: $rows attacks looked at"
  [ "$rows" -ge 26 ] || { echo "SECURITY.md: fewer than 26 rows were understood"; bad=1; }
  exit $bad
)

selftest() (
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  mkdir -p "$folder/tests/unit"
  printf 'TEST_CASE("a: is here") {\nTEST_CASE(\n    "a: is long") {\n' >"$folder/tests/unit/a_test.cpp"
  table() {
    printf '## Attacks that were tried\n| attack | what happens | test |\n|---|---|---|\n'
    # shellcheck disable=SC2016
    for _ in $(seq 25); do echo '| x | y | `tests/unit/a_test.cpp: a: is here` |'; done
    echo "| x | y | $1 |"
  }
  # shellcheck disable=SC2016
  {
    table '`tests/unit/a_test.cpp: a: is long`' >"$folder/SECURITY.md"
    check "$folder" >/dev/null || { echo "check_attacks: a good table was refused"; exit 1; }
    for wrong in '`tests/unit/a_test.cpp: a: is not here`' '`tests/unit/b_test.cpp: a: is here`' 'by hand' '`tests/unit/a_test.cpp: a: is`'; do
      table "$wrong" >"$folder/SECURITY.md"
      ! check "$folder" >/dev/null || { echo "check_attacks: $wrong was taken"; exit 1; }
    done
  }
  echo "check_attacks: wrong rows are caught"
)

if [ "${1:-}" = --selftest ]; then selftest; else check "${1:-$(dirname "$0")/../..}"; fi
