#include "agent/file_systems.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <map>

#include "agent/mountinfo.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kMegabyte = 1'000'000, kMostBytes = std::uint64_t{1} << 62U;
constexpr std::array<std::string_view, 13> kLocalTypes = {"ext2", "ext3",     "ext4", "xfs",   "btrfs", "f2fs", "bcachefs",
                                                          "jfs",  "reiserfs", "vfat", "exfat", "ntfs3", "zfs"};
constexpr std::array<std::string_view, 8> kNotPhysical = {"/dev/loop", "/dev/ram", "/dev/zram", "/dev/nbd",
                                                          "/dev/rbd",  "/dev/sr",  "/dev/fd",   "/dev/drbd"};

bool is_local(std::string_view type, std::string_view source) {
  if (std::ranges::find(kLocalTypes, type) == kLocalTypes.end()) return false;
  if (type == "zfs") return true;  // its source is a data set's name
  return source.starts_with("/dev/") && std::ranges::none_of(kNotPhysical, [&](auto p) { return source.starts_with(p); });
}

/// True when the mount point still shows that device: a mount above it may hide it. Anonymous devices (btrfs, zfs) cannot be told.
bool shows_device(const std::string& point, const std::string& device) {
  struct stat about {};
  if (stat(point.c_str(), &about) != 0) return false;
  return device.starts_with("0:") || device == std::to_string(major(about.st_dev)) + ":" + std::to_string(minor(about.st_dev));
}

/// What belongs to one pool of space: a file system, or the data sets of a ZFS pool.
std::string pool_of(const LocalFileSystem& system) {
  return system.type == "zfs" ? "zfs:" + system.source.substr(0, system.source.find('/')) : system.device;
}

}  // namespace

std::vector<LocalFileSystem> parse_mounts(std::string_view text) {
  const auto mounts = parse_mountinfo(text);
  std::vector<LocalFileSystem> systems;
  for (const auto& mount : mounts) {
    if (!is_local(mount.type, mount.source) || below_hanging(mount.point, mounts)) continue;
    auto system = std::ranges::find(systems, mount.device, &LocalFileSystem::device);
    if (system == systems.end())
      system = systems.insert(systems.end(), {.device = std::string(mount.device),
                                              .mount_points = {},
                                              .source = unescaped_mount_text(mount.source),
                                              .type = std::string(mount.type)});
    system->mount_points.push_back(unescaped_mount_text(mount.point));
  }
  return systems;
}

std::optional<FileSystemBytes> measure(const LocalFileSystem& system) {
  for (const auto& point : system.mount_points) {
    struct statvfs about {};
    if (!shows_device(point, system.device)) continue;
    if (statvfs(point.c_str(), &about) != 0 || about.f_bfree > about.f_blocks) continue;
    if (about.f_frsize == 0 || about.f_blocks > kMostBytes / about.f_frsize) continue;
    return FileSystemBytes{.size = about.f_blocks * about.f_frsize, .free = about.f_bfree * about.f_frsize, .mount = point};
  }
  return std::nullopt;
}

FileSystemSums sum_file_systems(const std::vector<LocalFileSystem>& systems) {
  std::map<std::string, std::uint64_t> free_of_pool;
  std::uint64_t used = 0, free = 0;
  for (const auto& system : systems) {
    const auto bytes = measure(system);
    if (!bytes || bytes->size > kMostBytes - used) continue;
    used += bytes->size - bytes->free;
    auto& most = free_of_pool[pool_of(system)];
    most = std::max(most, bytes->free);
  }
  if (free_of_pool.empty()) return {};
  for (const auto& [pool, bytes] : free_of_pool) free += std::min(bytes, kMostBytes - std::min(kMostBytes, free));
  return {.size_mb = (used + free) / kMegabyte, .used_mb = used / kMegabyte};
}

}  // namespace capmap
