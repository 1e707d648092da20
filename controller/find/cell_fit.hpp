#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "controller/find/demand.hpp"
#include "controller/find/judge.hpp"
#include "controller/map/cell_columns.hpp"

namespace capmap {

/// Nodes of a cell that fulfil something for certain, and more that might: what would tell is not known.
struct SureNodes {
  std::uint64_t sure = 0, maybe = 0;
};

/// What a demand asks of a node that is free by powers of two: the first bucket whose nodes have so much for certain, and the first whose
/// nodes might.
struct PowerNeed {
  explicit PowerNeed(std::uint32_t wanted);
  std::uint32_t wanted = 0;  ///< 0: it is not asked for
  std::uint32_t sure_from = 0, maybe_from = 0;
};

/// What a demand asks of each node, made once for all cells. Borrows the demand.
struct NodeNeeds {
  explicit NodeNeeds(const Demand& demand);
  const Demand& demand;
  bool of_devices = false;
  std::uint32_t accelerators = 1;  ///< at least
  PowerNeed cores, memory_gib;
  std::vector<Need> asked;  ///< those of kAccelerators, kCores and kMemory that are
};

/// One cell of a view; those of a run are looked at in ascending order, with one `from` of zero at its begin.
struct CellPlace {
  const CellKeys& keys;
  const CellSums& sums;
  const CellHistograms& histograms;
  std::size_t at = 0;  ///< in its block
  std::size_t& from;   ///< see CellHistograms::each
};

/// How many nodes of one cell have free what each of them has to have. Borrows nothing of the cell.
class CellFit {
 public:
  CellFit(const CellPlace& cell, const HardwareFit& hardware, const NodeNeeds& needs);
  /// Of all that is asked of a node, but for `without`. Cells count nodes by one thing at a time: of two, as many have both as must.
  [[nodiscard]] SureNodes nodes(Need without = Need::kFilter) const;
  /// Of kAccelerators, kCores or kMemory alone.
  [[nodiscard]] const SureNodes& of(Need need) const { return of_need_[static_cast<std::size_t>(need) - kFirst]; }
  /// Nodes that do not have it for certain.
  [[nodiscard]] std::uint64_t lacking(Need need) const { return nodes_ - of(need).sure; }
  /// Free accelerators of what is asked for, on so many nodes of nodes(): as many as a demand takes of each, or all there are.
  [[nodiscard]] std::uint64_t accelerators(std::uint64_t sure_nodes) const;
  [[nodiscard]] std::uint8_t largest_free_accelerators() const { return largest_free_; }
  /// False: no node of the cell has for certain all that is asked of nodes, `without` apart. Looks at the cell's highest buckets alone.
  static bool any_sure(const CellPlace& cell, const HardwareFit& hardware, const NodeNeeds& needs, Need without);

 private:
  static constexpr auto kFirst = static_cast<std::size_t>(Need::kAccelerators);
  void count_accelerators(const CellPlace& cell, const HardwareFit& hardware);
  [[nodiscard]] SureNodes by_power(const CellPlace& cell, HistogramIndex which, const PowerNeed& need,
                                   const std::optional<std::uint64_t>& installed) const;

  const NodeNeeds& needs_;
  std::uint64_t nodes_;
  std::array<SureNodes, kNeedCount - kFirst> of_need_;
  std::uint64_t all_free_ = 0;  ///< devices that are what is asked for and free for certain
  std::uint8_t largest_free_ = 0;
};

}  // namespace capmap
