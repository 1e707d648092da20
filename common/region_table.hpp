#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace capmap {

struct CsvTable;

/// One entry of the tree of regions. Its parent is the entry of its code's leading digits.
struct Region {
  std::string code;              ///< 2, 4 or 6 digits (GB/T 2260: division, prefecture, county)
  std::string name, name_en;     ///< in the country's language, and in English
  std::string hub, hub_cluster;  ///< what sites below it belong to unless they declare something else; empty = nothing
  std::optional<std::uint32_t> tile_column, tile_row;  ///< of a division on the tile grid
  std::uint32_t year = 0;                              ///< of the code list
  std::string source;
  bool operator==(const Region&) const = default;
};

/// Regions as data: `regions.csv` of the catalog folder. Immutable once loaded; any thread.
class RegionTable {
 public:
  /// Errors: kAbsent, kMalformed naming file, line and column (a code twice, of other digits, below no division, a tile twice), kFull.
  static Result<RegionTable> load(const std::string& directory);
  /// The same of a table that was read: all or nothing.
  static Result<RegionTable> read(const CsvTable& table);

  /// Ascending by code.
  [[nodiscard]] const std::vector<Region>& rows() const { return rows_; }
  /// nullptr: not listed.
  [[nodiscard]] const Region* find(std::string_view code) const;
  /// Errors: kMalformed, when a code's division is not listed. What lies below it need not be: codes of counties change each year.
  [[nodiscard]] Result<Done> check_code(std::string_view code) const;
  /// The entry that says which hub a place of this code belongs to: its own, or of the longest listed code it begins with. nullptr: none.
  [[nodiscard]] const Region* hub_of(std::string_view code) const;

 private:
  std::vector<Region> rows_;
};

inline constexpr std::size_t kDivisionDigits = 2, kPrefectureDigits = 4, kCountyDigits = 6;
/// Whether a text has the form of a code.
bool is_region_code(std::string_view text);

}  // namespace capmap
