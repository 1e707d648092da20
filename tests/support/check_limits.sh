#!/bin/bash
# Holds packaging/doc/limits.md to the sources: each row names a file and what stands in it.
#   check_limits.sh [ROOT]
# Exit: 0 all true, 1 some are not (each named).
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
readonly list=packaging/doc/limits.md
rows=0 bad=0
# shellcheck disable=SC2016  # the backquotes are the list's own
while IFS= read -r row; do
  rows=$((rows + 1))
  file=${row%%: *} text=${row#*: }
  [ -f "$file" ] && grep -qP -- "\Q$text\E(?![0-9])" "$file" && continue
  echo "$list: $file does not say \"$text\""
  bad=1
done < <(grep -oE '`(common|agent|controller)/[^`]+: [a-z][A-Za-z_]+ = [^`]+`' "$list" | tr -d '`')
echo "check_limits: $rows limits looked at"
[ "$rows" -ge 40 ] || { echo "$list: fewer than 40 rows were understood"; bad=1; }
exit $bad
