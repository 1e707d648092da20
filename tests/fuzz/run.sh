#!/bin/bash
# Builds every fuzz target (preset fuzz, build/fuzz) and runs each for SECONDS from its corpus. New inputs go to build/fuzz/corpus/, not
# into the sources; a crash leaves its input in build/fuzz/crashes/ and ends with status 1.
# Where machines captured by others lie beside the checkout (../shared/corpus), their tables and texts are seeds too.
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

# Seeds from beside the checkout: each file behind the byte that chooses its parser.
beside=$root/../shared/corpus
rm -rf "$build/seeds"
for name in "${targets[@]}"; do mkdir -p "$build/seeds/$name"; done
seed() {  # TARGET BYTE FILE
  [ -d "$build/seeds/$1" ] || return 0
  { printf "%b" "$2"; head -c 8000 "$3"; } >"$build/seeds/$1/$(printf %s "$3" | md5sum | cut -c1-16)"
}
if [ -d "$beside" ]; then
  while read -r file; do seed probe_firmware '\000' "$file"; done < <(find "$beside" -name '*.dmi')
  while read -r file; do seed probe_text '\000' "$file"; done < <(find "$beside" -size -64k -name '*cpuinfo*' -type f)
  while read -r file; do seed probe_text '\002' "$file"; done < <(find "$beside" -name '*meminfo*' -type f)
  while read -r file; do seed probe_text '\006' "$file"; done < <(find "$beside" -name '*os-release*' -type f)
fi
for name in "${targets[@]}"; do
  mkdir -p "$build/corpus/$name"
  echo "fuzz_$name: $seconds s"
  "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -verbosity=0 -artifact_prefix="$build/crashes/$name-" "$build/corpus/$name" "tests/fuzz/corpus/$name" "$build/seeds/$name" \
    2>&1 | sed '/^["#]/d' | tail -20
done
