# shellcheck shell=bash
# Sourced by scripts that start programs.

# A TCP port on loopback that nobody listens on now.
free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

# own_folder NAME: a temporary one in $folder, removed at the end; processes in $pids are ended before.
own_folder() {
  folder=$(mktemp -d "${TMPDIR:-/tmp}/$1.XXXXXX")
  pids=()
  trap end_programs EXIT
  trap 'exit 1' INT TERM
}
end_programs() {
  local pid
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
