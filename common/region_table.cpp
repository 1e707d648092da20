#include "common/region_table.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "common/csv_row.hpp"
#include "common/host_root.hpp"

namespace capmap {
namespace {

constexpr const char* kFile = "regions.csv";
constexpr const char* kColumns = "code,name,name_en,hub,hub_cluster,tile_column,tile_row,year,source";
constexpr std::uint32_t kMaxTile = 99, kFirstYear = 1980, kLastYear = 2100;

/// What a row says, and whether it fits those before it.
class Rows {
 public:
  Result<Region> read(const CsvTable& table, const CsvRow& row) {
    CsvRowReader cells(table, row);
    Region region{.code = cells.required("code"),
                  .name = cells.required("name"),
                  .name_en = cells.required("name_en"),
                  .hub = cells.text("hub"),
                  .hub_cluster = cells.text("hub_cluster"),
                  .tile_column = cells.number("tile_column", 0, kMaxTile),
                  .tile_row = cells.number("tile_row", 0, kMaxTile),
                  .year = cells.number("year", kFirstYear, kLastYear).value_or(0),
                  .source = cells.required("source")};
    if (!is_region_code(region.code)) cells.refuse("code", in_quotes(region.code) + " is not 2, 4 or 6 digits");
    if (!codes_.insert(region.code).second) cells.refuse("code", region.code + " stands here twice");
    if (region.hub.empty() != region.hub_cluster.empty()) cells.refuse("hub_cluster", "a cluster and its hub go together");
    if (region.year == 0) cells.refuse("year", "is empty");
    if (region.tile_column.has_value() != region.tile_row.has_value()) cells.refuse("tile_column", "a tile has a column and a row");
    if (region.tile_row && !tiles_.emplace(region.tile_column, region.tile_row).second) {
      cells.refuse("tile_column", "another region has this tile");
    }
    if (cells.error()) return *cells.error();
    return region;
  }

 private:
  std::set<std::string> codes_;
  std::set<std::pair<std::optional<std::uint32_t>, std::optional<std::uint32_t>>> tiles_;
};

}  // namespace

bool is_region_code(std::string_view text) {
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits && (text.size() == kDivisionDigits || text.size() == kPrefectureDigits || text.size() == kCountyDigits);
}

Result<RegionTable> RegionTable::load(const std::string& directory) {
  const HostRoot root(directory);
  const auto text = root.read(kFile, CsvLimits{}.text_bytes);
  if (!text) return Error{text.error().code, root.path() + text.error().what};
  const auto table = parse_csv(root.path() + kFile, *text);
  if (!table) return table.error();
  return read(*table);
}

Result<RegionTable> RegionTable::read(const CsvTable& table) {
  if (auto wrong = check_columns(table, kColumns)) return *wrong;
  RegionTable regions;
  Rows rows;
  for (const auto& row : table.rows) {
    auto region = rows.read(table, row);
    if (!region) return region.error();
    regions.rows_.push_back(std::move(*region));
  }
  std::sort(regions.rows_.begin(), regions.rows_.end(), [](const Region& a, const Region& b) { return a.code < b.code; });
  for (const auto& row : table.rows) {
    CsvRowReader cells(table, row);
    const auto& code = cells.text("code");
    if (regions.find(std::string_view(code).substr(0, kDivisionDigits)) != nullptr) continue;
    cells.refuse("code", code + " is below a division that is not listed");
    return *cells.error();
  }
  return regions;
}

const Region* RegionTable::find(std::string_view code) const {
  const auto at =
      std::lower_bound(rows_.begin(), rows_.end(), code, [](const Region& row, std::string_view key) { return row.code < key; });
  return at != rows_.end() && at->code == code ? &*at : nullptr;
}

Result<Done> RegionTable::check_code(std::string_view code) const {
  const auto division = code.substr(0, kDivisionDigits);
  if (find(division) != nullptr) return Done{};
  std::string known;
  for (const auto& region : rows_) {
    if (region.code.size() == kDivisionDigits) known += (known.empty() ? "" : ", ") + region.code + " " + region.name;
  }
  return Error{ErrorCode::kMalformed, "region: \"" + std::string(code) + "\" begins with no known division; known are " + known};
}

const Region* RegionTable::hub_of(std::string_view code) const {
  for (const auto digits : {kCountyDigits, kPrefectureDigits, kDivisionDigits}) {
    if (code.size() < digits) continue;
    if (const auto* const region = find(code.substr(0, digits)); region != nullptr && !region->hub.empty()) return region;
  }
  return nullptr;
}

}  // namespace capmap
