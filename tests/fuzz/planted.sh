#!/bin/bash
# Would a fuzzer see that a check is gone? Copies the sources, drops from the copy what planted.txt names (one check a target), builds the
# fuzz targets of the copy, and lets each run for at most SECONDS from the corpus: each must find its planted bug.
#   planted.sh [SECONDS [TARGET...]]    default 60, all of planted.txt
# The sources themselves are not touched. A line of planted.txt that no longer stands in its file ends it before anything is built.
# Exit: 0 all found, 1 some not (each named), 2 wrong use.
set -euo pipefail
export LC_ALL=C.UTF-8
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:-60}
[[ $seconds =~ ^[0-9]+$ && $seconds -gt 0 ]] || { sed -n '4p' "$0" >&2; exit 2; }
shift || true
cd "$root"
copy=$root/build/planted
mkdir -p "$copy"
find "$copy" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
tar --exclude=./build --exclude=./.git -cf - . | tar -xf - -C "$copy"
tests/fuzz/plant.py tests/fuzz/planted.txt "$copy"
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(sed -n 's/^\([a-z_]*\) | .*/\1/p' tests/fuzz/planted.txt)
(cd "$copy" && cmake --preset fuzz >/dev/null && cmake --build build/fuzz --target "${targets[@]/#/fuzz_}" -j "${JOBS:-2}" | tail -1)
missed=0
for name in "${targets[@]}"; do
  work=$copy/build/fuzz/planted/$name
  rm -rf "$work"
  mkdir -p "$work/found"
  begun=$(date +%s%N)
  # Its own findings alone: leaks are not what was planted.
  if ASAN_OPTIONS=detect_leaks=0 LLVM_PROFILE_FILE=/dev/null "$copy/build/fuzz/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=65536 \
    -rss_limit_mb=2048 -close_fd_mask=1 -artifact_prefix="$work/" "$work/found" "tests/fuzz/corpus/$name" >"$work/log" 2>&1; then
    echo "$name: MISSED within $seconds s"
    missed=1
  else
    took_ms=$((($(date +%s%N) - begun) / 1000000))
    why=$(grep -aoE 'ERROR: [A-Za-z]+: [^(]*|runtime error: .*|check failed.*' "$work/log" | head -1 | cut -c1-90) || why=
    echo "$name: found in $took_ms ms: $why"
  fi
done
exit $missed
