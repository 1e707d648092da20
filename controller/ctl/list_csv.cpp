#include "controller/ctl/list_csv.hpp"

#include <nlohmann/json.hpp>

#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

constexpr int kMostDepth = 4;

std::string text_of(const ApiJson& value, int depth) {
  if (value.is_null() || depth == kMostDepth) return {};
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump(-1, ' ', false, ApiJson::error_handler_t::replace);
  std::string text;
  for (const auto& each : value) text += (text.empty() ? "" : "; ") + text_of(each, depth + 1);
  return text;
}

}  // namespace

std::string value_text(const ApiJson& row, const char* at) {
  const ApiJson::json_pointer place(at);
  return row.is_structured() && row.contains(place) ? text_of(row.at(place), 0) : std::string();
}

std::string list_csv(const ApiJson& rows, std::span<const ListColumn> columns) {
  std::string text;
  for (const auto& column : columns) text += (&column == &columns.front() ? "" : ",") + csv_field(column.title);
  text += "\r\n";
  for (const auto& row : rows) {
    for (const auto& column : columns) text += (&column == &columns.front() ? "" : ",") + csv_field(value_text(row, column.at));
    text += "\r\n";
  }
  return text;
}

}  // namespace capmap
