#!/bin/bash
# Builds the fuzz targets (preset fuzz, build/fuzz), runs each for SECONDS of CPU time from its corpus, JOBS at a time, and prints what came
# of it as a table: CPU time, inputs tried, edges of code reached and features (an edge with how often it was taken), lines reached of those
# of the target's parsers (parsers.txt; coverage.sh tells which are not), findings. New inputs go to build/fuzz/corpus/, not into the
# sources; a finding ends its target, leaves its input in build/fuzz/crashes/ and its report in build/fuzz/logs/, and the end is status 1.
# Where machines captured by others lie beside the checkout (../shared/corpus), what parsers read of them is a seed too (seeds.py).
#   run.sh SECONDS [TARGET...]   targets without the fuzz_ in front, default all:
#     messages        every decoder of the wire: what agents and child controllers send, what they are answered
#     probe_frames    what capmap-probe prints of a machine        sample_frames  what a sampler prints of devices and mounts
#     probe_text      texts the look at the hardware reads         agent_text     texts the agent reads each tick
#     probe_firmware  SMBIOS table, CPUID, wear of eMMC            device_text    files of accelerator drivers
#     root            all files of a machine, into all of these    xml            values of an hwloc topology
#     capture         notes of a capture, and what hides secrets   agent_files    state folder, settings, join tokens
#     catalog         files of the catalog, lists of regions       config         both programs' TOML and flags
#     http            requests, filters, bodies                    ctl            what capmapctl is answered, and what people type
#     journal         the store of older builds                  guest_text     command lines of hypervisors, what is made of them
#     past            records of history                         samples        blocks of samples in history.db
#     import          files of sites, and the body of an import
#     foreign         what other systems export               sql             statements over the live map
set -euo pipefail
[ $# -ge 1 ] || { echo "run.sh SECONDS [TARGET...]" >&2; exit 2; }
seconds=$1
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${CAPMAP_FUZZ_BUILD:-$root/build/fuzz}
jobs=${JOBS:-2}
cd "$root"

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for source in tests/fuzz/fuzz_*.cpp; do
    name=$(basename "$source" .cpp)
    targets+=("${name#fuzz_}")
  done
fi
cmake --preset fuzz -B "$build" >/dev/null
cmake --build "$build" --target "${targets[@]/#/fuzz_}" -j "$jobs"

mkdir -p "$build/crashes" "$build/logs"
rm -rf "$build/seeds"
beside=$root/../shared/corpus
[ -d "$beside" ] || beside=
tests/fuzz/seeds.py "$build/seeds" ${beside:+"$beside"}

# Inputs that become files are written where that costs no disk; a run writes no coverage: coverage.sh asks what it left.
[ -w /dev/shm ] && export TMPDIR=/dev/shm
row='%-15s %6s %10s %7s %9s %14s %9s\n'

# run_target NAME: its row goes to logs/NAME.row; a run that did not end well leaves logs/NAME.failed.
run_target() {
  local name=$1 log=$build/logs/$1 length=8192 silent=0 leaks=1 cpu_ms=0 round used runs reached lines findings
  mkdir -p "$build/corpus/$name" "$build/seeds/$name"
  rm -f "$log.failed" "$log.row" "$log"
  touch "$log.begin"
  case $name in
    root | device_text) length=65536 ;;
    xml) leaks=0 ;;  # hwloc's reader loses objects that it refuses
    http | journal) silent=1 ;;  # what they would say on stdout
  esac
  # libFuzzer counts time on the wall; what a busy machine kept from it is made up for in a few more runs.
  for ((round = 0; round < 8 && cpu_ms < seconds * 1000; ++round)); do
    used=$( { TIMEFORMAT='%U %S'; time ASAN_OPTIONS=detect_leaks=$leaks LLVM_PROFILE_FILE=/dev/null "$build/tests/fuzz/fuzz_$name" \
      -max_total_time=$((seconds - cpu_ms / 1000 > 5 ? seconds - cpu_ms / 1000 : 5)) -max_len=$length -timeout=20 -rss_limit_mb=2048 \
      -print_final_stats=1 -close_fd_mask=$silent -artifact_prefix="$build/crashes/$name-" "$build/corpus/$name" "tests/fuzz/corpus/$name" \
      "$build/seeds/$name" >>"$log" 2>&1 || touch "$log.failed"; } 2>&1)
    cpu_ms=$((cpu_ms + $(awk '{ print int(($1 + $2) * 1000) }' <<<"$used")))
    [ ! -e "$log.failed" ] || { tail -20 "$log"; break; }
  done
  runs=$(awk '/^stat::number_of_executed_units:/ { sum += $2 } END { print sum }' "$log")
  reached=$(grep -aoE 'cov: [0-9]+ ft: [0-9]+' "$log" | tail -1) || reached='cov: – ft: –'
  lines=$(tests/fuzz/coverage.sh "$name" 2>&1 | tee "$log.coverage" | sed -n 's/^.*: \([0-9]*\) of \([0-9]*\) lines$/\1 of \2/p') || touch "$log.failed"
  findings=$(find "$build/crashes" -name "$name-*" -newer "$log.begin" | wc -l)
  # shellcheck disable=SC2059
  printf "$row" "$name" "$((cpu_ms / 1000))" "${runs:-–}" "$(cut -d' ' -f2 <<<"$reached")" "$(cut -d' ' -f4 <<<"$reached")" "${lines:-–}" "$findings" >"$log.row"
}

for name in "${targets[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || true; done
  echo "fuzz_$name: $seconds s"
  run_target "$name" &
done
wait
# shellcheck disable=SC2059
printf "\n$row" TARGET 'CPU S' RUNS EDGES FEATURES LINES FINDINGS
status=0
for name in "${targets[@]}"; do
  cat "$build/logs/$name.row" || status=1
  [ ! -e "$build/logs/$name.failed" ] || status=1
done
exit $status
