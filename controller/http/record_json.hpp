#pragma once
#include "controller/http/json.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// Records of what an admin declared, as lists of them show each. exact: where it lies to the digit that was declared, for those who may
/// know; else to a tenth of a degree.
Json site_json(const Site& site, bool exact);
Json pool_json(const Pool& pool);

/// What is ordered of a whole site or pool, by its place in the view; null where nothing is.
Json group_order_json(const MapView& view, GroupOrders::Kind kind, std::size_t index);

}  // namespace capmap
