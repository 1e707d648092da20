#pragma once
#include "controller/http/json.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {

/// A group of the map with what was asked for; a figure that nobody asked for is left out rather than shown as zero.
Json group_json(const RollupGroup& group, Json key, const Measures& measures);
/// Is a peak at any precision asked for?
bool any_peak(const Measures& measures);

}  // namespace capmap
