#include "controller/map/node_selection.hpp"

#include <algorithm>
#include <cstring>

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

bool NodeSelection::keeps_noted(const NodeRow& row) const {
  switch (noted) {
    case Noted::kReturns:
      return static_cast<std::uint64_t>(std::ranges::count_if(row.returns_boot_ms, [this](auto at) { return at >= since_boot_ms; })) >=
             least;
    case Noted::kLosses: return row.lost_messages && row.lost_messages->lost.count() >= least;
    case Noted::kNothing: break;
  }
  if (least == 0) return true;
  const auto skew = row.clock_skew_ms.value_or(0);
  return static_cast<std::uint64_t>(skew < 0 ? -skew : skew) >= least;
}

bool NodeSelection::of_part(const NodeId& id) const {
  if (parts == 1) return true;
  std::uint64_t random = 0;
  std::memcpy(&random, id.bytes.data() + id.bytes.size() - sizeof random, sizeof random);
  return random % parts == part;
}

bool NodeSelection::keeps(const NodeRow& row) const {
  return of_part(row.id) && row.slot >= first_slot && wants_site(row.site) && (!liveness || row.liveness == *liveness) &&
         (!filter || filter->keeps(row));
}

}  // namespace capmap
