#pragma once
#include "controller/map/hardware_words.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {

/// False when not one available node told it: then the sum is unknown, not 0.
inline bool use_known(const RollupGroup& group, const Amount& amount) {
  return group.available_nodes > amount.unknown;
}

/// The same for accelerators, whose use is told device by device. Where none are installed, none are used: that is known.
inline bool accelerator_use_known(const RollupGroup& group) {
  if (group.accelerators == 0 || group.accelerators_used + group.accelerators_free > 0) return true;
  return group.accelerators_use_unknown == 0 && group.available_nodes > 0;
}

}  // namespace capmap
