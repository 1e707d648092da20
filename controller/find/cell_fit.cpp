#include "controller/find/cell_fit.hpp"

#include <algorithm>
#include <bit>

namespace capmap {
namespace {

constexpr std::size_t kMoreAccelerators = kFreeAcceleratorBuckets - 1;  ///< the bucket of all above

/// take(bucket, nodes): a cell of one node has all of it in its highest bucket, and most cells are of few nodes.
template <class Take>
void each_bucket(const CellPlace& cell, HistogramIndex which, Take take) {
  const std::size_t top = cell.sums.top(which)[cell.at];
  if (top == 0) return;
  if (cell.keys.nodes[cell.at] == 1) return take(top - 1, 1U);
  cell.histograms.each(cell.at % kHistogramBlockCells, which, cell.from, take);
}

}  // namespace

/// Bucket i > 0 holds what is from 2^(i-1) until 2^i, the last also what is above.
PowerNeed::PowerNeed(std::uint32_t least) : wanted(least) {
  constexpr auto kLast = static_cast<std::uint32_t>(kFreeBuckets - 1);
  const auto bits = static_cast<std::uint32_t>(std::bit_width(least));
  sure_from = std::has_single_bit(least) ? bits : bits + 1;
  maybe_from = std::min(bits, kLast);
}

NodeNeeds::NodeNeeds(const Demand& wanted)
    : demand(wanted),
      of_devices(wanted.of_devices()),
      accelerators(std::max(wanted.accelerators, 1U)),
      cores(wanted.cores),
      memory_gib(wanted.memory_gib) {
  for (const auto need : {Need::kAccelerators, Need::kCores, Need::kMemory}) {
    if (wanted.asks(need)) asked.push_back(need);
  }
}

bool CellFit::any_sure(const CellPlace& cell, const HardwareFit& hardware, const NodeNeeds& needs, Need without) {
  // The top is one more than the highest bucket.
  const auto reaches = [&](HistogramIndex which, std::uint32_t bucket) { return cell.sums.top(which)[cell.at] > bucket; };
  if (needs.of_devices && without != Need::kAccelerators &&
      (hardware.matching < needs.accelerators || !reaches(kFreeAccelerators, needs.accelerators + hardware.devices - hardware.matching))) {
    return false;
  }
  if (needs.cores.wanted > 0 && without != Need::kCores && !reaches(kFreeCores, needs.cores.sure_from)) return false;
  return needs.memory_gib.wanted == 0 || without == Need::kMemory || reaches(kFreeMemory, needs.memory_gib.sure_from);
}

CellFit::CellFit(const CellPlace& cell, const HardwareFit& hardware, const NodeNeeds& needs)
    : needs_(needs), nodes_(cell.keys.nodes[cell.at]) {
  of_need_.fill({.sure = nodes_, .maybe = 0});
  // In the order of HistogramIndex.
  if (needs.cores.wanted > 0) of_need_[1] = by_power(cell, kFreeCores, needs.cores, hardware.pus);
  if (needs.memory_gib.wanted > 0) of_need_[2] = by_power(cell, kFreeMemory, needs.memory_gib, hardware.memory_gib);
  if (needs.of_devices) count_accelerators(cell, hardware);
}

/// Nodes in no bucket did not say; those in the bucket that begins below the need and ends above it may have enough, unless so much is not
/// installed.
SureNodes CellFit::by_power(const CellPlace& cell, HistogramIndex which, const PowerNeed& need,
                            const std::optional<std::uint64_t>& installed) const {
  SureNodes found;
  std::uint64_t told = 0;
  each_bucket(cell, which, [&](std::size_t bucket, std::uint32_t count) {
    told += count;
    if (bucket >= need.sure_from) {
      found.sure += count;
    } else if (bucket >= need.maybe_from) {
      found.maybe += count;
    }
  });
  found.maybe += nodes_ - std::min(nodes_, told);
  if (installed && *installed < need.wanted) found.maybe = 0;
  return found;
}

/// Where a node has other accelerators too, its free ones may be those.
void CellFit::count_accelerators(const CellPlace& cell, const HardwareFit& hardware) {
  const std::uint64_t wanted = needs_.accelerators, others = hardware.devices - hardware.matching;
  SureNodes found;
  std::uint64_t told = 0;
  each_bucket(cell, kFreeAccelerators, [&](std::size_t free, std::uint32_t count) {
    told += count;
    largest_free_ = static_cast<std::uint8_t>(free);
    all_free_ += count * std::min<std::uint64_t>(free - std::min<std::uint64_t>(free, others), hardware.matching);
    if (free >= wanted + others) {
      found.sure += count;
    } else if (free >= wanted || free == kMoreAccelerators) {
      found.maybe += count;
    }
  });
  // Nodes that said nothing of any device, then those whose other devices are not known to be free.
  const auto silent = nodes_ - std::min(nodes_, told);
  const std::uint64_t unknown = cell.sums.count(kCountUseUnknown)[cell.at];
  const auto in_told = unknown - std::min(unknown, silent * hardware.devices);
  const auto left = nodes_ - std::min(nodes_, found.sure + found.maybe + silent);
  found.maybe += silent + std::min(left, in_told);
  if (hardware.matching < wanted) found = {};
  of_need_[0] = found;
}

SureNodes CellFit::nodes(Need without) const {
  std::uint64_t lacking = 0, most = nodes_;
  for (const auto need : needs_.asked) {
    if (need == without) continue;
    lacking += nodes_ - of(need).sure;
    most = std::min(most, of(need).sure + of(need).maybe);
  }
  const auto sure = nodes_ - std::min(nodes_, lacking);
  return {.sure = sure, .maybe = most - std::min(most, sure)};
}

std::uint64_t CellFit::accelerators(std::uint64_t sure_nodes) const {
  if (needs_.demand.accelerators > 0) return sure_nodes * needs_.demand.accelerators;
  return sure_nodes == of(Need::kAccelerators).sure ? all_free_ : sure_nodes;
}

}  // namespace capmap
