# shellcheck shell=bash
# Sourced first, with the script's arguments: from here on the script runs as on a machine of its own, so that commands can be typed as an
# admin types them: no other network than its loopback (the usual ports are free), /var/lib empty, /etc and $HOME copies that go with it,
# our programs on the PATH. Needs root; without it the script ends with 77. $build must be set; sets $folder, which goes at the end.
if [ "${CAPMAP_OWN_MACHINE:-}" != 1 ]; then
  [ "$(id -u)" = 0 ] || { echo "${0##*/}: needs root, for namespaces of its own: left out"; exit 77; }
  CAPMAP_OWN_MACHINE=1 exec unshare --mount --net --uts --propagation private "$0" "$@"
fi
: "${build:?the folder of the programs}"
source tests/support/programs.sh
own_folder capmap-machine
hostname controller-1
ip link set lo up
cp -a /etc "$folder/etc"
mkdir "$folder/var" "$folder/home" "$folder/run"
mount --bind "$folder/etc" /etc
mount --bind "$folder/var" /var/lib
trap 'end_children; umount -l /etc /var/lib; end_programs' EXIT
# What was started in the background by commands of somebody else's text.
end_children() {
  local pid
  for pid in $(jobs -p); do kill "$pid" 2>/dev/null || true; done
  wait
}
export HOME=$folder/home PATH=$build:$build/tests/fleet:$PATH CAPMAP_CATALOG=$PWD/schemas/catalog
unset XDG_CONFIG_HOME CAPMAP_URL CAPMAP_PROFILE CAPMAP_TOKEN_FILE
