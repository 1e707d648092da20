// What the controller says to SQL, for people.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "controller/ctl/api.hpp"
#include "controller/ctl/sql.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;
using Align = TextTable::Align;

constexpr double kMostWhole = 9'007'199'254'740'992;
constexpr std::size_t kMostKnown = 40;  ///< words that are listed behind a mistake

/// A real number that is whole without its ".0"; null as `none`.
std::string cell(const Json& value, const char* none) {
  if (value.is_null()) return none;
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (number == std::trunc(number) && std::abs(number) <= kMostWhole) return std::to_string(static_cast<std::int64_t>(number));
  }
  return value.dump();
}

bool is_number_column(const Json& rows, std::size_t column) {
  return std::ranges::any_of(rows, [column](const Json& row) { return row.is_array() && column < row.size() && row[column].is_number(); });
}

std::string words(const Json& list) {
  std::string text;
  std::size_t count = 0;
  for (const Json& word : list) {
    if (!word.is_string()) continue;
    if (++count > kMostKnown) return text + ", …";
    text += (text.empty() ? "" : ", ") + word.get<std::string>();
  }
  return text;
}

}  // namespace

std::string sql_rows_text(const Json& answer, bool terminal) {
  const Json& rows = list_at(answer, "rows");
  std::vector<TextTable::Column> columns;
  for (const Json& name : list_at(answer, "columns")) {
    const bool number = is_number_column(rows, columns.size());
    columns.push_back({name.is_string() ? name.get<std::string>() : "?", number ? Align::kRight : Align::kLeft});
  }
  TextTable table(columns);
  for (const Json& row : rows) {
    if (!row.is_array()) continue;
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < row.size() && i < columns.size(); ++i) cells.push_back(cell(row[i], "–"));
    table.add(cells);
  }
  std::string out = table.text(terminal) + plural(rows.size(), "row");
  if (flag_at(answer, "truncated")) out += "; there are more: --rows asks for them";
  if (const Json& by_row = list_at(answer, "read_row_by_row"); !by_row.empty()) {
    out += "; " + words(by_row) + (by_row.size() == 1 ? " was" : " were") + " read row by row, while the map went on";
  }
  if (const auto scope = text_at(answer, "scope")) out += "; within your scope: " + printable(*scope);
  return out + "\n";
}

std::string sql_rows_csv(const Json& answer) {
  std::string out;
  const auto line = [&out](const Json& fields) {
    bool first = true;
    for (const Json& field : fields) {
      out += (first ? "" : ",") + csv_field(cell(field, ""));
      first = false;
    }
    out += "\r\n";
  };
  line(list_at(answer, "columns"));
  for (const Json& row : list_at(answer, "rows")) line(row);
  return out;
}

std::string sql_tables_text(const Json& reference, bool terminal) {
  TextTable table({{"TABLE", Align::kLeft, true}, {"COLUMNS"}, {"READ", Align::kLeft, true}, {"WHAT", Align::kLeft}});
  for (const Json& one : list_at(reference, "tables")) {
    table.add({text_at(one, "name").value_or("?"), std::to_string(list_at(one, "columns").size()),
               flag_at(one, "one_moment", true) ? "at one moment" : "row by row", text_at(one, "what").value_or("")});
  }
  return table.text(terminal);
}

Result<std::string> sql_schema_text(const Json& reference, const std::string& name, bool terminal) {
  std::string out, known;
  for (const Json& one : list_at(reference, "tables")) {
    const auto table_name = text_at(one, "name").value_or("?");
    known += (known.empty() ? "" : ", ") + table_name;
    if (!name.empty() && name != table_name) continue;
    TextTable table(
        {{printable(table_name), Align::kLeft, true}, {"TYPE", Align::kLeft, true}, {"KEY", Align::kLeft, true}, {"WHAT", Align::kLeft}});
    for (const Json& column : list_at(one, "columns")) {
      table.add({text_at(column, "name").value_or("?"), text_at(column, "type").value_or(""), flag_at(column, "key") ? "key" : "",
                 text_at(column, "what").value_or("")});
    }
    out += (out.empty() ? "" : "\n") + table.text(terminal);
  }
  if (!out.empty()) return out;
  return Error{ErrorCode::kAbsent, "no table is called \"" + name + "\"; there are " + known};
}

std::string sql_examples_text(const Json& reference) {
  std::string out;
  for (const Json& example : list_at(reference, "examples")) {
    out += (out.empty() ? "" : "\n") + std::string("-- ") + printable(text_at(example, "what").value_or("")) + "\n" +
           printable(text_at(example, "sql").value_or("")) + ";\n";
  }
  return out;
}

std::string sql_problem_text(const std::string& statement, const Json& problem) {
  std::string out = printable(text_at(problem, "title").value_or("refused") + ": " + text_at(problem, "detail").value_or(""));
  const auto line = number_at(problem, "line"), column = number_at(problem, "column");
  if (line && column && *line > 0 && *column > 0) {
    std::size_t begin = 0;
    for (std::uint64_t i = 1; i < *line && begin != std::string::npos; ++i) {
      begin = statement.find('\n', begin);
      begin += begin == std::string::npos ? 0 : 1;
    }
    if (begin != std::string::npos && *column <= statement.size() + 1) {
      const auto text = statement.substr(begin, statement.find('\n', begin) - begin);
      const auto prefix = "line " + std::to_string(*line) + ": ";
      std::size_t bytes = 0;
      for (std::uint64_t characters = 1; bytes < text.size() && characters < *column; ++characters) {
        do ++bytes;
        while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U);
      }
      out += "\n" + prefix + text + "\n" + std::string(prefix.size() + display_width(text.substr(0, bytes)), ' ') + "^";
    }
  }
  if (const auto known = words(list_at(problem, "known")); !known.empty()) out += "\nthere are: " + known;
  return out;
}

}  // namespace capmap
