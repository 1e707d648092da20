// An answer of the API as CSV: the one table that it holds.
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <vector>

#include "controller/ctl/output.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxColumns = 4'096;

bool is_table(const ApiJson& value) {
  return value.is_array() && !value.empty() && value.front().is_object();
}

std::string plain(const ApiJson& value) {
  if (value.is_null()) return {};
  return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, ApiJson::error_handler_t::replace);
}

std::string list_field(const ApiJson& list) {
  if (is_table(list)) return plain(list);
  std::string text;
  for (const auto& value : list) text += (text.empty() ? "" : ";") + plain(value);
  return text;
}

/// Columns in the order in which they are first met.
struct Columns {
  std::vector<std::string> names;
  std::unordered_map<std::string, std::size_t> places;

  std::size_t place_of(const std::string& name) {
    const auto [found, added] = places.try_emplace(name, names.size());
    if (added) names.push_back(name);
    return found->second;
  }
};

using Row = std::vector<std::string>;

void fill(const ApiJson& object, const std::string& prefix, Columns& columns, Row& row) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object() && !value.empty()) {
      fill(value, prefix + key + ".", columns, row);
      continue;
    }
    const auto place = columns.place_of(prefix + key);
    if (place >= kMaxColumns) continue;
    if (row.size() <= place) row.resize(place + 1);
    row[place] = value.is_array() ? list_field(value) : value.is_object() ? std::string() : plain(value);
  }
}

std::string line_of(const Row& fields, std::size_t columns) {
  std::string line;
  for (std::size_t i = 0; i < columns; ++i) {
    if (i != 0) line += ',';
    if (i < fields.size()) line += csv_field(fields[i]);
  }
  return line + "\r\n";
}

}  // namespace

Result<std::string> csv_of(const ApiJson& answer) {
  if (!answer.is_object()) return Error{ErrorCode::kMalformed, "this command's answer is no table: -o json or -o yaml"};
  const ApiJson* rows = nullptr;
  bool empty_list = false;
  for (const auto& [key, value] : answer.items()) {
    if (rows == nullptr && is_table(value)) rows = &value;
    empty_list = empty_list || (value.is_array() && value.empty());
  }
  if (rows == nullptr && empty_list) return std::string();  // a list of which nothing is there has no columns either
  Columns columns;
  std::vector<Row> table;
  if (rows == nullptr) {
    fill(answer, "", columns, table.emplace_back());
  } else {
    for (const auto& entry : *rows) {
      if (entry.is_object()) fill(entry, "", columns, table.emplace_back());
    }
  }
  if (columns.names.size() > kMaxColumns) {
    return Error{ErrorCode::kMalformed, "the answer has over " + std::to_string(kMaxColumns) + " columns: -o json or -o yaml"};
  }
  std::string text = line_of(columns.names, columns.names.size());
  for (const auto& row : table) text += line_of(row, columns.names.size());
  return text;
}

}  // namespace capmap
