#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "controller/map/map_view.hpp"

namespace capmap {

/// Which chips stand on the map, row by row of the chip table, and which stand there without a peak.

struct ChipCount {
  std::uint64_t nodes = 0, parts = 0;  ///< installed; processors or accelerators
};

/// Parts that are one to the chip table and have no peak for one reason.
struct UnratedChip {
  std::string id;                            ///< 16 hexadecimal digits, the same wherever the same parts are seen for the same reason
  std::shared_ptr<const HardwareRow> where;  ///< hardware that has it, never null
  std::size_t device = 0;                    ///< place among its accelerators, or kProcessor
  std::uint64_t nodes = 0, parts = 0;        ///< installed
  std::vector<std::uint32_t> sites;          ///< places in the view, ascending
  static constexpr std::size_t kProcessor = SIZE_MAX;
  [[nodiscard]] const ChipPart& part() const { return device == kProcessor ? where->parts.cpu : where->parts.devices[device]; }
};

struct ChipCensus {
  std::vector<ChipCount> entries;    ///< [ChipTable::list()]
  std::vector<UnratedChip> unrated;  ///< ascending by id
  std::uint64_t unknown_nodes = 0;   ///< installed, and their hardware is not known yet
};

/// What of a view stands at some of its sites. `at`: [site] whether it counts; empty: all do. Pure; any thread. Cost: a pass over the
/// cells, and what their hardware has.
ChipCensus chip_census(const MapView& view, const std::vector<bool>& at);

}  // namespace capmap
