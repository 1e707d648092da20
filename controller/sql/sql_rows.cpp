#include "controller/sql/sql_rows.hpp"

#include <sqlite3.h>

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/sql/csv_text.hpp"

namespace capmap {
namespace {

using Json = nlohmann::json;
constexpr std::int64_t kMostExact = std::int64_t{1} << 53;

std::string text_of(sqlite3_stmt* statement, int column) {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return text == nullptr ? std::string() : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

std::string hex_of(sqlite3_stmt* statement, int column) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto* const bytes = static_cast<const unsigned char*>(sqlite3_column_blob(statement, column));
  const int count = sqlite3_column_bytes(statement, column);
  std::string out;
  for (int i = 0; i < count; ++i) {
    out += kDigits[bytes[i] >> 4U];
    out += kDigits[bytes[i] & 0xFU];
  }
  return out;
}

std::string real_of(double value) {
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return Json(value).dump();
}

std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string json_of(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: {
      const auto value = sqlite3_column_int64(statement, column);
      const auto digits = std::to_string(value);
      return value > kMostExact || value < -kMostExact ? "\"" + digits + "\"" : digits;
    }
    case SQLITE_FLOAT: {
      const double value = sqlite3_column_double(statement, column);
      return std::isfinite(value) ? real_of(value) : "\"" + real_of(value) + "\"";
    }
    case SQLITE_TEXT: return quoted(text_of(statement, column));
    case SQLITE_BLOB: return "\"" + hex_of(statement, column) + "\"";
    default: return "null";
  }
}

/// A real number that is whole stands there with all its digits, where they are its own.
std::string field_of(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_FLOAT: {
      const double value = sqlite3_column_double(statement, column);
      if (std::abs(value) <= static_cast<double>(kMostExact) && value == std::trunc(value))
        return std::to_string(static_cast<std::int64_t>(value));
      return real_of(value);
    }
    case SQLITE_BLOB: return hex_of(statement, column);
    default: return text_of(statement, column);
  }
}

}  // namespace

SqlRows::SqlRows(std::vector<std::string> columns, bool csv) : columns_(std::move(columns)), csv_(csv) {
  text_ = csv_ ? CsvText(columns_).text() : "[";
}

void SqlRows::add(sqlite3_stmt* statement) {
  const int width = static_cast<int>(columns_.size());
  if (csv_) {
    std::vector<std::string> fields;
    for (int i = 0; i < width; ++i) fields.push_back(field_of(statement, i));
    text_ += CsvText(fields).text();
  } else {
    text_ += count_ == 0 ? "[" : ",[";
    for (int i = 0; i < width; ++i) {
      if (i > 0) text_ += ',';
      text_ += json_of(statement, i);
    }
    text_ += ']';
  }
  ++count_;
}

std::string SqlRows::take() {
  if (!csv_) text_ += ']';
  return std::move(text_);
}

}  // namespace capmap
