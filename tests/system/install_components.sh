#!/bin/bash
# Each component installs what is its own and nothing else, and what it installs runs from there.
#   install_components.sh [BUILD_FOLDER]
# Exit: 0 so, 1 not.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
readonly build=${1:-build/release}
folder=$(mktemp -d "${TMPDIR:-/tmp}/capmap-install.XXXXXX")
trap 'rm -rf "$folder"' EXIT

# The files of a component, one a line below its prefix; the catalog's tables and the examples are not counted one by one.
expect() { # COMPONENT PROGRAM-TO-RUN FILES…
  local component=$1 program=$2 there wanted
  shift 2
  cmake --install "$build" --component "$component" --prefix "$folder/$component" >"$folder/log" || { cat "$folder/log"; exit 1; }
  there=$(cd "$folder/$component" && find . -type f | sed -E 's|^\./||; s|^(share/capmap/catalog\|share/doc/capmap-controller/examples)/.*|\1|' | sort -u)
  wanted=$(printf '%s\n' "$@" | sort)
  [ "$there" = "$wanted" ] || { echo "install_components: $component installs"; diff <(echo "$wanted") <(echo "$there") || exit 1; }
  "$folder/$component/bin/$program" --help >/dev/null || { echo "install_components: $program does not run"; exit 1; }
}

expect agent capmap-agent bin/capmap-agent bin/capmap-probe share/capmap/catalog share/capmap/config/agent.toml \
  share/man/man8/capmap-{agent,probe}.8 share/man/man5/capmap-{agent.toml,capture,catalog}.5 \
  lib/systemd/system/capmap-agent{,-join}.service lib/systemd/system/capmap-agent.path \
  lib/sysusers.d/capmap-agent.conf lib/tmpfiles.d/capmap-agent.conf \
  lib/systemd/system/capmap-agent.service.d/50-{nvidia,amd,ascend,others}.conf share/capmap/systemd/{benchmark,only-controller}.conf
expect controller capmap-controller bin/capmap-controller share/capmap/catalog share/capmap/config/controller.toml \
  share/man/man8/capmap-controller.8 share/man/man5/capmap-{controller.toml,import,catalog}.5 \
  share/doc/capmap-controller/examples share/doc/capmap-controller/{handbook,handbook.zh-CN,limits,columns}.md \
  lib/systemd/system/capmap-controller{,-init}.service lib/systemd/system/capmap-controller.path \
  lib/{sysusers,tmpfiles}.d/capmap-controller.conf share/capmap/prometheus/{capmap-alerts,capmap-recording,scrape}.yml \
  share/capmap/grafana/{controller,nation,region,site}.json
expect ctl capmapctl bin/capmapctl share/man/man1/capmapctl.1 share/man/man5/capmapctl.toml.5 share/man/zh_CN/man1/capmapctl.1 \
  share/bash-completion/completions/capmapctl share/zsh/vendor-completions/_capmapctl share/fish/vendor_completions.d/capmapctl.fish
expect tools capmap-fleet bin/capmap-fleet share/man/man1/capmap-fleet.1 share/capmap/fleet/make_orders.py share/capmap/fleet/make_sites.py \
  share/capmap/fleet/sum_truth.py
"$folder/tools/share/capmap/fleet/sum_truth.py" --help >/dev/null

# What the handbook leads to came with it, and each example that the source has.
docs=$folder/controller/share/doc/capmap-controller
while IFS=: read -r page link; do
  [ -e "$docs/${link:1:-1}" ] || { echo "install_components: $page leads to ${link:1:-1}, which is not installed"; exit 1; }
done < <(cd "$docs" && grep -oE '\([a-zA-Z0-9._/-]+\.(md|png)\)' ./*.md)
diff -r packaging/examples "$docs/examples" || { echo "install_components: not all examples are installed"; exit 1; }

cmake --install "$build" --prefix "$folder/all" >"$folder/log"
[ "$(find "$folder/all/bin" -type f | wc -l)" = 5 ] || { echo "install_components: not all programs are installed together"; exit 1; }
echo "install_components: agent, controller, ctl and tools install their own files"
