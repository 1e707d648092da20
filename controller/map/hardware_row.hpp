#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/chip_table.hpp"
#include "common/hardware.hpp"
#include "common/ids.hpp"
#include "common/precision.hpp"
#include "controller/map/verdict.hpp"

namespace capmap {

/// What equal servers are, once for all of them, rated. Immutable and shared between views.
struct HardwareRow {
  Shape shape;
  ShapeId id;  ///< of `shape` as this controller reads it: the same at each start, whatever newer agents send along with it
  std::optional<std::string> microarchitecture;
  std::vector<std::string> accelerator_names;            ///< [shape.accelerators]
  std::vector<std::optional<std::uint32_t>> card_watts;  ///< [shape.accelerators] that the sheet says of one card; absent: not known
  PeakRating peak;
  std::vector<Finding> findings;  ///< against the chip table and what is built (physics.hpp)
  ChipParts parts{};              ///< in the chip table it was rated with
};

/// Rows by their id.
using RatedHardware = std::unordered_map<ShapeId, std::shared_ptr<const HardwareRow>, IdHash>;

/// A shape named and rated. Without a chip table nothing is rated, and the row says so.
HardwareRow describe_hardware(Shape shape, const ChipTable* chips);

}  // namespace capmap
