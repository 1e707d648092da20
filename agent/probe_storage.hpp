#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/kept_file.hpp"
#include "agent/traffic.hpp"
#include "common/host_root.hpp"
#include "common/result.hpp"

namespace capmap {

/// Text of /proc/diskstats to sectors of 512 bytes that the disks named in `physical` (sorted) moved since boot. Errors: kMalformed.
/// Thread: any; pure.
Result<std::vector<TrafficCounters>> parse_disks(std::string_view text, const std::vector<std::string>& physical);

/// What one tick leaves for the next.
struct StorageMemory {
  KeptFile file{"proc/diskstats"};
  std::vector<std::string> physical;  ///< sorted; looked up anew each kDiskLookEvery ticks
  std::vector<std::string> order;     ///< disks whose own traffic is told, in this order
  std::uint32_t rate_ticks = 0, used_ticks = 0;
  std::optional<std::vector<TrafficCounters>> before;
  std::uint64_t before_ms = 0;
  std::optional<std::uint32_t> used_mb;  ///< read anew each kUsedEvery ticks
};
inline constexpr std::uint32_t kDiskLookEvery = 30, kUsedEvery = 6;

/// Reads how fast the physical disks were read and written since the last call.
///
/// Source:  <root>/proc/diskstats; physical = <root>/sys/block/NAME/device is there, and it is no CD or floppy drive.
/// Returns: 10^3 bytes a second, in = written, out = read; empty ones on the first call.
/// Errors:  those of KeptFile::read and HostRoot::list, kMalformed.
/// Thread:  one, with its StorageMemory. Cost: one small read; each kDiskLookEvery ticks a directory.
Result<Traffic> read_disk_traffic(const HostRoot& root, StorageMemory& memory, std::uint64_t now_ms);

/// Reads how much of the local file systems is taken, each device once.
///
/// Source:  <root>/proc/self/mountinfo and statvfs(3), both only each kUsedEvery ticks: a hung local disk would hold the caller.
/// Returns: 10^6 bytes; empty below a root that is not the running machine, and where no file system answers.
/// Errors:  those of HostRoot::read.
/// Thread:  one, with its StorageMemory; never the one that sends heartbeats.
Result<std::optional<std::uint32_t>> read_storage_used(const HostRoot& root, StorageMemory& memory);

}  // namespace capmap
