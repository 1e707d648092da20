#pragma once
#include <cstdint>
#include <vector>

#include "common/result.hpp"
#include "controller/map/capacity_map.hpp"
#include "controller/store/store.hpp"
#include "controller/zap.hpp"

namespace capmap {

/// Back from disk: the map learns sites, shapes and nodes; the answer is what zap has to learn, the nodes' keys. A second thread reads the
/// store ahead of the map while this runs; nobody else may use either. Errors: as Store.
Result<std::vector<KeyUpdate>> restore(Store& store, CapacityMap& map, std::uint64_t now_ms);

}  // namespace capmap
