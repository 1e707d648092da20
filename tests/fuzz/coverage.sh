#!/bin/bash
# Lines of a fuzz target's parsers (parsers.txt) that its inputs reach, file by file, and those that none reaches, by clang's source-based
# coverage: inputs of its corpus, and what run.sh found and was given. Needs the programs that run.sh builds (build/fuzz), which count
# lines beside what libFuzzer counts.
#   coverage.sh TARGET...   targets without the fuzz_ in front; the last line of each is "NAME: REACHED of LINES lines"
set -euo pipefail
[ $# -ge 1 ] || { echo "coverage.sh TARGET..." >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${CAPMAP_FUZZ_BUILD:-$root/build/fuzz}
cd "$root"
profdata=$(command -v llvm-profdata-14 || command -v llvm-profdata) ||
  { echo "coverage.sh: no llvm-profdata: install llvm-14" >&2; exit 2; }
# The programs name the sources of the checkout that they were built of.
built_of=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$build/CMakeCache.txt")
out=${CAPMAP_FUZZ_COVERAGE:-$build/coverage}
[ -w /dev/shm ] && export TMPDIR=/dev/shm
mkdir -p "$out"
for name in "$@"; do
  folders=("tests/fuzz/corpus/$name")
  for folder in "$build/corpus/$name" "$build/seeds/$name"; do
    if [ -d "$folder" ]; then folders+=("$folder"); fi
  done
  program=$build/tests/fuzz/fuzz_$name profile=$out/$name
  ASAN_OPTIONS=detect_leaks=0 LLVM_PROFILE_FILE=$profile.raw "$program" -runs=0 -close_fd_mask=1 -artifact_prefix="$profile-" \
    "${folders[@]}" >/dev/null 2>"$profile.log" || { tail -20 "$profile.log" >&2; exit 1; }
  "$profdata" merge -o "$profile.profile" "$profile.raw"
  tests/fuzz/coverage.py "$name" "$program" "$profile.profile" "$built_of"
done
