#!/bin/bash
# Builds every fuzz target (preset fuzz, build/fuzz) and runs each for SECONDS from its corpus. New inputs go to build/fuzz/corpus/, not
# into the sources; a crash leaves its input in build/fuzz/crashes/ and ends with status 1.
#   run.sh SECONDS [TARGET...]   targets without the fuzz_ in front, default all
set -euo pipefail
[ $# -ge 1 ] || { echo "run.sh SECONDS [TARGET...]" >&2; exit 2; }
seconds=$1
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${CAPMAP_FUZZ_BUILD:-$root/build/fuzz}
cd "$root"
cmake --preset fuzz -B "$build" >/dev/null
cmake --build "$build" --target fuzz_targets -j "${JOBS:-2}"

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for source in tests/fuzz/fuzz_*.cpp; do
    name=$(basename "$source" .cpp)
    targets+=("${name#fuzz_}")
  done
fi
mkdir -p "$build/crashes"
for name in "${targets[@]}"; do
  mkdir -p "$build/corpus/$name"
  echo "fuzz_$name: $seconds s"
  "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -verbosity=0 -artifact_prefix="$build/crashes/$name-" "$build/corpus/$name" "tests/fuzz/corpus/$name" 2>&1 | sed '/^["#]/d' | tail -20
done
