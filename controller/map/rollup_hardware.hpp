#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "controller/map/rollup.hpp"

namespace capmap {

/// Nodes of one hardware row: (hardware index, nodes).
using HardwareNodes = std::pair<std::uint32_t, std::uint64_t>;

/// Adds to a list; neighbours of one row become one entry.
void add_installed(std::vector<HardwareNodes>& installed, const HardwareNodes& more);
/// Brings a list to one entry a row, ordered.
void merge_rows(std::vector<HardwareNodes>& installed);

/// Multiplies hardware out into groups. The texts of models and reasons are numbered once for all groups, and become maps at a group's
/// end. Lives for one rollup; borrows the view.
class HardwareSums {
 public:
  explicit HardwareSums(const MapView& view);
  /// Adds what the nodes of a merged list have installed.
  void add(RollupGroup& group, const std::vector<HardwareNodes>& installed);

 private:
  using Counted = std::pair<std::uint32_t, std::uint32_t>;  ///< (number of a text, devices or packages a node)
  struct Words {
    std::vector<Counted> models, reasons;
  };

  const MapView& view_;
  std::vector<Words> words_;  ///< [hardware index]
  std::vector<std::string> models_;
  std::vector<std::pair<std::string, std::string>> reasons_;
  std::vector<std::uint64_t> model_counts_, reason_counts_;  ///< of the group in hand
};

}  // namespace capmap
