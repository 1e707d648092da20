#!/bin/bash
# Holds every #include to the arrows between the parts: who may use whom, read top to bottom, first match decides.
#   check_includes.sh [ROOT]      checks common/ agent/ controller/ tests/ below ROOT (default: this checkout)
#   check_includes.sh --selftest  proves that bad files are caught
# Exit: 0 all keep to it, 1 some do not (each named file:line with what it may include), 2 wrong use.
set -euo pipefail
export LC_ALL=C

# file                                          may include of ours (regular expressions, no spaces)
readonly ground='result|check|clock|ids|precision|utf8|labels|fingerprint|hardware|messages|published|accelerator_addresses|accelerator_vendor|coarse_rate|time_text'
readonly reading='host_root|open_file|config[a-z_]*|log|csv[a-z_]*|catalog_folder|chip_table[a-z_]*|region_[a-z]+|descriptor_table|join_token'
arrows() {
  cat <<TABLE
^common/($ground)[.]                            ^common/($ground)[.]hpp\$
^common/($reading)[.]                           ^common/($ground|$reading)[.]hpp\$
^common/codec[a-z_]*[.]                         ^(schemas/[a-z_]+_generated[.]h|common/($ground|$reading|codec[a-z_]*|batch|shape)[.]hpp)\$
^common/                                        ^common/[a-z0-9_]+[.]hpp\$
^agent/probe/devices/                           ^(common|agent|agent/probe/devices)/[a-z0-9_]+[.]hpp\$
^agent/probe/                                   ^(common|agent|agent/probe|agent/probe/devices)/[a-z0-9_]+[.]hpp\$
^agent/(probe|accelerator)_                     ^(common|agent)/([a-z0-9_]*[.]hpp)\$
^agent/                                         ^(common|agent)/[a-z0-9_]+[.]hpp\$
^controller/map/                                ^(common/($ground|chip_table|region_[a-z]+|descriptor_table|codec|batch|shape)|controller/map/[a-z0-9_]+)[.]hpp\$
^controller/access/                             ^(common|controller/access)/[a-z0-9_]+[.]hpp\$
^controller/tls/                                ^(common|controller/store|controller/tls)/[a-z0-9_]+[.]hpp\$
^controller/store/                              ^(common|controller/map|controller/access|controller/store)/[a-z0-9_]+[.]hpp\$
^controller/find/                               ^(common|controller/map|controller/find)/[a-z0-9_]+[.]hpp\$
^controller/sql/                                ^(common|controller/map|controller/access|controller/sql)/[a-z0-9_]+[.]hpp\$
^controller/history/                            ^(common|controller/map|controller/access|controller/store|controller/history)/[a-z0-9_]+[.]hpp\$
^controller/http/                               ^(common|controller|controller/map|controller/access|controller/store|controller/history|controller/sql|controller/find|controller/tls|controller/http)/[a-z0-9_]+[.]hpp\$
^controller/ctl/                                ^(common|controller/map|controller/access|controller/store|controller/tls|controller/ctl)/[a-z0-9_]+[.]hpp\$
^controller/main[.]cpp\$                         ^(common|controller|controller/map|controller/access|controller/store|controller/history|controller/sql|controller/tls|controller/http)/[a-z0-9_]+[.]hpp\$
^controller/                                    ^(common|controller|controller/map|controller/access|controller/store|controller/history|controller/sql)/[a-z0-9_]+[.]hpp\$
^tests/                                         .
TABLE
}

# file                          must not include (ours or not)                                  because
refusals() {
  cat <<'TABLE'
^(common|agent|controller)/.*[.]hpp$   ^(nlohmann/json[.]hpp|toml[+][+]/|CLI/|catch2/|curl/|microhttpd|hwloc)   heavy headers stay in one .cpp
^common/([^u]|u[^p])            ^common/uplink[a-z_]*[.]hpp$   the uplink is built on the rest of common
^controller/(map|access)/       ^(zmq|thread$|mutex$|shared_mutex$|atomic$|future$|condition_variable$|fstream$|filesystem$|sys/socket|netinet/|unistd[.]h|spdlog/)   the map and access are pure: no thread, socket, clock or I/O
^agent/[^/]+$                   ^common/chip_table[.]hpp$   the service does not load the chip table: capmap-probe and the controller do
^agent/(probe|accelerator)_     ^agent/agent[a-z_]*[.]hpp$   probes know nothing of the tick that calls them
TABLE
}

