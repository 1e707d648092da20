#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/csv.hpp"
#include "common/result.hpp"

namespace capmap {

/// Nothing when the header is exactly these names, with commas between them. Errors: kMalformed as "file:1: …".
std::optional<Error> check_columns(const CsvTable& table, const char* expected);

/// A text in double quotes, for messages.
std::string in_quotes(std::string_view text);

/// Reads the cells of one row by column name and remembers the first that is wrong as "file:line: column: why", so that a row's parser is
/// a list of its fields. The table, whose columns were checked, and the row are borrowed. One thread.
class CsvRowReader {
 public:
  CsvRowReader(const CsvTable& table, const CsvRow& row) : table_(table), row_(row) {}

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  void refuse(std::string_view column, const std::string& why);
  [[nodiscard]] const std::string& text(std::string_view column) const;
  /// Refused when it is empty.
  const std::string& required(std::string_view column);
  /// A whole decimal from least to most; empty stays absent.
  std::optional<std::uint32_t> number(std::string_view column, std::uint32_t least, std::uint32_t most);

 private:
  const CsvTable& table_;
  const CsvRow& row_;
  std::optional<Error> error_;
};

}  // namespace capmap
