#include "agent/probe_storage.hpp"

#include <algorithm>
#include <utility>

#include "agent/fields.hpp"
#include "agent/file_systems.hpp"
#include "agent/rate.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kSectorBytes = 512;
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
  if (const auto used = sum_file_systems(parse_mounts(*text)).used_mb) memory.used_mb = to_u32(*used);
  return memory.used_mb;
}

}  // namespace capmap
