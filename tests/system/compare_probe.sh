#!/bin/bash
# `capmap-agent probe --json` of this machine, field by field beside lscpu, /proc/meminfo, lsblk, df, lspci, ip and systemd-detect-virt.
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
isa=" $(ours '.cpu.isa[]' | paste -sd' ') "
for word in $isa; do
  case $flags in *" $word "*) theirs=$word ;; *) theirs=absent ;; esac
  compare "cpu.isa" "$word" "$theirs"
done
# The other way: of the words that the probe knows, those the kernel tells must be told.
for word in avx avx2 avx512f avx512_bf16 avx512_fp16 avx512_vnni avx_vnni amx_tile amx_bf16 amx_int8 amx_fp16 fma sve sve2 asimd lsx lasx; do
  grep -q "\"$word\"" agent/probe/cpu_text.cpp || continue
  case $flags in *" $word "*) ;; *) continue ;; esac
  case $isa in *" $word "*) ours_word=$word ;; *) ours_word=absent ;; esac
  compare "cpu.isa (not missing)" "$ours_word" "$word"
done
dies=$(for cpu in /sys/devices/system/cpu/cpu[0-9]*/topology; do
  if [ -e "$cpu/die_id" ]; then paste "$cpu/physical_package_id" "$cpu/die_id"; fi
done | sort -u | grep -c . || true)
# Packages of one die each are not told apart from their dies.
if [ "$dies" = 0 ] || [ "$dies" = "$(ours .cpu.packages)" ]; then dies=-; fi
compare cpu.dies "$(ours '.cpu.dies // "-"')" "$dies"
# Sizes of all caches of a kind, in bytes; lscpu shows them so with --bytes.
lscpu_caches=$(lscpu -B -C=NAME,ALL-SIZE 2>/dev/null | awk 'NR > 1 { print $1, $2 }')
for cache in L1d:l1d L1i:l1i L2:l2 L3:l3; do
  compare "cpu.caches.${cache#*:}" "$(ours ".cpu.caches.${cache#*:}_bytes // \"-\"")" \
    "$(awk -v name="${cache%:*}" '$1 == name { print $2 }' <<<"$lscpu_caches")"
done
compare memory.total_bytes "$(ours .memory.total_bytes)" "$(awk '/^MemTotal:/ { printf "%.0f", $2 * 1024 }' /proc/meminfo)"
for node in $(ours '.memory.numa[].node'); do
  compare "memory.numa[$node]" "$(ours ".memory.numa[] | select(.node == $node) | .bytes")" \
    "$(awk '/MemTotal:/ { printf "%.0f", $4 * 1024 }' "/sys/devices/system/node/node$node/meminfo" 2>/dev/null || true)"
done

# Whole disks, without zram, loop, rom and what stands on other disks.
disks=$(lsblk -b -d -n -r -o NAME,TYPE,SIZE | awk '$2 == "disk" && $1 !~ /^(zram|ram|nbd|fd)/ && $3 > 0 { print $1, $3 }' | sort)
compare storage "$(ours '.storage[] | "\(.name) \(.bytes)"' | sort | paste -sd';')" "$(paste -sd';' <<<"$disks")"

# Model and media of each; of a guest's disk we say nothing, for what lies behind it is not told.
while read -r name; do
  [ -n "$name" ] || continue
  compare "storage.$name.model" "$(ours ".storage[] | select(.name == \"$name\") | .model // \"-\"")" \
    "$(lsblk -d -n -o MODEL "/dev/$name" 2>/dev/null | tr -s ' ' | sed 's/^ //; s/ $//')"
  case $(ours ".storage[] | select(.name == \"$name\") | .media") in
    hdd) media=1 ;; ssd | nvme) media=0 ;; *) continue ;;
  esac
  compare "storage.$name.rotates" "$media" "$(lsblk -d -n -o ROTA "/dev/$name" 2>/dev/null | tr -d ' ')"
done < <(cut -d' ' -f1 <<<"$disks")

# File systems: each that we list has the source, type and size that df tells of its place; none of df's on a local disk is missing.
while IFS=$'\t' read -r source fstype place size; do
  [ -n "$place" ] || continue
  compare "file_systems.$place" "$source $fstype $size" "$(timeout 10 df -B1 --output=source,fstype,size "$place" 2>/dev/null | awk 'NR == 2 { print $1, $2, $3 }')"
done < <(ours '.file_systems[] | select(.remote | not) | [.source, .type, .mount, .size_bytes] | @tsv')
missing=$(comm -23 <(df -l --output=source,fstype 2>/dev/null | awk '$2 ~ /^(ext[234]|xfs|btrfs|f2fs|vfat|zfs)$/ && $1 !~ /loop/ { print $1 }' | sort -u) \
  <(ours '.file_systems[] | select(.remote | not) | .source' | sort -u) | paste -sd';')
compare "file_systems (not missing)" "${missing:-none}" none
remote=$(findmnt -n -r -u -o SOURCE -t nfs,nfs4,cifs,lustre 2>/dev/null | sort -u | paste -sd';' || true)
compare "file_systems (network)" "$(ours '.file_systems[] | select(.type | test("^(nfs4?|cifs|lustre)$")) | .source' | sort -u | paste -sd';')" "${remote:--}"

# Network ports that hang on a device; bridges, bonds, tunnels and the like have a kind or no device.
ports=$(ip -j -d link show | jq -r '.[] | select((.linkinfo.info_kind // "") == "" and .link_type != "loopback") | .ifname' |
  while read -r name; do if [ -e "/sys/class/net/$name/device" ]; then echo "$name"; fi; done | sort)
compare network "$(ours '.network[].name' | sort | paste -sd';')" "$(paste -sd';' <<<"$ports")"
for name in $ports; do
  compare "network.$name.driver" "$(ours ".network[] | select(.name == \"$name\") | .driver // \"-\"")" \
    "$(basename "$(readlink "/sys/class/net/$name/device/driver" || true)")"
  compare "network.$name.link" "$(ours ".network[] | select(.name == \"$name\") | .link")" \
    "$(ip -j link show "$name" | jq -r '.[0].flags | if index("UP") then index("LOWER_UP") != null else "-" end')"
  speed=$(cat "/sys/class/net/$name/speed" 2>/dev/null || true)
  if [ "${speed:--1}" -gt 0 ]; then
    ours_mbps=$(ours ".network[] | select(.name == \"$name\") | .speed_mbps // 0")
    # Ours is what the port can do; what it does now is at most that.
    if [ "$ours_mbps" -ge "$speed" ]; then compare "network.$name.speed" at-least-now at-least-now; else
      compare "network.$name.speed" "$ours_mbps" "$speed"
    fi
  fi
done

# Accelerators: 3D controllers and processing accelerators always; of displays (class 03) those of vendors that make accelerators: the
# others (a server's VGA of ASPEED or Matrox, a hypervisor's) show pictures and compute nothing, and must not be listed.
cards=$(lspci -Dn 2>/dev/null | awk '$2 == "0302:" || $2 == "1200:" || ($2 ~ /^03/ && $3 ~ /^(10de|1002|1db7|1ed5|1e52|1d94):/) { print $1 }' | sort)
displays=$(lspci -Dn 2>/dev/null | awk '$2 ~ /^03/ && $3 ~ /^(1a03|102b|1234|1013|1b36|15ad|1af4|1414|80ee):/ { print $1 }' | sort)
extra=$(comm -12 <(printf '%s\n' "$displays") <(ours '.accelerators[].pci_address' | sort) | paste -sd';')
compare "accelerators (no displays)" "${extra:-none}" none
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
