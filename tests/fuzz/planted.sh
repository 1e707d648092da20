#!/bin/bash
# Would a fuzzer see that a check is gone? Drops from the sources what planted.txt names (one check a target), builds what that changes, and
# lets each target run for at most SECONDS from the corpus: each must find its planted bug.
#   planted.sh [SECONDS [TARGET...]]    default 60, all of planted.txt
# The sources and build/fuzz are not touched: all this is written to a layer above the checkout (overlayfs), which only this script and its
# children see and which goes with them. A line of planted.txt that no longer stands in its file ends it before anything is built.
# Exit: 0 all found, 1 some not (each named), 2 wrong use or no such layer here.
set -euo pipefail
export LC_ALL=C.UTF-8
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:-60}
[[ $seconds =~ ^[0-9]+$ && $seconds -gt 0 ]] || { sed -n '4p' "$0" >&2; exit 2; }
cd "$root"
jobs=${JOBS:-2}
if [ -z "${CAPMAP_PLANTED:-}" ]; then
  cmake --preset fuzz >/dev/null
  cmake --build build/fuzz --target fuzz_targets -j "$jobs" | tail -1
  above=$(mktemp -d "${TMPDIR:-/tmp}/capmap_planted_XXXXXX")
  status=0
  CAPMAP_PLANTED=$above unshare -rm "$0" "$@" || status=$?
  rm -rf "$above"
  exit "$status"
fi
mkdir "$CAPMAP_PLANTED/upper" "$CAPMAP_PLANTED/work"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$CAPMAP_PLANTED/upper,workdir=$CAPMAP_PLANTED/work" "$root" ||
  { echo "planted.sh: no overlayfs for this user here: run it as root" >&2; exit 2; }
cd "$root"
shift || true
tests/fuzz/plant.py tests/fuzz/planted.txt "$root"
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(sed -n 's/^\([a-z_]*\) | .*/\1/p' tests/fuzz/planted.txt)
cmake --build build/fuzz --target "${targets[@]/#/fuzz_}" -j "$jobs" -- -k 0 >"$CAPMAP_PLANTED/build.log" ||
  { grep -aE -A5 'FAILED|error:' "$CAPMAP_PLANTED/build.log" >&2; exit 2; }
missed=0
for name in "${targets[@]}"; do
  work=build/fuzz/planted/$name
  rm -rf "$work"
  mkdir -p "$work/found"
  begun=$(date +%s%N)
  # Its own findings alone: leaks are not what was planted.
  if ASAN_OPTIONS=detect_leaks=0 LLVM_PROFILE_FILE=/dev/null "build/fuzz/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=65536 \
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
