#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace capmap {

/// A local file system on a physical device, and where it is mounted.
struct LocalFileSystem {
  std::string device;                     ///< "major:minor"
  std::vector<std::string> mount_points;  ///< [mount], any of them tells the use; the newest first
  std::string source{}, type{};           ///< of the newest mount: "/dev/sda1", "ext4"; of ZFS the data set
  bool operator==(const LocalFileSystem&) const = default;
};

/// Text of /proc/self/mountinfo to local file systems, one a device. Left out: network and FUSE file systems and what is mounted below
/// them (they may hang), memory, loop and network block devices, and mount points that a later mount covers. Lines without meaning are
/// skipped. Thread: any; pure.
std::vector<LocalFileSystem> parse_mounts(std::string_view text);

struct FileSystemBytes {
  std::uint64_t size = 0, free = 0;  ///< free also for those who may take what is kept back: used = size - free
  std::string mount;                 ///< where it was asked
};
/// statvfs of the first of its mount points that shows it; empty when none answers. A hung local disk holds the caller. Thread: any.
std::optional<FileSystemBytes> measure(const LocalFileSystem& system);

/// Local file systems together.
struct FileSystemSums {
  std::optional<std::uint64_t> size_mb, used_mb;  ///< 10^6 bytes; absent where none answers
};
/// Sums of those that answer. Data sets of one ZFS pool share its free space: it counts once. Thread: any; may be held as measure().
FileSystemSums sum_file_systems(const std::vector<LocalFileSystem>& systems);

}  // namespace capmap
