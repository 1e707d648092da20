#pragma once
#include <cstdint>
#include <vector>

#include "common/clock.hpp"
#include "common/result.hpp"
#include "controller/map/capacity_map.hpp"
#include "controller/store/store.hpp"
#include "controller/zap.hpp"

namespace capmap {

/// Back from disk: the map learns sites, pools, shapes, nodes with their service orders, and children; the answer is what zap has to
/// learn: keys, also those of removed nodes, which it refuses. A second thread reads the
/// store ahead of the map while this runs; nobody else may use either. Errors: as Store.
Result<std::vector<KeyUpdate>> restore(Store& store, CapacityMap& map, const Clock& clock);

}  // namespace capmap
