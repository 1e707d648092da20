#include "controller/find/cell_fit.hpp"

#include <algorithm>
#include <optional>

namespace capmap {
namespace {

constexpr std::array kNodeNeeds = {Need::kAccelerators, Need::kCores, Need::kMemory};
constexpr std::size_t kMoreAccelerators = kFreeAcceleratorBuckets - 1;  ///< the bucket of all above

/// Of what is counted by powers of two. Nodes in no bucket did not say; those in the bucket that begins below the need and ends above it
/// may have enough, unless so much is not installed.
SureNodes by_power(const std::array<std::uint32_t, kFreeBuckets>& counts, std::uint64_t nodes, std::uint64_t wanted,
                   const std::optional<std::uint64_t>& installed) {
  SureNodes found;
  std::uint64_t told = 0;
  for (std::size_t bucket = 0; bucket < kFreeBuckets; ++bucket) {
    const auto count = counts[bucket];
    if (count == 0) continue;
    told += count;
    const std::uint64_t least = bucket == 0 ? 0 : 1ULL << (bucket - 1),
                        most = bucket + 1 == kFreeBuckets ? UINT64_MAX : (1ULL << bucket) - 1;
    if (bucket > 0 && least >= wanted) {
      found.sure += count;
    } else if (bucket > 0 && most >= wanted) {
      found.maybe += count;
    }
  }
  found.maybe += nodes - std::min(nodes, told);
  if (installed && *installed < wanted) found.maybe = 0;
  return found;
}

}  // namespace

CellFit::CellFit(const Cell& cell, const HardwareFit& hardware, const Demand& demand) : demand_(demand), nodes_(cell.nodes) {
  of_need_.fill({.sure = nodes_, .maybe = 0});
  if (demand.of_devices()) count_accelerators(cell, hardware);
  const auto put = [this](Need need, const auto& counts, std::uint64_t wanted, const std::optional<std::uint64_t>& installed) {
    if (wanted > 0) of_need_[static_cast<std::size_t>(need) - kFirst] = by_power(counts, nodes_, wanted, installed);
  };
  put(Need::kCores, cell.free_cores_histogram, demand.cores, hardware.pus);
  put(Need::kMemory, cell.free_memory_gib_histogram, demand.memory_gib, hardware.memory_gib);
}

/// Where a node has other accelerators too, its free ones may be those.
void CellFit::count_accelerators(const Cell& cell, const HardwareFit& hardware) {
  const std::uint64_t wanted = std::max(demand_.accelerators, 1U), others = hardware.devices - hardware.matching;
  SureNodes found;
  std::uint64_t told = 0;
  for (std::size_t free = 0; free < kFreeAcceleratorBuckets; ++free) {
    const std::uint64_t count = cell.free_accelerators_histogram[free];
    if (count == 0) continue;
    told += count;
    largest_free_ = static_cast<std::uint32_t>(free);
    all_free_ += count * std::min<std::uint64_t>(free - std::min<std::uint64_t>(free, others), hardware.matching);
    if (free >= wanted + others) {
      found.sure += count;
    } else if (free >= wanted || free == kMoreAccelerators) {
      found.maybe += count;
    }
  }
  // Nodes that said nothing of any device, then those whose other devices are not known to be free.
  const auto silent = nodes_ - std::min(nodes_, told);
  const std::uint64_t unknown = cell.accelerators_use_unknown;
  const auto in_told = unknown - std::min(unknown, silent * hardware.devices);
  const auto left = nodes_ - std::min(nodes_, found.sure + found.maybe + silent);
  found.maybe += silent + std::min(left, in_told);
  if (hardware.matching < wanted) found = {};
  of_need_[0] = found;
}

SureNodes CellFit::nodes(Need without) const {
  std::uint64_t lacking = 0, most = nodes_;
  for (const auto need : kNodeNeeds) {
    if (need == without || !demand_.asks(need)) continue;
    lacking += nodes_ - of(need).sure;
    most = std::min(most, of(need).sure + of(need).maybe);
  }
  const auto sure = nodes_ - std::min(nodes_, lacking);
  return {.sure = sure, .maybe = most - std::min(most, sure)};
}

std::uint64_t CellFit::accelerators(std::uint64_t sure_nodes) const {
  if (demand_.accelerators > 0) return sure_nodes * demand_.accelerators;
  return sure_nodes == of(Need::kAccelerators).sure ? all_free_ : sure_nodes;
}

}  // namespace capmap
