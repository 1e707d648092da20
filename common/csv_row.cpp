#include "common/csv_row.hpp"

#include <algorithm>
#include <charconv>

#include "common/check.hpp"

namespace capmap {

std::optional<Error> check_columns(const CsvTable& table, const char* expected) {
  std::string names;
  for (const auto& name : table.header) names += (names.empty() ? "" : ",") + name;
  if (names == expected) return std::nullopt;
  return Error{ErrorCode::kMalformed, table.file + ":1: the columns are not " + expected};
}

std::string in_quotes(std::string_view text) {
  std::string in_quotes(1, '"');
  in_quotes.append(text);
  in_quotes += '"';
  return in_quotes;
}

void CsvRowReader::refuse(std::string_view column, const std::string& why) {
  if (error_) return;
  const auto place = table_.file + ":" + std::to_string(row_.line) + ": " + std::string(column) + ": ";
  error_ = Error{ErrorCode::kMalformed, place + why};
}

const std::string& CsvRowReader::text(std::string_view column) const {
  const auto at = std::find(table_.header.begin(), table_.header.end(), column);
  check(at != table_.header.end(), "a column outside the header that was checked");
  return row_.cells[static_cast<std::size_t>(at - table_.header.begin())];
}

const std::string& CsvRowReader::required(std::string_view column) {
  const auto& cell = text(column);
  if (cell.empty()) refuse(column, "is empty");
  return cell;
}

std::optional<std::uint32_t> CsvRowReader::number(std::string_view column, std::uint32_t least, std::uint32_t most) {
  const auto& cell = text(column);
  if (cell.empty()) return std::nullopt;
  std::uint32_t value = 0;
  const auto [stop, failure] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (failure != std::errc{} || stop != cell.data() + cell.size() || value < least || value > most) {
    refuse(column, in_quotes(cell) + " is not a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
  }
  return value;
}

}  // namespace capmap
