// Many nodes of one cell at once: what their new readings and times of hearing do to its sums.
#include <algorithm>

#include "common/check.hpp"
#include "controller/map/cells.hpp"

namespace capmap {
namespace {

std::uint64_t moved(std::uint64_t sum, std::int64_t by) {
  check(by >= 0 || sum >= std::uint64_t{0} - static_cast<std::uint64_t>(by), "a cell would fall below zero");
  return sum + static_cast<std::uint64_t>(by);
}

}  // namespace

void CellTable::shift_sums(CellSlot slot, const CellShift& by) {
  for (std::size_t i = 0; i < kCellSumCount; ++i) {
    if (by.sums[i] == 0) continue;
    set_sum(slot, i, moved(sums_[slot / kBlockCells].sum(i, slot % kBlockCells), by.sums[i]));
  }
  if (by.heard_nodes == 0) return;
  const auto width_ms = heard_width_ms(slot);
  heard_.add(slot, heard_slot(by.heard_ms, width_ms), by.heard_nodes);
  for (std::size_t i = 0; i < by.from_count; ++i) heard_.take(slot, heard_slot(by.heard_from[i].first, width_ms), by.heard_from[i].second);
  auto& heard_ms_sum = wide(slot, kWideHeard);
  heard_ms_sum = moved(heard_ms_sum, by.heard_sum);
  find_oldest(slot, width_ms);
}

void CellTable::shift_free(CellSlot slot, const Contribution& before, const Contribution& after) {
  shift_histograms(slot, before, after);
}

}  // namespace capmap
