// What a node's row adds to its cell.
#include "controller/map/contribution.hpp"

#include <algorithm>
#include <bit>

namespace capmap {
namespace {

constexpr std::uint64_t kMillicores = 1'000, kBytesPerMb = 1'000'000;

void add_free(Contribution& part, const NodeTable& nodes, RowIndex row, const HardwareFacts& facts) {
  const auto& place = nodes.place(row);
  const auto& talk = nodes.talk(row);
  auto pus = facts.pus;
  if (place.is(Place::kPusKnown)) pus = static_cast<std::uint32_t>(talk.pus_allowed);
  if (const auto busy = part.readings[kCpuBusy]; busy && pus) {
    const std::uint64_t all = *pus * kMillicores;
    part.cpu_free_millicores = all - std::min<std::uint64_t>(all, *busy);
  }
  if (const auto used = part.readings[kMemoryUsed]; used && place.is(Place::kMemoryKnown)) {
    const std::uint64_t all = nodes.levels(row).memory_total_mib;
    part.memory_free_mib = all - std::min<std::uint64_t>(all, *used);
  }
  if (const auto used = part.readings[kStorageUsed]; used && facts.disks_bytes) {
    const std::uint64_t all = *facts.disks_bytes / kBytesPerMb;
    part.storage_free_mb = all - std::min<std::uint64_t>(all, *used);
  }
}

void add_accelerators(Contribution& part, const NodeTable& nodes, RowIndex row, const HardwareFacts& facts) {
  if (nodes.place(row).shape == 0) return;
  const auto devices = facts.accelerators == 0 ? Devices{} : nodes.devices(row);  // most rows have none: nothing to fetch
  const std::uint32_t known = std::uint32_t{devices.used} + devices.free + devices.unhealthy;
  part.accelerators_used = devices.used;
  part.accelerators_free = devices.free;
  part.accelerators_unhealthy = devices.unhealthy;
  part.accelerators_use_unknown = facts.accelerators - std::min(known, facts.accelerators);
  if (known == 0 && facts.accelerators > 0) return;
  part.free_accelerators_bucket = std::min<std::size_t>(devices.free, kFreeAcceleratorBuckets - 1);
}

}  // namespace

Contribution contribution_of(const NodeTable& nodes, RowIndex row, const HardwareFacts& facts) {
  Contribution part;
  const auto& place = nodes.place(row);
  for (std::size_t i = 0; i < kReadingCount; ++i) {
    if ((place.known >> i & 1U) != 0) part.readings[i] = nodes.reading(row, i);
  }
  add_free(part, nodes, row, facts);
  add_accelerators(part, nodes, row, facts);
  if (place.is(Place::kHeard)) part.heard_ms = nodes.talk(row).heard_ms;
  return part;
}

std::size_t power_bucket(std::uint64_t value) {
  return std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(value)), kFreeBuckets - 1);
}

}  // namespace capmap
