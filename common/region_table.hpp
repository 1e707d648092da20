#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/region_list.hpp"
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
  /// The catalog's with an imported list over it: what the list names is called so; hubs and tiles are the catalog's.
  /// Errors: kMalformed, when a code of the list in force lies below no division.
  static Result<RegionTable> with_list(std::shared_ptr<const RegionTable> catalog, const RegionList& list);

  /// Ascending by code.
  [[nodiscard]] const std::vector<Region>& rows() const { return rows_; }
  /// nullptr: not listed.
  [[nodiscard]] const Region* find(std::string_view code) const;
  /// What a former list said of a code that is not in the list in force. nullptr: nothing.
  [[nodiscard]] const Region* find_former(std::string_view code) const;
  /// The catalog's own table below the list; null where this is it.
  [[nodiscard]] const std::shared_ptr<const RegionTable>& catalog() const { return catalog_; }
  /// Year of the list in force; 0 = none was imported.
  [[nodiscard]] std::uint32_t list_year() const { return list_year_; }
  /// Codes of the list in force, ascending.
  [[nodiscard]] const std::vector<std::string>& listed() const { return listed_; }
  /// True when the list in force has the code, or one below it.
  [[nodiscard]] bool is_listed(std::string_view code) const;
  /// True when the list in force says what lies below the code's division: then a code that is not in it is no code of its year.
  [[nodiscard]] bool is_detailed(std::string_view code) const;
  /// Errors: kMalformed, when a code's division is not listed, or a list says what lies below it and has no such code (with its year, what
  /// former lists called it, and its neighbours). Without a list what lies below a division is not checked.
  [[nodiscard]] Result<Done> check_code(std::string_view code) const;
  /// The entry that says which hub a place of this code belongs to: its own, or of the longest listed code it begins with. nullptr: none.
  [[nodiscard]] const Region* hub_of(std::string_view code) const;

 private:
  [[nodiscard]] std::string why_not_listed(std::string_view code) const;

  std::vector<Region> rows_, former_;
  std::shared_ptr<const RegionTable> catalog_;
  std::uint32_t list_year_ = 0;
  std::vector<std::string> listed_;
};

/// One region that two tables name differently; a name is empty where the table does not list the code.
struct RegionChange {
  std::string code, before, now;
  bool operator==(const RegionChange&) const = default;
};
/// What a list changes, each ascending by code.
struct RegionChanges {
  std::vector<RegionChange> added, renamed, gone;  ///< gone: no longer in the list in force
};
RegionChanges changes_between(const RegionTable& before, const RegionTable& now);

}  // namespace capmap
