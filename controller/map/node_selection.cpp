#include "controller/map/node_selection.hpp"

#include <algorithm>

namespace capmap {

Holds NodeSelection::holds(const CellKey& key) const {
  if ((site && key.site != *site) || (liveness && key.liveness != *liveness)) return Holds::kNo;
  return filter ? filter->holds(indexes_of(key)) : Holds::kYes;
}

Holds NodeSelection::of_cell(CellSlot slot, const CellKey& key, std::uint64_t layout) {
  if (layout != layout_) by_cell_.assign(by_cell_.size(), kUnjudged);
  layout_ = layout;
  if (slot >= by_cell_.size()) by_cell_.resize(std::max<std::size_t>(slot + 1, by_cell_.size() * 2), kUnjudged);
  auto& known = by_cell_[slot];
  if (known == kUnjudged) known = static_cast<std::uint8_t>(holds(key));
  return static_cast<Holds>(known);
}

bool NodeSelection::keeps(const NodeRow& row) const {
  return row.slot >= first_slot && (!site || row.site == *site) && (!liveness || row.liveness == *liveness) &&
         (!filter || filter->keeps(row));
}

}  // namespace capmap
