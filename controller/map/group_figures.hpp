#pragma once
#include <cstddef>

#include "controller/map/hardware_figures.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {

/// Adds an amount of a HardwareFigure to the group's member that tells it.
void add_figure(RollupGroup& group, std::size_t figure, U128 amount);

/// What a group says of hardware, as it stands beside another group's.
HardwareSums hardware_of(const RollupGroup& group);

}  // namespace capmap
