#include "common/region_table.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "common/catalog_folder.hpp"
#include "common/csv_row.hpp"

namespace capmap {
namespace {

constexpr const char* kFile = "regions.csv";
constexpr const char* kColumns = "code,name,name_en,hub,hub_cluster,tile_column,tile_row,year,source";
constexpr std::uint32_t kMaxTile = 99;

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
                  .year = cells.number("year", kFirstListYear, kLastListYear).value_or(0),
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

const Region* find_in(const std::vector<Region>& rows, std::string_view code) {
  const auto at = std::ranges::lower_bound(rows, code, {}, [](const Region& row) -> std::string_view { return row.code; });
  return at != rows.end() && at->code == code ? &*at : nullptr;
}

}  // namespace

Result<RegionTable> RegionTable::load(const std::string& directory) {
  const auto table = read_catalog_file(directory, kFile);
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

Result<RegionTable> RegionTable::with_list(std::shared_ptr<const RegionTable> catalog, const RegionList& list) {
  RegionTable table;
  std::map<std::string, Region> merged;
  for (const auto& region : catalog->rows_) merged.emplace(region.code, region);
  for (const auto& row : list.rows) {
    const bool in_force = row.year == list.year;
    Region former;
    auto& region = in_force ? merged[row.code] : former;
    region.code = row.code;
    region.name = row.name;
    if (!row.name_en.empty()) region.name_en = row.name_en;
    region.year = row.year;
    region.source = "imported list of " + std::to_string(row.year);
    if (in_force) table.listed_.push_back(row.code);
    if (!in_force) table.former_.push_back(std::move(former));
  }
  for (auto& [code, region] : merged) table.rows_.push_back(std::move(region));
  std::ranges::sort(table.former_, {}, &Region::code);
  std::ranges::sort(table.listed_);
  for (const auto& code : table.listed_) {
    if (table.find(std::string_view(code).substr(0, kDivisionDigits)) == nullptr) {
      return Error{ErrorCode::kMalformed, "code: " + code + " is below a division that is not listed"};
    }
  }
  table.list_year_ = list.year;
  table.catalog_ = std::move(catalog);
  return table;
}

const Region* RegionTable::find(std::string_view code) const {
  return find_in(rows_, code);
}

const Region* RegionTable::find_former(std::string_view code) const {
  return find_in(former_, code);
}

bool RegionTable::is_listed(std::string_view code) const {
  const auto at = std::ranges::lower_bound(listed_, code);
  return at != listed_.end() && at->starts_with(code);
}

bool RegionTable::is_detailed(std::string_view code) const {
  const auto division = code.substr(0, kDivisionDigits);
  auto at = std::ranges::lower_bound(listed_, division);
  if (at != listed_.end() && *at == division) ++at;
  return at != listed_.end() && at->starts_with(division);
}

Result<Done> RegionTable::check_code(std::string_view code) const {
  if (find(code.substr(0, kDivisionDigits)) == nullptr) {
    std::string known;
    for (const auto& region : rows_) {
      if (region.code.size() == kDivisionDigits) known += (known.empty() ? "" : ", ") + region.code + " " + region.name;
    }
    return Error{ErrorCode::kMalformed, "region: \"" + std::string(code) + "\" begins with no known division; known are " + known};
  }
  const bool unknown = code.size() > kDivisionDigits && is_detailed(code) && !is_listed(code);
  if (unknown) return Error{ErrorCode::kMalformed, why_not_listed(code)};
  return Done{};
}

std::string RegionTable::why_not_listed(std::string_view code) const {
  std::string why = "region: \"" + std::string(code) + "\" is not in the list of " + std::to_string(list_year_);
  if (const auto* const former = find_former(code)) why += "; it was " + former->name + " in that of " + std::to_string(former->year);
  const auto parent = code.substr(0, code.size() - 2);
  std::string near;
  const auto add = [&](const std::string& other) { near += (near.empty() ? "" : ", ") + other + " " + find(other)->name; };
  const auto beside = [&](const std::string& other) { return other.size() == code.size() && other.starts_with(parent); };
  const auto at = std::ranges::lower_bound(listed_, code);
  const auto before = std::find_if(std::make_reverse_iterator(at), listed_.rend(), beside);
  const auto after = std::find_if(at, listed_.end(), beside);
  if (before != listed_.rend()) add(*before);
  if (after != listed_.end()) add(*after);
  if (!near.empty()) why += "; near it are " + near;
  const auto* const above = find(parent);
  if (above != nullptr) why += "; what it would lie in is " + above->code + " " + above->name;
  return why;
}

const Region* RegionTable::hub_of(std::string_view code) const {
  for (const auto digits : {kCountyDigits, kPrefectureDigits, kDivisionDigits}) {
    if (code.size() < digits) continue;
    if (const auto* const region = find(code.substr(0, digits)); region != nullptr && !region->hub.empty()) return region;
  }
  return nullptr;
}

RegionChanges changes_between(const RegionTable& before, const RegionTable& now) {
  RegionChanges changes;
  for (const auto& code : now.listed()) {
    const auto* const was = before.find(code);
    const auto& name = now.find(code)->name;
    if (was == nullptr) changes.added.push_back({.code = code, .before = {}, .now = name});
    if (was != nullptr && was->name != name) changes.renamed.push_back({.code = code, .before = was->name, .now = name});
  }
  for (const auto& code : before.listed()) {
    if (std::ranges::binary_search(now.listed(), code)) continue;
    changes.gone.push_back({.code = code, .before = before.find(code)->name, .now = {}});
  }
  return changes;
}

}  // namespace capmap
