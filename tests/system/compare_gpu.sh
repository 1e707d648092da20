#!/bin/bash
# `capmap-agent devices` and `probe --json` of this machine's NVIDIA cards, field by field beside nvidia-smi, and what NVML costs.
#   compare_gpu.sh [BUILD_FOLDER]       default build/release
# One line a field: same, DIFFERS, or "not told" where nvidia-smi has no answer. What moves by itself may differ by a few units.
# Exit: 0 nothing differs; 1 something does; 77 skipped: there is no NVIDIA card here, or no nvidia-smi or jq to compare with.
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly build=${1:-build/release}
for tool in nvidia-smi jq; do
  command -v "$tool" >/dev/null || { echo "compare_gpu: $tool is not installed: skipped, nothing compared"; exit 77; }
done
nvidia-smi --list-gpus 2>/dev/null | grep -q '^GPU ' || { echo "compare_gpu: nvidia-smi lists no card: skipped, nothing compared"; exit 77; }
export CAPMAP_CATALOG=$PWD/schemas/catalog LC_ALL=C
differs=0 same=0 untold=0

# field, ours, theirs [, how far they may be apart]
compare() {
  local apart=${4:-0} close=no
  case $3 in '' | *N/A* | *'Not Supported'*)
    untold=$((untold + 1))
    printf '%-40s not told     ours: %s\n' "$1" "$2"
    return ;;
  esac
  if [ "$2" = "$3" ]; then close=yes; elif [ "$apart" != 0 ] && [ "$2" != unknown ]; then
    close=$(awk -v a="$2" -v b="$3" -v d="$apart" 'BEGIN { x = a - b; if (x < 0) x = -x; print x <= d ? "yes" : "no" }')
  fi
  if [ "$close" = yes ]; then
    same=$((same + 1))
    printf '%-40s same         %s\n' "$1" "$2"
  else
    differs=$((differs + 1))
    printf '%-40s DIFFERS      ours: %s  theirs: %s\n' "$1" "$2" "$3"
  fi
}

devices=$("$build/capmap-agent" devices --json)
probe=$("$build/capmap-agent" probe --json)
# A field of one card, by its address, of `devices` or of `probe`; $1 page, $2 address, $3 jq words behind the card
field() { jq -r --arg address "$2" "[(.devices // .accelerators)[] | select(.pci_address == \$address)][0] | $3 // \"unknown\"" <<<"$1"; }
flag() { jq -r --arg address "$2" "[.devices[] | select(.pci_address == \$address)][0].$3 | if . == null then \"unknown\" elif . then \"Enabled\" else \"Disabled\" end" <<<"$1"; }

