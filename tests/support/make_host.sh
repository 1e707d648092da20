#!/bin/bash
# Builds the proc/ and sys/ of an invented machine, for programs that read a machine below a root.
#   make_host.sh PARAMETERS FOLDER
# PARAMETERS is a file of "key value" lines (tests/fixtures/hosts/*/parameters); FOLDER is made and must not exist.
#
#   arch x86_64|aarch64        packages N, cores N (a package), threads N (a core), nodes N, node_mib N (a node)
#   cpuinfo KEY: VALUE         one line of each processor's block; may repeat
#   cpu FILE VALUE             a file below each sys/devices/system/cpu/cpuN; may repeat
#   file PATH VALUE            any file; may repeat
#   pci ADDRESS CLASS VENDOR DEVICE [DRIVER]                may repeat, as the next two
#   nic NAME ADDRESS SPEED [virtio]
#   disk NAME ADDRESS SECTORS ROTATIONAL MODEL|- [TRANSPORT]
set -euo pipefail
parameters=$1 root=$2
mkdir "$root"

declare -A one=([threads]=1 [nodes]=1 [block_mib]=2048)
cpuinfo=() cpu_files=() files=() pcis=() nics=() disks=()
while read -r key value; do
  case $key in
    '' | '#'*) ;;
    cpuinfo) cpuinfo+=("$value") ;;
    cpu) cpu_files+=("$value") ;;
    file) files+=("$value") ;;
    pci) pcis+=("$value") ;;
    nic) nics+=("$value") ;;
    disk) disks+=("$value") ;;
    *) one[$key]=$value ;;
  esac
done <"$parameters"
cores=$((one[packages] * one[cores])) pus=$((one[packages] * one[cores] * one[threads]))

# Files and links are gathered first and written at the end, with one mkdir for all folders: thousands of processes would be slow.
declare -A texts=() targets=()
put() { texts[$1]=$2; }     # PATH TEXT
link() { targets[$1]=$2; }  # PATH TARGET

# mask_of FIRST COUNT: sets mask to the PUs of a row of cores, in the kernel's form: 32 bits a word, highest first.
# Thread t of core c is PU c + t * cores.
mask_of() {
  local words=() core pu word part
  for ((word = 0; word <= (pus - 1) / 32; word++)); do words[word]=0; done
  for ((core = $1; core < $1 + $2; core++)); do
    for ((pu = core; pu < pus; pu += cores)); do words[pu / 32]=$((words[pu / 32] | 1 << pu % 32)); done
  done
  mask=
  for ((word = 0; word < ${#words[@]}; word++)); do
    printf -v part '%08x' "${words[word]}"
    mask=$part${mask:+,$mask}
  done
}

cpu_folder=sys/devices/system/cpu
put $cpu_folder/online "0-$((pus - 1))"
put $cpu_folder/present "0-$((pus - 1))"
put $cpu_folder/possible "0-$((pus - 1))"
for ((package = 0; package < one[packages]; package++)); do
  mask_of $((package * one[cores])) "${one[cores]}"
  package_mask=$mask
  for ((core = package * one[cores]; core < (package + 1) * one[cores]; core++)); do
    mask_of $core 1
    for ((pu = core; pu < pus; pu += cores)); do
      topology=$cpu_folder/cpu$pu/topology
      put $topology/thread_siblings "$mask"
      put $topology/core_siblings "$package_mask"
      put $topology/core_id $((core % one[cores]))
      put $topology/physical_package_id $package
      for entry in "${cpu_files[@]}"; do put "$cpu_folder/cpu$pu/${entry%% *}" "${entry#* }"; done
    done
  done
done

block=
for line in "${cpuinfo[@]}"; do block+=${line%%: *}$'\t: '${line#*: }$'\n'; done
text=
for ((pu = 0; pu < pus; pu++)); do text+=$'processor\t: '$pu$'\n'$block$'\n'; done
put proc/cpuinfo "$text"

node_kib=$((one[node_mib] * 1024))
for ((node = 0; node < one[nodes]; node++)); do
  folder=sys/devices/system/node/node$node
  mask_of $((node * cores / one[nodes])) $((cores / one[nodes]))
  put $folder/cpumap "$mask"
  put $folder/meminfo "Node $node MemTotal:       $node_kib kB"
done
put sys/devices/system/node/online "0-$((one[nodes] - 1))"
put proc/meminfo "MemTotal:       ${one[memtotal_kib]:-$((node_kib * one[nodes]))} kB"
printf -v block_size '%x' $((one[block_mib] << 20))
put sys/devices/system/memory/block_size_bytes "$block_size"
for ((block = 0; block < one[nodes] * one[node_mib] / one[block_mib]; block++)); do
  put sys/devices/system/memory/memory$block/online 1
done

put proc/hwloc-nofile-info "Architecture: ${one[arch]}"
for entry in "${files[@]}"; do put "${entry%% *}" "${entry#* }"; done

devices=sys/devices/pci0000:00
for entry in "${pcis[@]}"; do
  read -r address class vendor device driver <<<"$entry"
  folder=$devices/$address
  put "$folder/class" "$class"
  put "$folder/vendor" "$vendor"
  put "$folder/device" "$device"
  put "$folder/subsystem_vendor" "$vendor"
  put "$folder/subsystem_device" 0x0001
  [ -z "$driver" ] || link "$folder/driver" "../../../bus/pci/drivers/$driver"
  link "sys/bus/pci/devices/$address" "../../../devices/pci0000:00/$address"
done

for entry in "${nics[@]}"; do
  read -r name address speed bus <<<"$entry"
  parent=$devices/$address${bus:+/virtio0}
  put "$parent/net/$name/type" 1
  put "$parent/net/$name/speed" "$speed"
  link "$parent/net/$name/device" "../../../${parent##*/}"
  [ -z "$bus" ] || link "$parent/driver" ../../../../bus/virtio/drivers/virtio_net
  link "sys/class/net/$name" "../../${parent#sys/}/net/$name"
done

for entry in "${disks[@]}"; do
  read -r name address sectors rotational model <<<"$entry"
  case $name in
    nvme*) parent=$devices/$address/nvme/${name%n*} && put "$parent/transport" pcie ;;
    vd*) parent=$devices/$address/virtio1 ;;
    *) parent=$devices/$address/host0/target0:0:0/0:0:0:0 ;;
  esac
  [ "$model" = - ] || put "$parent/model" "$model"
  put "$parent/block/$name/size" "$sectors"
  put "$parent/block/$name/removable" 0
  put "$parent/block/$name/queue/rotational" "$rotational"
  link "$parent/block/$name/device" "../../../${parent##*/}"
  link "sys/block/$name" "../${parent#sys/}/block/$name"
done

declare -A folders=()
for path in "${!texts[@]}" "${!targets[@]}"; do folders[$root/${path%/*}]=1; done
mkdir -p "${!folders[@]}"
for path in "${!texts[@]}"; do printf '%s\n' "${texts[$path]}" >"$root/$path"; done
for path in "${!targets[@]}"; do ln -s "${targets[$path]}" "$root/$path"; done
