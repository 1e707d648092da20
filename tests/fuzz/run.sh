#!/bin/bash
# Builds the fuzz targets (preset fuzz, build/fuzz), runs each for SECONDS from its corpus, and prints what came of it as a table: inputs
# tried, edges of code reached and features (an edge with how often it was taken), findings. New inputs go to build/fuzz/corpus/, not into
# the sources; a finding ends its target, leaves its input in build/fuzz/crashes/ and its report in build/fuzz/logs/, and the end is status 1.
# Where machines captured by others lie beside the checkout (../shared/corpus), what parsers read of them is a seed too (seeds.py).
#   run.sh SECONDS [TARGET...]   targets without the fuzz_ in front, default all
set -euo pipefail
[ $# -ge 1 ] || { echo "run.sh SECONDS [TARGET...]" >&2; exit 2; }
seconds=$1
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${CAPMAP_FUZZ_BUILD:-$root/build/fuzz}
cd "$root"

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for source in tests/fuzz/fuzz_*.cpp; do
    name=$(basename "$source" .cpp)
    targets+=("${name#fuzz_}")
  done
fi
cmake --preset fuzz -B "$build" >/dev/null
cmake --build "$build" --target "${targets[@]/#/fuzz_}" -j "${JOBS:-2}"

mkdir -p "$build/crashes" "$build/logs"
rm -rf "$build/seeds"
beside=$root/../shared/corpus
[ -d "$beside" ] || beside=
tests/fuzz/seeds.py "$build/seeds" ${beside:+"$beside"}

# Inputs that become files are written where that costs no disk.
[ -w /dev/shm ] && export TMPDIR=/dev/shm
table=$(printf '%-15s %12s %8s %9s %9s' TARGET RUNS EDGES FEATURES FINDINGS)
status=0
for name in "${targets[@]}"; do
  mkdir -p "$build/corpus/$name" "$build/seeds/$name"
  log=$build/logs/$name
  touch "$log.begin"
  echo "fuzz_$name: $seconds s"
  length=8192 silent=0
  case $name in
    root | device_text) length=65536 ;;
    http | journal) silent=1 ;;  # what they would say on stdout
  esac
  "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=$length -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
    -close_fd_mask=$silent -artifact_prefix="$build/crashes/$name-" "$build/corpus/$name" "tests/fuzz/corpus/$name" "$build/seeds/$name" \
    >"$log" 2>&1 || { status=1; tail -20 "$log"; }
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  reached=$(grep -aoE 'cov: [0-9]+ ft: [0-9]+' "$log" | tail -1) || reached='cov: 0 ft: 0'
  findings=$(find "$build/crashes" -name "$name-*" -newer "$log.begin" | wc -l)
  table+=$'\n'$(printf '%-15s %12s %8s %9s %9s' "$name" "${runs:-0}" "$(cut -d' ' -f2 <<<"$reached")" "$(cut -d' ' -f4 <<<"$reached")" "$findings")
done
printf '\n%s\n' "$table"
exit $status
