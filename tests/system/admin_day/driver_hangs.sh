#!/bin/bash
# A driver hangs: one card's calls never return. The server stays fresh and its other card is told, the card's use becomes unknown and is no
# longer called free, the admin sees which card it is, drains the server, and puts it back when the driver answers again.
# NVML is played by a library of the tests, from a file.
# shellcheck source=tests/system/admin_day/day.sh
source "$(dirname "$0")/day.sh"
export CAPMAP_FALSE_NVML=$folder/cards
{
  echo "devices 2"
  for i in 0 1; do
    printf '%s\n' "$i.pci 0000:$((i + 1))0:00.0" "$i.id 10de:2330" "$i.name NVIDIA H100 80GB HBM3" \
      "$i.uuid GPU-00000000-0000-0000-0000-00000000000$i" "$i.total 85899345920" "$i.used 0" "$i.gpu 0" "$i.power 70000" "$i.temp 31" \
      "$i.processes 0" "$i.ecc 0"
  done
} >"$folder/well"
cp "$folder/well" "$folder/cards"
play() { cp "$1" "$folder/cards.new" && mv "$folder/cards.new" "$folder/cards"; }

new_controller beijing-1 1101
start_controller
machine gpu-1 'pci 0000:10:00.0 0x030200 0x10de 0x2330 nvidia' 'pci 0000:20:00.0 0x030200 0x10de 0x2330 nvidia'
join gpu-1 beijing-1
start_agent gpu-1 --accelerators-every-s 1 --accelerators-nvml-library "$build/libcapmap_false_nvml.so"
soon 30 '^  NVIDIA H100 SXM5 80GB +2 +0 +2' ctl map

{ cat "$folder/well"; echo '1.call.utilization hang'; } >"$folder/hung"
play "$folder/hung"
soon 60 '0000:20:00.0 has not answered' ctl nodes show gpu-1
told_s=$took_s
soon 60 '^  NVIDIA H100 SXM5 80GB +2 +0 +1' ctl map
soon 10 'use unknown of 1 device' ctl map
must_say fresh node_line gpu-1
must_say '^gpu-1.*0000:20:00.0 has not answered' ctl sql --csv "select hostname, problem_text from nodes where problems > 0"
must_say . ctl nodes drain gpu-1 --reason 'card 20 hangs'
soon 10 'card 20 hangs' ctl nodes show gpu-1
soon 10 '  available +0' ctl map

play "$folder/well"
soon 60 '^gpu-1' ctl sql --csv "select hostname from nodes where problem_text not like '%has not answered%'"
must_say . ctl nodes undrain gpu-1
soon 30 '^  NVIDIA H100 SXM5 80GB +2 +0 +2' ctl map
told "the hung card of gpu-1 was named $told_s s after its driver stopped, its use unknown and not free; no heartbeat was missed; drained, mended, back"
