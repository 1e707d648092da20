#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace capmap {

/// Why a statement has no answer.
struct SqlRefusal {
  /// bad-sql      it does not say what it could mean: syntax, names that are not there
  /// refused-sql  it would do something else than read the tables that there are
  /// sql-limit    it would take more than one statement may; `limit` says what of: time, memory, answer, size
  /// unavailable  the map did not answer
  std::string word;
  std::string detail;                ///< what, and what would be right
  std::optional<std::size_t> place;  ///< byte of the text, from 0
  std::vector<std::string> known{};  ///< words that would have been understood
  std::string limit{};
};

/// Where that byte stands as people count: line and column from 1, columns in characters.
struct SqlPlace {
  std::size_t line = 1, column = 1;
};
SqlPlace place_in(std::string_view sql, std::size_t byte);

}  // namespace capmap
