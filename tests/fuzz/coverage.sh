#!/bin/bash
# Lines of our code that a fuzz target's inputs reach, file by file, by clang's source-based coverage: inputs of its corpus, and what run.sh
# found and was given. Needs the programs that run.sh builds (build/fuzz), which count lines beside what libFuzzer counts.
#   coverage.sh TARGET...   targets without the fuzz_ in front; the last line of each is "NAME: REACHED of LINES lines"
set -euo pipefail
[ $# -ge 1 ] || { echo "coverage.sh TARGET..." >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${CAPMAP_FUZZ_BUILD:-$root/build/fuzz}
cd "$root"
tool() { command -v "$1-14" || command -v "$1" || { echo "coverage.sh: no $1: install llvm-14" >&2; exit 2; }; }
profdata=$(tool llvm-profdata) cov=$(tool llvm-cov)
[ -w /dev/shm ] && export TMPDIR=/dev/shm
mkdir -p "$build/coverage"
for name in "$@"; do
  folders=("tests/fuzz/corpus/$name")
  for folder in "$build/corpus/$name" "$build/seeds/$name"; do
    if [ -d "$folder" ]; then folders+=("$folder"); fi
  done
  program=$build/tests/fuzz/fuzz_$name profile=$build/coverage/$name
  ASAN_OPTIONS=detect_leaks=0 LLVM_PROFILE_FILE=$profile.raw "$program" -runs=0 -close_fd_mask=1 -artifact_prefix="$profile-" "${folders[@]}" >/dev/null 2>"$profile.log" ||
    { tail -20 "$profile.log" >&2; exit 1; }
  "$profdata" merge -o "$profile.profile" "$profile.raw"
  # Files that no input enters are left out, of the lines too.
  "$cov" report "$program" -instr-profile="$profile.profile" -ignore-filename-regex='^/usr|/(tests|build)/' -show-region-summary=0 \
    -show-branch-summary=0 | awk -v name="$name" '
      /\.(cpp|hpp) / { if ($(NF - 1) == $(NF - 2)) next; lines += $(NF - 2); missed += $(NF - 1) }
      /^TOTAL/ { next }
      { print }
      END { printf "%s: %d of %d lines\n", name, lines - missed, lines }'
done