check_tree() (
  root=$1 folders=()
  for folder in common agent controller tests; do [ -d "$root/$folder" ] && folders+=("$folder"); done
  [ ${#folders[@]} -gt 0 ] || { echo "check_includes: no sources below $root" >&2; exit 2; }
  cd "$root"
  { grep -rnE --include='*.cpp' --include='*.hpp' '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' "${folders[@]}" || true; } |
    awk -v arrows="$(arrows)" -v refusals="$(refusals)" '
      function fail(why) { printf "%s:%s: includes %s\n    %s\n", file, line, target, why; bad++ }
      BEGIN {
        n = split(arrows, row, "\n")
        for (i = 1; i <= n; i++) { split(row[i], part, " +"); from[i] = part[1]; to[i] = part[2] }
        m = split(refusals, row, "\n")
        for (i = 1; i <= m; i++) {
          split(row[i], part, " +"); who[i] = part[1]; what[i] = part[2]
          reason[i] = row[i]; sub(/^[^ ]+ +[^ ]+ +/, "", reason[i])
        }
      }
      {
        seen++
        match($0, /^[^:]+:[0-9]+:/); split(substr($0, 1, RLENGTH), place, ":"); file = place[1]; line = place[2]
        rest = substr($0, RLENGTH + 1); match(rest, /["<][^">]+/)
        kind = substr(rest, RSTART, 1); target = substr(rest, RSTART + 1, RLENGTH - 1)
        native = file ~ /_native[.]hpp$/  # shared by the few .cpp of one folder that speak a library, as its name says
        for (i = 1; i <= m; i++) if (file ~ who[i] && target ~ what[i] && !(native && reason[i] ~ /^heavy/)) fail(reason[i])
        if (kind == "<" && target !~ /^(common|agent|controller|tests|schemas)\//) next
        for (i = 1; i <= n && file !~ from[i]; i++) {}
        if (i > n) fail("no arrow is known for this folder: add one to tests/support/check_includes.sh")
        else if (target !~ to[i]) fail("allowed here: " to[i])
      }
      END { printf "check_includes: %d includes, %d against the arrows\n", seen, bad; exit bad > 0 }'
)

# One bad include a line: file, include, words its message must hold.
selftest() {
  local root status=0 file include words
  root=$(mktemp -d)
  trap 'rm -rf "$root"' RETURN
  while read -r file include words; do
    mkdir -p "$root/$(dirname "$file")"
    printf '#pragma once\n#include %s\n' "$include" >"$root/$file"
    if output=$(check_tree "$root") || ! grep -qF "$file:2:" <<<"$output" || ! grep -qF "$words" <<<"$output"; then
      echo "selftest: $file including $include was not caught as \"$words\"; it said: $output"
      status=1
    fi
    printf '#pragma once\n#include <string>\n' >"$root/$file"
  done <<'CASES'
common/a.hpp "controller/zap.hpp" allowed here
common/result.hpp "common/log.hpp" allowed here
common/transport.cpp "schemas/messages_generated.h" allowed here
common/codec.cpp "common/uplink.hpp" allowed here
common/transport.cpp "common/uplink.hpp" the uplink is built on the rest
agent/probe_x.cpp "controller/map/site.hpp" allowed here
agent/probe_x.cpp "agent/agent.hpp" probes know nothing
agent/tick.cpp "common/chip_table.hpp" does not load the chip table
agent/tick.cpp "agent/probe/commands.hpp" allowed here
controller/map/x.cpp <thread> the map and access are pure
controller/map/x.cpp <zmq.hpp> are pure
controller/map/x.cpp "common/transport.hpp" allowed here
controller/zap.cpp "controller/http/http.hpp" allowed here
controller/ctl/x.cpp "controller/http/http.hpp" allowed here
controller/ctl/x.cpp "tests/support/x.hpp" allowed here
controller/http/x.cpp "json.hpp" allowed here
controller/http/x.hpp <nlohmann/json.hpp> heavy headers
CASES
  printf '#include "common/result.hpp"\n#include <vector>\n' >"$root/controller/map/x.cpp"
  check_tree "$root" || { echo "selftest: a good tree was refused"; status=1; }
  return $status
}

case ${1-} in
  --selftest) selftest ;;
  -*) echo "usage: check_includes.sh [ROOT | --selftest]" >&2; exit 2 ;;
  *) check_tree "${1:-$(dirname "$0")/../..}" ;;
esac
