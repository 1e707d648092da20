#include "controller/map/node_selection.hpp"

namespace capmap {

Holds NodeSelection::holds(const CellKey& key) const {
  if (!wants_site(key.site) || (liveness && key.liveness != *liveness)) return Holds::kNo;
  return filter ? filter->holds(indexes_of(key)) : Holds::kYes;
}

void NodeSelection::follow(std::uint64_t layout, std::size_t slots) {
  if (layout == layout_) return;
  layout_ = layout;
  by_cell_.assign(slots, kUnjudged);
}

bool NodeSelection::keeps(const NodeRow& row) const {
  return row.slot >= first_slot && wants_site(row.site) && (!liveness || row.liveness == *liveness) && (!filter || filter->keeps(row));
}

}  // namespace capmap
