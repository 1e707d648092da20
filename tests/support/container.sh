# shellcheck shell=bash
# Sourced by scripts that boot a small Debian by systemd-nspawn; they set $name (for messages) and $folder first.
# shellcheck disable=SC2154
skip() { echo "$name: not tried: $*"; exit 77; }
fail() { echo "$name: $*"; exit 1; }

# The mirror that this machine's apt uses for its own release, in either form of its lists.
mirror() { # CODENAME
  awk -v suite="$1" '
    FNR == 1 { uri = "" }
    $1 == "URIs:" { uri = $2 }
    $1 == "Suites:" { for (i = 2; i <= NF; i++) if ($i == suite && uri != "") { print uri; exit } }
    $1 == "deb" { for (i = 2; i < NF; i++) if ($i ~ /^https?:|^file:/ && $(i + 1) == suite) { print $i; exit } }' \
    /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list /etc/apt/sources.list 2>/dev/null | head -1
}

# make_root CACHE PACKAGES: a root folder with these packages (commas between), made once.
make_root() {
  local kept=$1 codename uri
  [ "$(id -u)" = 0 ] || skip "only root can boot a container"
  # shellcheck disable=SC1091
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  [ -n "$codename" ] || skip "this system's release has no code name"
  [ -e "$kept.made" ] && [ "$(cat "$kept.made")" = "$2" ] && return
  uri=$(mirror "$codename")
  [ -n "$uri" ] || skip "apt's lists name no mirror of $codename"
  rm -rf "$kept"
  debootstrap --variant=minbase --include="$2" "$codename" "$kept" "$uri" >"$kept.log" 2>&1 ||
    { tail -3 "$kept.log"; skip "debootstrap did not come through, see $kept.log"; }
  echo "$2" >"$kept.made"
}

container='' leader=''
# boot ROOT OPTIONS…: without a network; sets $container and $leader.
boot() {
  local root=$1
  shift
  systemd-nspawn --quiet --register=no --keep-unit --private-network --boot --directory="$root" "$@" >>"$folder/console" 2>&1 &
  container=$!
  within 30 "an init process" has_leader
  within 120 "a booted system" booted
}
has_leader() { leader=$(pgrep -P "$container" | head -1) && [ -n "$leader" ]; }
booted() { has_leader && [[ $(inside systemctl is-system-running) =~ running|degraded ]]; }
inside() { nsenter --target "$leader" --mount --uts --ipc --net --pid --root --wdns=/ -- "$@"; }
halt() { [ -z "$container" ] || { kill "$container" 2>/dev/null && wait "$container" 2>/dev/null; } || true; }

within() { # SECONDS WHAT COMMAND…: tries again until it holds
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ! kill -0 "$container" 2>/dev/null; then tail -5 "$folder/console"; skip "the container did not boot"; fi
    if [ "$SECONDS" -ge "$until" ]; then
      inside journalctl --no-pager -n 40 -u 'capmap-*' || true
      fail "not within its time: $what"
    fi
    sleep 0.3
  done
}
