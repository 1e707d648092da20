#pragma once
#include <array>
#include <cstdint>

#include "controller/find/demand.hpp"
#include "controller/find/judge.hpp"
#include "controller/map/cell.hpp"

namespace capmap {

/// Nodes of a cell that fulfil something for certain, and more that might: what would tell is not known.
struct SureNodes {
  std::uint64_t sure = 0, maybe = 0;
};

/// How many nodes of one cell have free what each of them has to have.
class CellFit {
 public:
  CellFit(const Cell& cell, const HardwareFit& hardware, const Demand& demand);
  /// Of all that is asked of a node, but for `without`. Cells count nodes by one thing at a time: of two, as many have both as must.
  [[nodiscard]] SureNodes nodes(Need without = Need::kFilter) const;
  /// Of kAccelerators, kCores or kMemory alone.
  [[nodiscard]] const SureNodes& of(Need need) const { return of_need_[static_cast<std::size_t>(need) - kFirst]; }
  /// Nodes that do not have it for certain.
  [[nodiscard]] std::uint64_t lacking(Need need) const { return nodes_ - of(need).sure; }
  /// Free accelerators of what is asked for, on so many nodes of nodes(): as many as a demand takes of each, or all there are.
  [[nodiscard]] std::uint64_t accelerators(std::uint64_t sure_nodes) const;
  [[nodiscard]] std::uint32_t largest_free_accelerators() const { return largest_free_; }

 private:
  static constexpr auto kFirst = static_cast<std::size_t>(Need::kAccelerators);
  void count_accelerators(const Cell& cell, const HardwareFit& hardware);

  const Demand& demand_;
  std::uint64_t nodes_;
  std::array<SureNodes, kNeedCount - kFirst> of_need_;
  std::uint64_t all_free_ = 0;  ///< devices that are what is asked for and free for certain
  std::uint32_t largest_free_ = 0;
};

}  // namespace capmap
