// What rows of an import file are wrong about by themselves, told with their lines before a controller is asked.
#include <algorithm>
#include <unordered_map>

#include "common/region_table.hpp"
#include "controller/ctl/import_file.hpp"

namespace capmap {
namespace {

template <class Record>
class RowCheck {
 public:
  using Find = std::optional<Column<Record>> (*)(std::string_view);

  RowCheck(ImportFile& file, RecordKind kind, const std::vector<std::string>& divisions)
      : file_(file), kind_(kind), divisions_(divisions), table_(file.table(kind)), lines_(file.lines[static_cast<std::size_t>(kind)]) {}

  void check(Find find) {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      columns_.push_back(find(table_.columns[i]));
      const auto known = check_column(kind_, table_.columns[i]);
      const auto name = table_.columns[i].substr(0, ImportFile::kMostTextBytes);
      if (!known) file_.fault(line_of_column(i), name + ": " + known.error().what);
      if (known && name.size() < table_.columns[i].size()) file_.fault(line_of_column(i), name + "…: is too long a name");
    }
    if (std::ranges::find(table_.columns, "name") == table_.columns.end() && !table_.columns.empty()) {
      return file_.fault(1, "name: is missing, and is what each of them is known by");
    }
    for (std::size_t i = 0; i < table_.rows.size(); ++i) check_row(i);
  }

 private:
  /// Of a header the first line; where each row names its own, the first row that has it.
  [[nodiscard]] std::size_t line_of_column(std::size_t column) const {
    const auto has = [column](const ImportRow& row) {
      return std::ranges::any_of(row.cells, [column](const auto& cell) { return cell.first == column; });
    };
    const auto first = std::ranges::find_if(table_.rows, has);
    return file_.has_header || first == table_.rows.end() ? 1 : lines_[static_cast<std::size_t>(first - table_.rows.begin())];
  }

  void check_row(std::size_t i) {
    Record record;
    bool good = true;
    for (const auto& [column, text] : table_.rows[i].cells) {
      if (!columns_[column]) continue;
      if (text.size() > ImportFile::kMostTextBytes) {
        file_.fault(lines_[i], columns_[column]->name + ": is longer than " + std::to_string(ImportFile::kMostTextBytes) + " bytes");
        good = false;
        continue;
      }
      const auto set = columns_[column]->set(record, text);
      if (!set) file_.fault(lines_[i], columns_[column]->name + ": " + set.error().what);
      good = good && set.ok();
    }
    if (const auto valid = validate_record(record); good && !valid) file_.fault(lines_[i], valid.error().what);
    if constexpr (std::is_same_v<Record, NamedPool>) {
      if (record.site.empty()) file_.fault(lines_[i], "site: is missing");
    }
    if constexpr (std::is_same_v<Record, Site>) check_region(lines_[i], record.region);
    const auto [first, is_new] = seen_.try_emplace(record_key(record), lines_[i]);
    if (!is_new && !first->first.empty()) {
      file_.fault(lines_[i], "name: stands there twice, first in line " + std::to_string(first->second) + ": leave one of them out");
    }
  }

  void check_region(std::size_t line, const std::string& code) {
    if (divisions_.empty() || !is_region_code(code)) return;
    const auto division = code.substr(0, kDivisionDigits);
    if (std::ranges::any_of(divisions_, [&](const std::string& one) { return one.starts_with(division); })) return;
    std::string known;
    for (const auto& one : divisions_) known += (known.empty() ? "" : ", ") + one;
    file_.fault(line, "region: \"" + code + "\" begins with no known division; known are " + known);
  }

  ImportFile& file_;
  RecordKind kind_;
  const std::vector<std::string>& divisions_;
  const ImportTable& table_;
  const std::vector<std::size_t>& lines_;
  std::vector<std::optional<Column<Record>>> columns_;
  std::unordered_map<std::string, std::size_t> seen_;  ///< key ▶ line
};

}  // namespace

void check_records(ImportFile& file, const std::vector<std::string>& divisions) {
  RowCheck<Owner>(file, RecordKind::kOwners, divisions).check(owner_column);
  RowCheck<Site>(file, RecordKind::kSites, divisions).check(site_column);
  RowCheck<NamedPool>(file, RecordKind::kPools, divisions).check(pool_column);
  RowCheck<NamedLink>(file, RecordKind::kLinks, divisions).check(link_column);
}

}  // namespace capmap
