#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "controller/sql/sql_refusal.hpp"
#include "controller/sql/sql_table.hpp"

struct sqlite3;

namespace capmap {

class SqlGuard;

/// Where a word stands in the text, whatever its case; nothing: nowhere.
std::optional<std::size_t> find_sql_word(std::string_view sql, std::string_view word);

/// A statement that ended without its rows, and everything that may tell why.
struct SqlEnd {
  const std::string& sql;
  int code = 0;
  sqlite3* connection = nullptr;
  const SqlGuard* guard = nullptr;  ///< null: it was not set yet
  const Error* failure = nullptr;   ///< of a table; null: none
  bool out_of_time = false;
  std::uint32_t most_ms = 0;
  const std::map<std::string, std::unique_ptr<SqlTable>>& tables;  ///< those that the text names
  std::vector<std::string> known;                                  ///< all there are
};
/// The reason, with its place and what would be right.
SqlRefusal sql_complaint(const SqlEnd& end);
SqlRefusal sql_answer_too_large(std::size_t most_bytes);

}  // namespace capmap
