#include "common/region_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "common/csv.hpp"
#include "common/host_root.hpp"

namespace capmap {
namespace {

constexpr const char* kFile = "regions.csv";
constexpr const char* kColumns = "code,name,name_en,hub,hub_cluster,tile_column,tile_row,year,source";
enum Column : std::size_t { kCode, kName, kNameEn, kHub, kCluster, kTileColumn, kTileRow, kYear, kSource, kColumnCount };
constexpr std::uint32_t kMaxTile = 99, kFirstYear = 1980, kLastYear = 2100;

std::optional<std::uint32_t> number(const std::string& text, std::uint32_t least, std::uint32_t most) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
  return value;
}

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ",") + name;
  return all;
}

/// Checks a row by itself and beside those before it.
class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  [[nodiscard]] Error wrong(const CsvRow& row, Column column, const std::string& why) const {
    return Error{ErrorCode::kMalformed, file_ + ":" + std::to_string(row.line) + ": " + names_[column] + ": " + why};
  }

  Result<Region> read(const CsvRow& row) {
    const auto& cells = row.cells;
    const auto refuse = [&](Column column, const std::string& why) { return wrong(row, column, why); };
    if (!is_region_code(cells[kCode])) return refuse(kCode, "\"" + cells[kCode] + "\" is not 2, 4 or 6 digits");
    if (!codes_.insert(cells[kCode]).second) return refuse(kCode, cells[kCode] + " stands here twice");
    for (const auto column : {kName, kNameEn, kSource}) {
      if (cells[column].empty()) return refuse(column, "is empty");
    }
    if (cells[kHub].empty() != cells[kCluster].empty()) return refuse(kCluster, "a cluster and its hub go together");
    Region region{.code = cells[kCode],
                  .name = cells[kName],
                  .name_en = cells[kNameEn],
                  .hub = cells[kHub],
                  .hub_cluster = cells[kCluster],
                  .tile_column = {},
                  .tile_row = {},
                  .year = 0,
                  .source = cells[kSource]};
    const auto year = number(cells[kYear], kFirstYear, kLastYear);
    if (!year) return refuse(kYear, "\"" + cells[kYear] + "\" is no year");
    region.year = *year;
    if (cells[kTileColumn].empty() && cells[kTileRow].empty()) return region;
    region.tile_column = number(cells[kTileColumn], 0, kMaxTile);
    region.tile_row = number(cells[kTileRow], 0, kMaxTile);
    if (!region.tile_column || !region.tile_row) return refuse(kTileColumn, "a tile has a column and a row, 0 to 99 each");
    if (!tiles_.insert({*region.tile_column, *region.tile_row}).second) return refuse(kTileColumn, "another region has this tile");
    return region;
  }

 private:
  static constexpr std::array<const char*, kColumnCount> names_ = {"code",        "name",     "name_en", "hub",   "hub_cluster",
                                                                   "tile_column", "tile_row", "year",    "source"};
  const std::string& file_;
  std::set<std::string> codes_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> tiles_;
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
  if (joined(table.header) != kColumns) return Error{ErrorCode::kMalformed, table.file + ":1: the header must be " + std::string(kColumns)};
  RegionTable regions;
  Reader reader(table.file);
  for (const auto& row : table.rows) {
    auto region = reader.read(row);
    if (!region) return region.error();
    regions.rows_.push_back(std::move(*region));
  }
  std::sort(regions.rows_.begin(), regions.rows_.end(), [](const Region& a, const Region& b) { return a.code < b.code; });
  for (const auto& row : table.rows) {
    if (regions.find(std::string_view(row.cells[kCode]).substr(0, kDivisionDigits)) == nullptr) {
      return reader.wrong(row, kCode, row.cells[kCode] + " is below a division that is not listed");
    }
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