asked=pci.bus_id,name,uuid,driver_version,memory.total,memory.used,enforced.power.limit,power.min_limit,power.max_limit,power.default_limit
asked+=,clocks.sm,clocks.max.sm,clocks.mem,clocks.max.mem,temperature.gpu,power.draw,ecc.mode.current
asked+=,ecc.errors.corrected.volatile.total,ecc.errors.uncorrected.volatile.total,mig.mode.current
cards=$(nvidia-smi --query-gpu="$asked" --format=csv,noheader,nounits)
count=0
while IFS=, read -r bus name uuid driver total used limit least most default sm sm_max mem mem_max heat draw ecc corrected uncorrected mig; do
  count=$((count + 1))
  # "00000000:17:00.0" as the kernel writes it
  address=$(tr '[:upper:]' '[:lower:]' <<<"${bus// /}" | sed 's/^0000\(....:\)/\1/')
  one() { field "$devices" "$address" "$1"; }
  trim() { sed 's/^ *//; s/ *$//' <<<"$1"; }
  watts() { awk -v mw="$(one "$1")" 'BEGIN { if (mw == "unknown") print mw; else printf "%.2f", mw / 1000 }'; }
  mib() { awk -v bytes="$(one "$1")" 'BEGIN { if (bytes == "unknown") print bytes; else printf "%.0f", bytes / 1048576 }'; }
  compare "$address name" "$(one .name)" "$(trim "$name")"
  compare "$address uuid" "$(one .uuid)" "$(trim "$uuid")"
  compare "$address driver" "$(jq -r '[.drivers[] | select(.name == "nvml")][0].driver_version // "unknown"' <<<"$devices")" "$(trim "$driver")"
  compare "$address memory MiB" "$(mib .memory_total_bytes)" "$(trim "$total")" 1
  compare "$address memory used MiB" "$(mib .memory_used_bytes)" "$(trim "$used")" 256
  compare "$address enforced limit W" "$(watts .power_limit_milliwatts)" "$(trim "$limit")"
  compare "$address least limit W" "$(watts .power_limit_min_milliwatts)" "$(trim "$least")"
  compare "$address highest limit W" "$(watts .power_limit_max_milliwatts)" "$(trim "$most")"
  compare "$address default limit W" "$(watts .power_limit_default_milliwatts)" "$(trim "$default")"
  compare "$address core MHz" "$(one .core_mhz)" "$(trim "$sm")" 2000
  compare "$address core highest MHz" "$(one .core_max_mhz)" "$(trim "$sm_max")"
  compare "$address memory MHz" "$(one .memory_mhz)" "$(trim "$mem")" 4000
  compare "$address memory highest MHz" "$(one .memory_max_mhz)" "$(trim "$mem_max")"
  compare "$address temperature C" "$(one .temperature_celsius)" "$(trim "$heat")" 5
  compare "$address power W" "$(watts .power_milliwatts)" "$(trim "$draw")" 100
  compare "$address ecc mode" "$(flag "$devices" "$address" ecc)" "$(trim "$ecc")"
  compare "$address ecc corrected" "$(one .ecc_corrected)" "$(trim "$corrected")"
  compare "$address ecc uncorrected" "$(one .ecc_uncorrected)" "$(trim "$uncorrected")"
  compare "$address MIG" "$(flag "$devices" "$address" cut)" "$(trim "$mig")"
  compare "$address probe: name" "$(field "$probe" "$address" .device.name)" "$(trim "$name")"
  compare "$address probe: visible" "$(field "$probe" "$address" .driver_visible)" true
done <<<"$cards"
compare "cards" "$(jq '[.accelerators[] | select(.vendor == "nvidia")] | length' <<<"$probe")" "$count"
compare "CUDA" "$(jq -r '[.drivers[] | select(.name == "nvml")][0].cuda_version // "unknown"' <<<"$devices")" \
  "$(nvidia-smi | sed -n 's/.*CUDA Version: *\([0-9.]*\).*/\1/p' | head -1)"

# What it costs: the sampler as the agent runs it, with ten frames a second for ten seconds.
frames=$(mktemp)
begin=$(date +%s%N)
"$build/capmap-probe" devices --every 100 >"$frames" &
sampler=$!
trap 'kill "$sampler" 2>/dev/null || true; rm -f "$frames"' EXIT
until grep -q '^end$' "$frames" || [ $(($(date +%s%N) - begin)) -gt 60000000000 ]; do sleep 0.01; done
echo "cost: first frame (library opened, every card read once) after $((($(date +%s%N) - begin) / 1000000)) ms"
ticks() { awk '{ print $14 + $15 }' "/proc/$sampler/stat"; }
before=$(ticks) seen=$(grep -c '^end$' "$frames")
sleep 10
made=$(($(grep -c '^end$' "$frames") - seen)) spent=$(($(ticks) - before))
if [ "$made" -gt 0 ] && [ "$count" -gt 0 ]; then
  awk -v t="$spent" -v hz="$(getconf CLK_TCK)" -v n="$made" -v c="$count" \
    'BEGIN { printf "cost: %d frames of %d cards, %.2f ms of CPU a card and frame\n", n, c, t / hz * 1000 / n / c }'
fi
awk '/^VmRSS|^RssAnon|^Threads/ { printf "cost: sampler %s %s %s\n", $1, $2, $3 }' "/proc/$sampler/status"
echo "compare_gpu: $same fields the same, $differs differ, $untold not told by nvidia-smi"
[ "$differs" = 0 ]
