#pragma once
#include <cstdint>
#include <map>

#include "controller/map/group_figures.hpp"

namespace capmap {

/// A group of the map that is summed node by node: the same figures by the same rules as of cells. Pure; one thread.
class NodeSums {
 public:
  /// A node that is counted, neither retired nor quarantined. Hardware that `figures` do not have yet is unknown.
  void add(const NodeRow& row, const HardwareFigures& figures);
  /// All that was added so far; `figures` as with add(). Cost: a pass over the figures of each hardware row that occurs.
  [[nodiscard]] RollupGroup group(const HardwareFigures& figures, std::uint64_t now_boot_ms) const;

 private:
  struct Nodes {
    std::uint64_t installed = 0, healthy = 0, available = 0;
  };
  void add_use(const NodeRow& row);

  RollupGroup sums_;                       ///< of what nodes say, each of its own
  std::map<std::uint32_t, Nodes> of_row_;  ///< by hardware: multiplied once
  U128 heard_ms_ = 0;
  std::uint64_t oldest_ms_ = UINT64_MAX;
};

}  // namespace capmap
