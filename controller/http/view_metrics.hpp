#pragma once
#include <cstdint>

#include "controller/map/map_view.hpp"
#include "controller/metrics.hpp"

namespace capmap {

/// What /metrics says of the map itself: nodes by liveness, capacity installed, used, free, peaks. What nobody told is left out, not 0.
/// Pure; cost: one rollup.
Metrics view_metrics(const MapView& view, std::uint64_t now_boot_ms);

}  // namespace capmap
