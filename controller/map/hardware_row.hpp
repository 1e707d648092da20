#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/hardware.hpp"
#include "common/ids.hpp"
#include "common/precision.hpp"

namespace capmap {

/// What equal servers are, once for all of them, rated. Immutable and shared between views.
struct HardwareRow {
  Shape shape;
  ShapeId id;  ///< of `shape` as this controller reads it: the same at each start, whatever newer agents send along with it
  std::optional<std::string> microarchitecture;
  std::vector<std::string> accelerator_names;  ///< [shape.accelerators]
  PeakRating peak;
};

}  // namespace capmap
