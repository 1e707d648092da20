#!/bin/bash
# Lines of our code that a fuzz target's inputs reach, by clang's source-based coverage: those of its corpus, and what run.sh found and was
# given (build/fuzz). Built apart, in build/coverage.
#   coverage.sh TARGET...   targets without the fuzz_ in front
set -euo pipefail
[ $# -ge 1 ] || { echo "coverage.sh TARGET..." >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
tool() { command -v "$1-14" || command -v "$1" || { echo "coverage.sh: no $1: install llvm-14" >&2; exit 2; }; }
profdata=$(tool llvm-profdata) cov=$(tool llvm-cov)
build=build/coverage
cmake -G Ninja -B $build -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Debug -DCAPMAP_TESTS=ON \
  -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DCMAKE_CXX_FLAGS="-O1 -fprofile-instr-generate -fcoverage-mapping" >/dev/null
cmake --build $build --target "${@/#/replay_}" -j "${JOBS:-2}"
for name in "$@"; do
  folders=("tests/fuzz/corpus/$name")
  for folder in "build/fuzz/corpus/$name" "build/fuzz/seeds/$name"; do
    if [ -n "$(ls "$folder" 2>/dev/null)" ]; then folders+=("$folder"); fi
  done
  program=$build/tests/fuzz/replay_$name
  LLVM_PROFILE_FILE=$build/$name.raw "$program" "${folders[@]}" >/dev/null 2>&1
  "$profdata" merge -o "$build/$name.profile" "$build/$name.raw"
  echo "$name:"
  "$cov" report "$program" -instr-profile="$build/$name.profile" -ignore-filename-regex='^/usr|/(tests|build)/' -show-region-summary=0 \
    -show-branch-summary=0 | awk '/\.(cpp|hpp) / && $(NF - 1) == $(NF - 2) { next } { print }'
done
