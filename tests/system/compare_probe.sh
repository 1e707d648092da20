#!/bin/bash
# `capmap-agent probe --json` of this machine, field by field beside lscpu, /proc/meminfo, lsblk, lspci, ip and systemd-detect-virt.
#   compare_probe.sh [BUILD_FOLDER]     default build/release
# One line a field: same, DIFFERS, or "not told" where the other tool has no answer here. Exit: 0 nothing differs, 1 something does.
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly build=${1:-build/release}
for tool in jq lscpu lsblk lspci ip; do
  command -v "$tool" >/dev/null || { echo "compare_probe: $tool is not installed: nothing compared"; exit 1; }
done
export CAPMAP_CATALOG=$PWD/schemas/catalog LC_ALL=C
probe=$("$build/capmap-agent" probe --json)
differs=0 same=0 untold=0

ours() { jq -r "$1" <<<"$probe"; }

# field, ours, theirs
compare() {
  if [ -z "$3" ] || [ "$3" = "-" ]; then
    untold=$((untold + 1))
    printf '%-28s not told     ours: %s\n' "$1" "$2"
  elif [ "$2" = "$3" ]; then
    same=$((same + 1))
    printf '%-28s same         %s\n' "$1" "$2"
  else
    differs=$((differs + 1))
    printf '%-28s DIFFERS      ours: %s  theirs: %s\n' "$1" "$2" "$3"
  fi
}

lscpu_json=$(lscpu -J)
from_lscpu() { jq -r --arg field "$1:" '[.. | objects | select(.field? == $field) | .data] | first // ""' <<<"$lscpu_json"; }
topology=$(lscpu -p=CPU,CORE,SOCKET | grep -v '^#')
compare cpu.arch "$(ours .node.arch)" "$(from_lscpu Architecture)"
compare cpu.vendor "$(ours '.cpu.vendor // ""')" "$(from_lscpu 'Vendor ID')"
compare cpu.model "$(ours '.cpu.model // ""')" "$(from_lscpu 'Model name' | tr -s ' ')"
compare cpu.packages "$(ours .cpu.packages)" "$(cut -d, -f3 <<<"$topology" | sort -u | wc -l)"
compare cpu.cores "$(ours .cpu.cores)" "$(cut -d, -f2,3 <<<"$topology" | sort -u | wc -l)"
compare cpu.pus "$(ours .cpu.pus)" "$(from_lscpu 'CPU(s)')"
compare cpu.pus_allowed "$(ours .cpu.pus_allowed)" "$(nproc)"
compare cpu.numa_nodes "$(ours .cpu.numa_nodes)" "$(from_lscpu 'NUMA node(s)')"
compare cpu.max_mhz "$(ours '.cpu.max_mhz // "-"')" "$(from_lscpu 'CPU max MHz' | sed 's/\..*//')"
flags=" $(from_lscpu Flags) "
for word in $(ours '.cpu.isa[]'); do
  case $flags in *" $word "*) theirs=$word ;; *) theirs=absent ;; esac
  compare "cpu.isa" "$word" "$theirs"
done
compare memory.total_bytes "$(ours .memory.total_bytes)" "$(awk '/^MemTotal:/ { printf "%.0f", $2 * 1024 }' /proc/meminfo)"
for node in $(ours '.memory.numa[].node'); do
  compare "memory.numa[$node]" "$(ours ".memory.numa[] | select(.node == $node) | .bytes")" \
    "$(awk '/MemTotal:/ { printf "%.0f", $4 * 1024 }' "/sys/devices/system/node/node$node/meminfo" 2>/dev/null || true)"
done

# Whole disks, without zram, loop, rom and what stands on other disks.
disks=$(lsblk -b -d -n -r -o NAME,TYPE,SIZE | awk '$2 == "disk" && $1 !~ /^(zram|ram|nbd|fd)/ && $3 > 0 { print $1, $3 }' | sort)
compare storage "$(ours '.storage[] | "\(.name) \(.bytes)"' | sort | paste -sd';')" "$(paste -sd';' <<<"$disks")"

# Network ports that hang on a device; bridges, bonds, tunnels and the like have a kind or no device.
ports=$(ip -j -d link show | jq -r '.[] | select((.linkinfo.info_kind // "") == "" and .link_type != "loopback") | .ifname' |
  while read -r name; do if [ -e "/sys/class/net/$name/device" ]; then echo "$name"; fi; done | sort)
compare network "$(ours '.network[].name' | sort | paste -sd';')" "$(paste -sd';' <<<"$ports")"
for name in $ports; do
  speed=$(cat "/sys/class/net/$name/speed" 2>/dev/null || true)
  if [ "${speed:--1}" -gt 0 ]; then
    ours_mbps=$(ours ".network[] | select(.name == \"$name\") | .speed_mbps // 0")
    # Ours is what the port can do; what it does now is at most that.
    if [ "$ours_mbps" -ge "$speed" ]; then compare "network.$name.speed" at-least-now at-least-now; else
      compare "network.$name.speed" "$ours_mbps" "$speed"
    fi
  fi
done

# Accelerators: 3D controllers and processing accelerators always; displays are judged by vendor, which lspci cannot say.
cards=$(lspci -Dn 2>/dev/null | awk '$2 == "0302:" || $2 == "1200:" { print $1 }' | sort)
missing=$(comm -23 <(printf '%s\n' "$cards") <(ours '.accelerators[].pci_address' | sort) | paste -sd';')
compare "accelerators (not missing)" "${missing:-none}" none
# shellcheck disable=SC1091
compare node.os "$(ours .node.os)" "$(. /etc/os-release && echo "$PRETTY_NAME")"
compare node.kernel "$(ours .node.kernel)" "$(uname -r)"
compare node.hostname "$(ours .node.hostname)" "$(uname -n)"
if command -v systemd-detect-virt >/dev/null; then
  compare node.virtualization "$(ours '.node.virtualization // "none"')" "$(systemd-detect-virt || true)"
fi
echo "compare_probe: $same fields the same, $differs differ, $untold not told by the other tool"
[ "$differs" = 0 ]
