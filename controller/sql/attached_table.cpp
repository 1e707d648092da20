#include "controller/sql/attached_table.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "common/csv.hpp"
#include "controller/sql/column_list.hpp"
#include "controller/sql/list_table.hpp"
#include "controller/sql/sql_limits.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxNameBytes = 63;
using Cells = std::vector<std::string>;

template <class Number>
bool is_number(const std::string& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

void put(const std::string& text, SqlValue& out) {
  if (text.empty()) return out.null();
  std::int64_t whole = 0;
  if (is_number(text, whole) && std::to_string(whole) == text) return out.whole(whole);
  double real = 0;
  const auto first = text.find_first_not_of("-0");
  const bool plain = text.find_first_not_of("0123456789.-+eE") == std::string::npos && text.find('.') != std::string::npos;
  const bool leading_zeros = first != std::string::npos && text[first] != '.' && text.find('0') < first;
  if (plain && !leading_zeros && is_number(text, real)) return out.real(real);
  out.lasting(text);
}

}  // namespace

Result<Done> check_table_name(std::string_view name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto good = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  if (!name.empty() && name.size() <= kMaxNameBytes && letter(name.front()) && std::ranges::all_of(name, good)) return Done{};
  return Error{ErrorCode::kMalformed,
               "tables: \"" + std::string(name) + "\" is no name of a table: 1 to 63 of a-z 0-9 _ beginning with a letter"};
}

Result<std::unique_ptr<SqlTable>> attached_table(const std::string& name, std::string_view csv) {
  auto parsed = parse_csv(
      name, csv,
      {.text_bytes = csv.size(), .rows = kMostAttachedRows, .columns = kMostAttachedColumns, .cell_bytes = kMaxAttachedCellBytes});
  if (!parsed) return parsed.error();
  ColumnList<Cells> columns;
  for (std::size_t i = 0; i < parsed->header.size(); ++i) {
    columns.add(
        parsed->header[i], "", "", [i](const Cells& cells, SqlValue& out) { put(cells[i], out); }, true);
  }
  auto rows = std::make_shared<std::vector<CsvRow>>(std::move(parsed->rows));
  const auto take = [rows] {
    std::vector<Cells> all;
    all.reserve(rows->size());
    for (auto& row : *rows) all.push_back(std::move(row.cells));
    return all;
  };
  return std::unique_ptr<SqlTable>(std::make_unique<ListTable<Cells>>(columns.take(), take));
}

}  // namespace capmap
