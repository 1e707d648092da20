#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "controller/map/fold_kernel.hpp"
#include "controller/map/hardware_figures.hpp"
#include "controller/map/measure.hpp"

namespace capmap {

/// Whose hardware a fold counts. Unhealthy: of installed nodes those neither fresh nor stale; unavailable: those not fresh or not in
/// service; mostly few, so that what is left out costs less to count than what is not. Used and free count devices: of available nodes
/// whose accelerators are of one model.
enum class FoldPart : std::uint8_t { kInstalled, kUnhealthy, kUnavailable, kUsedDevices, kFreeDevices };

/// Which columns the measures of a question need, and into which slot each is summed.
struct FoldPlan {
  explicit FoldPlan(const Measures& measures, FoldPart part = FoldPart::kInstalled);
  struct Sum {
    std::size_t column = 0;
    std::uint32_t low = 0, high = 0, unknown = 0;  ///< slots of the halves, and of the nodes that did not say
  };
  struct Count {
    std::size_t column = 0;
    std::uint32_t slot = 0;
  };
  std::vector<Sum> sums;          ///< of available nodes
  std::vector<Count> counts;      ///< of available nodes
  std::vector<std::size_t> tops;  ///< histograms, of available nodes; their index is the slot
  bool nodes = false;             ///< nodes in slots 0 … 7: liveness x (in service or not)
  bool installed = false;         ///< all installed nodes in slot 0
  bool hardware_unknown = false;  ///< nodes without hardware, in a slot of their own
  bool age = false;               ///< of installed nodes
  std::uint32_t hardware_unknown_slot = 0, heard_nodes_slot = 0, heard_slot = 0, oldest_slot = 0;
  std::uint32_t slots = 0;
  std::vector<HardwareFigure> figures;  ///< of installed nodes
  FoldPart part;
  bool models = false, reasons = false;
  [[nodiscard]] bool devices() const { return part == FoldPart::kUsedDevices || part == FoldPart::kFreeDevices; }
  [[nodiscard]] bool hardware() const { return !figures.empty() || models || reasons; }

  /// What a state says to a fold; its row and what it adds are the grouping's.
  [[nodiscard]] StateFacts facts_of(std::size_t state) const;
  /// Points at the columns of a block that are used. `scratch` is for one that is made on the way.
  void use_columns(const CellKeys& keys, const CellSums& sums, ColumnBlock<std::uint32_t>& scratch, BlockColumns& out) const;
};

}  // namespace capmap
