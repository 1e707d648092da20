#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace capmap {

/// One line of /proc/self/mountinfo; views into its text, escapes as the kernel wrote them.
struct MountLine {
  std::string_view device;  ///< "major:minor"; major 0 = anonymous (btrfs, network file systems)
  std::string_view point, type, source;
  std::string_view options{};  ///< of the file system itself, behind its source
};

/// The mounts that are not covered by a later one at the same point, the newest first; at most 16,384 lines are looked at, and those
/// without meaning are skipped. Thread: any; pure.
std::vector<MountLine> parse_mountinfo(std::string_view text);

/// True for file systems whose answers come from another machine or another process, so that asking them may hang: nfs, cifs, lustre,
/// ceph, 9p and the like, and everything in FUSE.
bool may_hang(std::string_view type);

/// True when `point` lies below (not at) one of the points of `mounts` that may hang: walking there may hang too.
bool below_hanging(std::string_view point, const std::vector<MountLine>& mounts);

/// A network file system (by its shared_name()) and a place where it is mounted.
struct SharedMount {
  std::string source, type, point;
  bool operator==(const SharedMount&) const = default;
};

/// What every machine that mounts this network file system calls it; empty where nothing tells that, or where it is no network file system.
/// A source that names a machine stands for itself ("server:/export", "//server/share", "user@host:/path"), monitors of Ceph in order and
/// without the user. Sources that name none are told by their kind's rule: GPFS and WEKA by their cluster's name of it, GFS2 by its lock
/// table, BeeGFS by its configuration, OCFS2 by a device name that stays, 9P only over a network; virtiofs is a folder of the host's own.
std::string shared_name(const MountLine& mount);

/// The network file systems of a mountinfo text that have a shared_name(): each once (the newest mount of it), ascending, at most 64.
/// Thread: any; pure.
std::vector<SharedMount> shared_mounts(std::string_view text);

/// Undoes the kernel's \ooo for blanks in names.
std::string unescaped_mount_text(std::string_view text);

}  // namespace capmap
