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
  const auto width_ms = kHeardSlotMs[static_cast<std::size_t>(of_slot_[slot].liveness)];
  auto& slots = heard_[slot];
  const auto at = [&slots](std::uint32_t wanted) {
    return std::ranges::lower_bound(slots, wanted, {}, [](const auto& entry) { return entry.first; });
  };
  const auto now = heard_slot(by.heard_ms, width_ms);
  auto entry = at(now);
  if (entry == slots.end() || entry->first != now) entry = slots.insert(entry, {now, 0});
  entry->second += by.heard_nodes;
  for (std::size_t i = 0; i < by.from_count; ++i) {
    const auto [old_ms, nodes] = by.heard_from[i];
    entry = at(heard_slot(old_ms, width_ms));
    check(entry != slots.end() && entry->first == heard_slot(old_ms, width_ms) && entry->second >= nodes, "a cell would fall below zero");
    entry->second -= nodes;
    if (entry->second == 0) slots.erase(entry);
  }
  auto& heard_ms_sum = wide(slot, kWideHeard);
  heard_ms_sum = moved(heard_ms_sum, by.heard_sum);
  const auto oldest_ms = slots.front().first * width_ms;
  if (sums_[slot / kBlockCells].oldest_heard_ms()[slot % kBlockCells] != oldest_ms) wide(slot, kWideOldest) = oldest_ms;
}

void CellTable::shift_free(CellSlot slot, const Contribution& before, const Contribution& after) {
  shift_histograms(slot, before, after);
}

}  // namespace capmap
