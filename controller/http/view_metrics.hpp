#pragma once
#include <cstdint>

#include "controller/map/map_view.hpp"
#include "controller/metrics.hpp"

namespace capmap {

/// What /metrics says of the map itself: capmap_… of all of it, capmap_region_… by division, capmap_site_… by site, within the bounds of
/// group_metrics.hpp, whatever nodes say. No node has a series of its own. What nobody told is left out, not 0. Pure; cost: five rollups.
Metrics view_metrics(const MapView& view, std::uint64_t now_boot_ms);

}  // namespace capmap
