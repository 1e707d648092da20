// [[site]], [[pool]], [[owner]] and [[link]] of a TOML file as rows.
#define TOML_EXCEPTIONS 0
// Its assertions fail on broken values that it refuses all the same: with and without NDEBUG it is to do what it does with.
#define TOML_ASSERT(expr) static_cast<void>(0)
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <unordered_map>

#include "common/config_check.hpp"
#include "controller/ctl/import_file.hpp"

namespace capmap {
namespace {

constexpr std::array<const char*, kRecordKindNames.size()> kTableNames = {"owner", "site", "pool", "link"};
constexpr std::size_t kMostColumns = 1'000;
constexpr std::size_t kMostDepth = 2;  ///< tables inside one: declared, and accelerators_by_model in it

std::string number_text(double value) {
  std::array<char, 400> text{};  // the longest double has 309 digits before the point
  const int length = std::snprintf(text.data(), text.size(), "%.9f", value);
  std::string whole(text.data(), static_cast<std::size_t>(std::max(length, 0)));
  if (whole.find('.') == std::string::npos) return whole;
  whole.erase(whole.find_last_not_of('0') + 1);
  if (whole.ends_with('.')) whole.pop_back();
  return whole;
}

/// Absent: a list, a date or a time, which no column takes.
std::optional<std::string> value_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return number_text(number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  return std::nullopt;
}

std::size_t line_of(const toml::source_region& source) {
  return source.begin.line;
}

class RowsReader {
 public:
  RowsReader(ImportFile& file, RecordKind kind) : file_(file), kind_(kind) {}

  void read(const toml::array& rows) {
    for (const auto& node : rows) {
      const auto* const table = node.as_table();
      if (table == nullptr) {
        file_.fault(line_of(node.source()), std::string(kTableNames[static_cast<std::size_t>(kind_)]) + ": must be a list of tables");
        continue;
      }
      if (file_.table(kind_).rows.size() == kMostImportRows) {
        return file_.fault(line_of(node.source()), "more than " + std::to_string(kMostImportRows) + " of these");
      }
      file_.table(kind_).rows.emplace_back();
      file_.lines[static_cast<std::size_t>(kind_)].push_back(line_of(node.source()));
      read_table(*table, {}, 0);
    }
  }

 private:
  void read_table(const toml::table& table, const std::string& before, std::size_t depth) {
    for (const auto& [key, node] : table) {
      const auto name = before + std::string(key.str());
      const auto* const inner = node.as_table();
      if (inner != nullptr && depth < kMostDepth) {
        read_table(*inner, name + ".", depth + 1);
        continue;
      }
      auto text = value_text(node);
      if (!text) {
        file_.fault(line_of(key.source()), name + ": must be a text, a number, true or false");
        continue;
      }
      auto& records = file_.table(kind_);
      const auto [at, made] = columns_.try_emplace(name, static_cast<std::uint32_t>(records.columns.size()));
      if (made && records.columns.size() == kMostColumns) {
        columns_.erase(at);
        return file_.fault(line_of(key.source()), name + ": more than " + std::to_string(kMostColumns) + " different names");
      }
      if (made) records.columns.push_back(name);
      auto& cells = records.rows.back().cells;
      const bool twice = std::ranges::any_of(cells, [column = at->second](const auto& cell) { return cell.first == column; });
      if (twice) {
        file_.fault(line_of(key.source()), name + ": stands there twice");
        continue;
      }
      cells.emplace_back(at->second, std::move(*text));
    }
  }

  ImportFile& file_;
  RecordKind kind_;
  std::unordered_map<std::string, std::uint32_t> columns_;
};

/// "12:5: why" as a fault of line 12.
void take_mistake(ImportFile& file, const std::string& mistake) {
  std::size_t line = 0;
  const auto read = std::from_chars(mistake.data(), mistake.data() + mistake.size(), line);
  const auto rest = static_cast<std::size_t>(read.ptr - mistake.data());
  file.fault(line, "column " + mistake.substr(std::min(mistake.size(), rest + 1)));
}

}  // namespace

ImportFile read_import_toml(std::string_view text) {
  ImportFile file;
  if (const auto wrong = mistake_in_toml(text)) {
    take_mistake(file, *wrong);
    return file;
  }
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    file.fault(line_of(parsed.error().source()), std::string(parsed.error().description()));
    return file;
  }
  for (const auto& [key, node] : parsed.table()) {
    const auto* const kind = std::ranges::find(kTableNames, key.str());
    const auto* const rows = node.as_array();
    if (kind == kTableNames.end()) {
      file.fault(line_of(key.source()),
                 std::string(key.str()) + ": is not known here; a file has [[owner]], [[site]], [[pool]] and [[link]]");
    } else if (rows == nullptr) {
      file.fault(line_of(key.source()), std::string(key.str()) + ": is written with two brackets, [[" + std::string(key.str()) + "]]");
    } else {
      RowsReader(file, static_cast<RecordKind>(kind - kTableNames.begin())).read(*rows);
    }
  }
  return file;
}

}  // namespace capmap
