#pragma once
#include <cstdint>
#include <vector>

#include "controller/map/cell_columns.hpp"

namespace capmap {

/// Which slots are free, run by run: the cells of a run are of one site. A run whose last cell is gone may go to another site.
/// Owned by the cell table; one thread; pure.
class CellRuns {
 public:
  CellRuns();
  /// A free slot in a run of the site. New runs follow one another.
  CellSlot take(std::uint32_t site);
  void give(std::uint32_t site, CellSlot slot);
  [[nodiscard]] std::size_t run_count() const { return free_.size(); }

 private:
  using Mask = std::uint16_t;  ///< bit i: slot i of the run is free
  static constexpr Mask kAllFree = UINT16_MAX;
  static_assert(kRunCells == 16);
  [[nodiscard]] Mask all_free(std::uint32_t run) const { return run == 0 ? kAllFree - 1 : kAllFree; }

  std::vector<Mask> free_;                        ///< [run]
  std::vector<std::vector<std::uint32_t>> open_;  ///< [site] its runs with a free slot
  std::vector<std::uint32_t> empty_;              ///< runs of no site
};

}  // namespace capmap
