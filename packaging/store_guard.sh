# shellcheck shell=sh
# Part of the packages' preinst and %pre: a store that a newer capmap made is not given to an older controller, and the way back is said.
# The version that is put in below is the newest that the package knows. POSIX sh; the state folder is that of the packaged service.
# (An older store needs nothing here: the controller keeps a copy, store.db.version-N, before it brings a store up to date.)
capmap_known=@STORE_VERSION@
capmap_state=/var/lib/capmap-controller
if [ -f "$capmap_state/store.db" ]; then
  # It stands in SQLite's header: four bytes at 60, the highest first (sqlite.org/fileformat2.html, "user version number").
  capmap_version=$(od -An -tu1 -j60 -N4 "$capmap_state/store.db" | awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }')
  if [ "${capmap_version:-0}" -gt "$capmap_known" ]; then
    {
      echo "capmap-controller: $capmap_state/store.db has version $capmap_version, this package knows up to $capmap_known: nothing was changed."
      echo "The way back is the store as it was before the upgrade; what was changed since is lost:"
      echo "  systemctl stop capmap-controller && mv $capmap_state/store.db $capmap_state/store.db.newer"
      echo "  install this package again"
      for capmap_kept in "$capmap_state"/store.db.version-*; do
        [ -f "$capmap_kept" ] || capmap_kept="FILE (a backup that this version made)"
        echo "  capmapctl restore $capmap_kept && systemctl start capmap-controller"
      done
    } >&2
    exit 1
  fi
fi
