#include "agent/probe_storage.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "agent/fields.hpp"
#include "agent/mountinfo.hpp"
#include "agent/rate.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kMegabyte = 1'000'000;
constexpr std::array<std::string_view, 13> kLocalTypes = {"ext2", "ext3",     "ext4", "xfs",   "btrfs", "f2fs", "bcachefs",
                                                          "jfs",  "reiserfs", "vfat", "exfat", "ntfs3", "zfs"};
constexpr std::array<std::string_view, 8> kNotPhysical = {"/dev/loop", "/dev/ram", "/dev/zram", "/dev/nbd",
                                                          "/dev/rbd",  "/dev/sr",  "/dev/fd",   "/dev/drbd"};
constexpr int kCountersBefore = 3, kReadField = 2, kWriteField = 6;  // behind major, minor and name: reads merged sectors ms writes …

std::optional<TrafficCounters> parse_line(std::string_view name, std::string_view line) {
  TrafficCounters disk{.name = std::string(name)};
  for (int field = 0; field <= kWriteField; ++field) {
    const auto value = to_number(take_word(line));
    if (!value) return std::nullopt;
    if (field == kReadField) disk.out = *value;
    if (field == kWriteField) disk.in = *value;
  }
  return disk;
}

Result<std::vector<std::string>> physical_disks(const HostRoot& root) {
  auto names = root.list("sys/block");
  if (!names) return names.error();
  std::erase_if(*names, [&](const std::string& name) {
    return name.starts_with("sr") || name.starts_with("fd") || !root.exists("sys/block/" + name + "/device");
  });
  return names;
}

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

/// Bytes taken on one file system; empty when none of its mount points answers.
std::optional<std::uint64_t> used_bytes(const LocalFileSystem& system) {
  for (const auto& point : system.mount_points) {
    struct statvfs about {};
    if (!shows_device(point, system.device)) continue;
    if (statvfs(point.c_str(), &about) != 0 || about.f_bfree > about.f_blocks) continue;
    return (about.f_blocks - about.f_bfree) * about.f_frsize;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> used_mb(const std::vector<LocalFileSystem>& systems) {
  std::uint64_t sum = 0;
  bool any = false;
  for (const auto& system : systems) {
    const auto used = used_bytes(system);
    if (!used || *used > std::numeric_limits<std::uint64_t>::max() - sum) continue;
    sum += *used;
    any = true;
  }
  return any ? to_u32(sum / kMegabyte) : std::nullopt;
}

}  // namespace

Result<std::vector<TrafficCounters>> parse_disks(std::string_view text, const std::vector<std::string>& physical) {
  std::vector<TrafficCounters> disks;
  while (!text.empty()) {
    auto line = take_line(text);
    std::string_view name;
    for (int field = 0; field < kCountersBefore; ++field) name = take_word(line);
    if (!std::ranges::binary_search(physical, name)) continue;
    auto disk = parse_line(name, line);
    if (!disk) return Error{ErrorCode::kMalformed, "proc/diskstats: " + std::string(name) + " has no seven numbers"};
    disks.push_back(std::move(*disk));
  }
  return disks;
}

std::vector<LocalFileSystem> parse_mounts(std::string_view text) {
  const auto mounts = parse_mountinfo(text);
  std::vector<LocalFileSystem> systems;
  for (const auto& mount : mounts) {
    if (!is_local(mount.type, mount.source) || below_hanging(mount.point, mounts)) continue;
    auto system = std::ranges::find(systems, mount.device, &LocalFileSystem::device);
    if (system == systems.end()) system = systems.insert(systems.end(), {.device = std::string(mount.device), .mount_points = {}});
    system->mount_points.push_back(unescaped_mount_text(mount.point));
  }
  return systems;
}

Result<Traffic> read_disk_traffic(const HostRoot& root, StorageMemory& memory, std::uint64_t now_ms) {
  if (memory.rate_ticks % kDiskLookEvery == 0) {
    auto physical = physical_disks(root);
    if (!physical) return physical.error();
    memory.physical = std::move(*physical);
  }
  ++memory.rate_ticks;
  const auto text = memory.file.read(root);
  if (!text) return text.error();
  auto now = parse_disks(*text, memory.physical);
  if (!now) return now.error();
  auto traffic = memory.before ? traffic_between(*memory.before, *now, kSectorBytes, now_ms - memory.before_ms, memory.order) : Traffic{};
  memory.before = std::move(*now);
  memory.before_ms = now_ms;
  return traffic;
}

Result<std::optional<std::uint32_t>> read_storage_used(const HostRoot& root, StorageMemory& memory) {
  if (memory.used_ticks++ % kUsedEvery != 0) return memory.used_mb;
  memory.used_mb.reset();
  if (!root.live()) return memory.used_mb;
  const auto text = root.read("proc/self/mountinfo", 4 << 20);
  if (!text) return text.error();
  memory.used_mb = used_mb(parse_mounts(*text));
  return memory.used_mb;
}

}  // namespace capmap
