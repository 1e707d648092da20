#!/bin/bash
# What the sandbox of both units costs, in a container that units.sh has booted: probes inside beside probes outside as root, a benchmark,
# and what systemd says of the units.
#   units_sandbox.sh BUILD ROOT LEADER FOLDER      called by units.sh
# Exit: 0 every difference is one of the table below, and both exposures are at most 2.0; 1 not.
set -euo pipefail
export LC_ALL=C
readonly root=$2 leader=$3 folder=$4
inside() { nsenter --target "$leader" --mount --uts --ipc --net --pid --root --wdns=/ -- "$@"; }
fail() { echo "units: $*"; exit 1; }

# Fields that may differ: an expression for the path, and why.
table() {
  cat <<'TABLE'
^platform\.cgroup\.          limits of the service's own control group: what the unit gives it of the machine
^file_systems\..*free_bytes  what is free moves from one look to the next
^energy\..*                  RAPL counters are for the service's group, not for everybody; root reads them anyway
^accelerators\..*\.(busy|used|power|temperature).* readings move from one look to the next
TABLE
}

# The agent's unit as it is, with another program in it: the same sandbox to the letter.
same_sandbox() { # NAME COMMAND
  local units=$root/lib/systemd/system own=$root/etc/systemd/system
  sed -E -e "s|^ExecStart=.*|ExecStart=/bin/sh -c '$2'|" -e 's/^Type=.*/Type=oneshot/' -e 's/^TimeoutStartSec=.*/TimeoutStartSec=120/' \
    -e '/^(WatchdogSec|Restart|RestartSec|ExecReload|NotifyAccess)=/d' "$units/capmap-agent.service" >"$own/$1.service"
  mkdir -p "$own/$1.service.d"
  cp "$units"/capmap-agent.service.d/*.conf "$own/$1.service.d/"
  printf '[Service]\nEnvironment=CAPMAP_FALSE_NVML=/opt/false/cards\n' >"$own/$1.service.d/test.conf"
  inside systemctl daemon-reload
  inside systemctl start "$1" || { inside journalctl --no-pager -n 20 -u "$1"; fail "$1 failed in the sandbox"; }
}

echo "== probe --json inside the unit beside outside as root"
flat() { jq -r 'paths(type != "object" and type != "array") as $p | "\($p | map(tostring) | join("."))\t\(getpath($p))"' "$1" | sort; }
value() { awk -F'\t' -v path="$2" '$1 == path { print $2; found = 1; exit } END { if (!found) print "(not there)" }' "$1"; }
same_sandbox capmap-inside "capmap-agent probe --json --nvml /opt/false/libcapmap_false_nvml.so >/var/lib/capmap-agent/inside.json"
inside env CAPMAP_FALSE_NVML=/opt/false/cards capmap-agent probe --json \
  --nvml /opt/false/libcapmap_false_nvml.so >"$folder/outside.json"
flat "$root/var/lib/capmap-agent/inside.json" >"$folder/inside.flat"
flat "$folder/outside.json" >"$folder/outside.flat"
fields=$(wc -l <"$folder/outside.flat")
[ "$fields" -gt 60 ] || fail "probe told $fields fields alone"
unexplained=0 explained=0
while IFS= read -r path; do
  why=$(table | while read -r expression reason; do if grep -qE "$expression" <<<"$path"; then echo "$reason"; fi; done | head -1)
  printf '%-44s inside %s, outside %s: %s\n' "$path" "$(value "$folder/inside.flat" "$path")" "$(value "$folder/outside.flat" "$path")" \
    "${why:-NOT EXPLAINED}"
  if [ -n "$why" ]; then explained=$((explained + 1)); else unexplained=$((unexplained + 1)); fi
done < <(diff "$folder/inside.flat" "$folder/outside.flat" | sed -n 's/^[<>] //p' | cut -f1 | sort -u)
echo "$fields fields, $explained differ with a reason, $unexplained without"
[ "$unexplained" = 0 ] || fail "probes see something else in the sandbox"

echo "== a benchmark in the sandbox"
same_sandbox capmap-benchmark "capmap-agent benchmark --seconds 1 --json >/var/lib/capmap-agent/benchmark.json"
jq -e '[.. | numbers] | length > 3' "$root/var/lib/capmap-agent/benchmark.json" >/dev/null || fail "the benchmark measured nothing"
jq -c . "$root/var/lib/capmap-agent/benchmark.json" | cut -c1-400

echo "== what systemd says"
for unit in agent controller; do
  inside env LC_ALL=C.UTF-8 systemd-analyze security --no-pager "capmap-$unit.service" >"$folder/security" 2>/dev/null || true
  grep '^✗' "$folder/security" | sed -E 's/ +/ /g'
  line=$(grep 'Overall exposure' "$folder/security") || fail "systemd-analyze security says nothing of capmap-$unit"
  echo "$line"
  figure=$(grep -oE '[0-9]+\.[0-9]+' <<<"$line")
  awk -v figure="$figure" 'BEGIN { exit !(figure <= 2.0) }' || fail "capmap-$unit is above 2.0"
done

echo "== the doctors"
inside capmap-agent doctor || fail "the agent's doctor finds something broken"
inside capmapctl doctor || fail "the controller's doctor finds something broken"
inside capmap-agent doctor --json >"$folder/doctor.json" || true
found() { jq -e ".findings[] | select($1)" "$folder/doctor.json" >/dev/null; }
found '.area == "limits"' || fail "doctor says nothing of limits"
found '.area == "handshake" and .health == "well"' || fail "doctor's handshake failed"
found '.area == "capabilities" and .health == "well"' || fail "the agent holds capabilities"
found '.area == "watchdog" and .health == "well"' || fail "the agent's watchdog is not on"
