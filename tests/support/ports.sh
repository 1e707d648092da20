# shellcheck shell=bash
# Sourced by scripts that start programs: a TCP port on loopback that nobody listens on now.
free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}
