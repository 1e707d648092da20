#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/chip_table.hpp"
#include "controller/history/cell_history.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// A map as it was once, put together from what history keeps, so that every question the live map answers from cells can be put to it.
/// Rated by the chip table that is given, whatever was known then. What cells used is not kept: it is unknown in all of them, as are
/// times of hearing. One thread.
class PastViews {
 public:
  explicit PastViews(CellHistory& history) : history_(history) {}

  /// Regions as they are known now: what hub a code lies in is no history.
  void know(std::shared_ptr<const RegionTable> regions) { regions_ = std::move(regions); }
  /// The one made last stays. Errors: as CellHistory; kMalformed where changes do not fit their base.
  Result<std::shared_ptr<const MapView>> at(const PastPlace& place, const std::shared_ptr<const ChipTable>& chips);

  /// A hardware row by its number, rated; null where it is not kept.
  Result<std::shared_ptr<const HardwareRow>> hardware(std::uint32_t number, const std::shared_ptr<const ChipTable>& chips);

 private:
  using Rows = std::vector<std::shared_ptr<const HardwareRow>>;  ///< [number]
  Result<Done> load_hardware(Rows& rows, std::vector<std::uint32_t> numbers, const ChipTable& chips);
  Rows& rows_of(const std::shared_ptr<const ChipTable>& chips);

  Result<std::shared_ptr<const MapView>> make(const PastPlace& place, const std::shared_ptr<const ChipTable>& chips);

  CellHistory& history_;
  std::shared_ptr<const RegionTable> regions_;
  /// Of the chip tables that were asked for last, the newest in front.
  std::vector<std::pair<std::shared_ptr<const ChipTable>, Rows>> rated_;
  /// The view that was made last: who reads a map page by page asks for it again and again.
  std::shared_ptr<const MapView> last_;
  std::shared_ptr<const ChipTable> last_chips_;
};

}  // namespace capmap
