#!/bin/bash
# Holds sources to what a reader may count on: no file over 350 lines, no line over 140 characters, no unfinished marks.
#   check_style.sh [ROOT]
# Exit: 0 all keep to it, 1 some do not (each named).
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
readonly max_lines=350 max_columns=140
bad=0 files=0
unfinished='TO''DO|FIX''ME|XX''X'
while IFS= read -r file; do
  files=$((files + 1))
  lines=$(wc -l <"$file")
  if [ "$lines" -gt $max_lines ]; then
    echo "$file: $lines lines, at most $max_lines: split it by idea"
    bad=1
  fi
  if LC_ALL=C.UTF-8 grep -nE "^.{$((max_columns + 1))}" "$file" | cut -c1-60 | sed "s|^|$file:|; s|\$|… over $max_columns characters|" | grep .; then bad=1; fi
  if grep -nwE "$unfinished" "$file" | sed "s|^|$file:|" | grep .; then bad=1; fi
done < <(find common agent controller tests -name '*.cpp' -o -name '*.hpp' | sort)
echo "check_style: $files files looked at"
exit $bad
