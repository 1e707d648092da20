#include "controller/map/cell_runs.hpp"

#include <algorithm>
#include <bit>

namespace capmap {

CellRuns::CellRuns() : free_{kAllFree - 1}, empty_{0} {}  // slot 0 is never used

CellSlot CellRuns::take(std::uint32_t site) {
  if (site >= open_.size()) open_.resize(site + 1);
  auto& open = open_[site];
  if (open.empty()) {
    if (empty_.empty()) {
      empty_.push_back(static_cast<std::uint32_t>(free_.size()));
      free_.push_back(kAllFree);
    }
    open.push_back(empty_.back());
    empty_.pop_back();
  }
  const auto run = open.back();
  auto& mask = free_[run];
  const auto slot = static_cast<unsigned>(std::countr_zero(mask));
  mask = static_cast<Mask>(mask & (mask - 1));
  if (mask == 0) open.pop_back();
  return static_cast<CellSlot>(run * kRunCells + slot);
}

void CellRuns::give(std::uint32_t site, CellSlot slot) {
  const auto run = static_cast<std::uint32_t>(slot / kRunCells);
  auto& mask = free_[run];
  if (mask == 0) open_[site].push_back(run);
  mask = static_cast<Mask>(mask | 1U << slot % kRunCells);
  if (mask != all_free(run)) return;
  std::erase(open_[site], run);
  empty_.push_back(run);
}

}  // namespace capmap
