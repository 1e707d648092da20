#include "common/region_list.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/csv_row.hpp"
#include "common/utf8.hpp"

namespace capmap {
namespace {

constexpr std::array kParentColumns = {"parent", "provinceCode", "cityCode"};

bool has_column(const CsvTable& table, std::string_view name) {
  return std::ranges::find(table.header, name) != table.header.end();
}

/// 110000 is 11, 130100 is 1301.
std::string without_noughts(std::string code) {
  while (code.size() == kCountyDigits || code.size() == kPrefectureDigits) {
    if (!is_region_code(code) || !code.ends_with("00")) break;
    code.resize(code.size() - 2);
  }
  return code;
}

std::string place_of(const CsvTable& table, const CsvRow& row) {
  return table.file + ":" + std::to_string(row.line);
}

Result<ListedRegion> read_row(const CsvTable& table, const CsvRow& row) {
  CsvRowReader cells(table, row);
  std::vector<std::pair<const char*, std::string>> parents;
  for (const char* column : kParentColumns) {
    if (!has_column(table, column)) continue;
    if (auto parent = without_noughts(cells.text(column)); !parent.empty()) parents.emplace_back(column, std::move(parent));
  }
  ListedRegion region{.code = without_noughts(cells.text("code")), .name = cells.text("name"), .name_en = {}, .year = 0};
  // 441900 below 4419: a prefecture without counties stands for its own county.
  if (std::ranges::any_of(parents, [&](const auto& parent) { return parent.second == region.code; })) region.code = cells.text("code");
  if (has_column(table, "name_en")) region.name_en = cells.text("name_en");
  if (const auto problem = region_problem(region); !problem.empty()) {
    return Error{ErrorCode::kMalformed, place_of(table, row) + ": " + problem};
  }
  for (const auto& [column, parent] : parents) {
    if (is_region_code(parent) && parent.size() < region.code.size() && region.code.starts_with(parent)) continue;
    cells.refuse(column, "is not what the code " + region.code + " begins with");
    return *cells.error();
  }
  return region;
}

}  // namespace

bool is_region_code(std::string_view text) {
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits && (text.size() == kDivisionDigits || text.size() == kPrefectureDigits || text.size() == kCountyDigits);
}

std::string region_problem(const ListedRegion& region) {
  if (!is_region_code(region.code)) {
    const bool shown = region.code.size() <= 20 && is_printable_utf8(region.code);
    return "code: " + (shown ? in_quotes(region.code) : std::string("a text of ") + std::to_string(region.code.size()) + " bytes") +
           " is not 2, 4 or 6 digits; what lies below a county is not listed";
  }
  if (region.name.empty()) return "name: is empty";
  for (const auto& [column, text] : {std::pair{"name", &region.name}, std::pair{"name_en", &region.name_en}}) {
    if (text->size() > kMostRegionNameBytes) return std::string(column) + ": has more than 100 bytes";
    if (!is_printable_utf8(*text))
      return std::string(column) + ": is not printable UTF-8; another encoding is changed by iconv -f GB18030 -t UTF-8";
  }
  return {};
}

RegionList followed(const RegionList& before, RegionList now) {
  for (auto& row : now.rows) row.year = now.year;
  std::ranges::sort(now.rows, {}, &ListedRegion::code);
  std::vector<ListedRegion> former;
  for (const auto& row : before.rows) {
    const auto at = std::ranges::lower_bound(now.rows, row.code, {}, &ListedRegion::code);
    const bool listed = at != now.rows.end() && at->code == row.code;
    if (!listed && row.year != now.year) former.push_back(row);
  }
  std::ranges::stable_sort(former, [](const ListedRegion& a, const ListedRegion& b) { return a.year > b.year; });
  if (former.size() > kMostListedRegions) former.resize(kMostListedRegions);
  now.rows.insert(now.rows.end(), former.begin(), former.end());
  std::ranges::sort(now.rows, {}, &ListedRegion::code);
  return now;
}

Result<Done> RegionListReader::add(const CsvTable& table) {
  for (const char* column : {"code", "name"}) {
    if (has_column(table, column)) continue;
    return Error{ErrorCode::kMalformed,
                 table.file + ":1: there is no column " + column + "; wanted are code and name, and parent if there is one"};
  }
  auto entries = entries_;
  for (const auto& row : table.rows) {
    const auto place = place_of(table, row);
    auto region = read_row(table, row);
    if (!region) return region.error();
    if (entries.size() == kMostListedRegions) {
      return Error{ErrorCode::kFull, place + ": more than " + std::to_string(kMostListedRegions) + " regions"};
    }
    auto code = region->code;
    const auto [at, is_new] = entries.try_emplace(std::move(code), Entry{.region = std::move(*region), .place = place});
    if (!is_new) return Error{ErrorCode::kMalformed, place + ": code: " + at->first + " stands at " + at->second.place + " too"};
  }
  entries_ = std::move(entries);
  return Done{};
}

std::vector<ListedRegion> RegionListReader::rows() const {
  std::vector<ListedRegion> all;
  all.reserve(entries_.size());
  for (const auto& [code, entry] : entries_) all.push_back(entry.region);
  return all;
}

}  // namespace capmap
