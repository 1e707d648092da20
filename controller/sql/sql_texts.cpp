#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "controller/sql/sql_functions.hpp"
#include "controller/sql/sql_limits.hpp"
#include "controller/sql/wildcards.hpp"

namespace capmap {
namespace {

const SqlDeadline& deadline_of(sqlite3_context* context) {
  return *static_cast<const SqlDeadline*>(sqlite3_user_data(context));
}

/// False: the statement has had its time, or an argument is null; then the result is set.
bool may_go_on(sqlite3_context* context, int count, sqlite3_value** values) {
  if (deadline_of(context).passed()) {
    sqlite3_result_error_code(context, SQLITE_INTERRUPT);
    return false;
  }
  return std::none_of(values, values + count, [](sqlite3_value* value) { return sqlite3_value_type(value) == SQLITE_NULL; });
}

std::string_view text_of(sqlite3_value* value) {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text == nullptr ? std::string_view() : std::string_view(text, static_cast<std::size_t>(sqlite3_value_bytes(value)));
}

void put_text(sqlite3_context* context, std::string_view text) {
  sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

/// X LIKE Y is like(Y, X).
void like(sqlite3_context* context, int count, sqlite3_value** values) {
  if (!may_go_on(context, count, values)) return;
  const auto pattern = text_of(values[0]), text = text_of(values[1]);
  if (pattern.size() > kMaxSqlPatternBytes) return sqlite3_result_error(context, "like: a pattern may have at most 256 bytes", -1);
  const auto escape = count == 3 ? text_of(values[2]) : std::string_view();
  if (count == 3 && (escape.size() != 1 || static_cast<unsigned char>(escape[0]) >= 0x80)) {
    return sqlite3_result_error(context, "like: ESCAPE takes one ASCII character", -1);
  }
  sqlite3_result_int(context, is_like(text, pattern, escape.empty() ? '\0' : escape[0]) ? 1 : 0);
}

void glob(sqlite3_context* context, int count, sqlite3_value** values) {
  if (!may_go_on(context, count, values)) return;
  const auto pattern = text_of(values[0]), text = text_of(values[1]);
  if (pattern.size() > kMaxSqlPatternBytes) return sqlite3_result_error(context, "glob: a pattern may have at most 256 bytes", -1);
  sqlite3_result_int(context, is_glob(text, pattern) ? 1 : 0);
}

void instr(sqlite3_context* context, int count, sqlite3_value** values) {
  if (!may_go_on(context, count, values)) return;
  const auto text = text_of(values[0]), part = text_of(values[1]);
  const auto found = find_text(text, part, 0);
  if (found == std::string_view::npos) return sqlite3_result_int(context, 0);
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };  // counted in characters
  sqlite3_result_int64(context, 1 + std::count_if(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(found), begins));
}

void replace(sqlite3_context* context, int count, sqlite3_value** values) {
  if (!may_go_on(context, count, values)) return;
  const auto text = text_of(values[0]), part = text_of(values[1]), with = text_of(values[2]);
  if (part.empty()) return put_text(context, text);
  std::string out;
  for (std::size_t at = 0;;) {
    const auto found = find_text(text, part, at);
    out += text.substr(at, found == std::string_view::npos ? found : found - at);
    if (out.size() > static_cast<std::size_t>(kMaxSqlValueBytes)) return sqlite3_result_error_toobig(context);
    if (found == std::string_view::npos) break;
    out += with;
    at = found + part.size();
  }
  put_text(context, out);
}

/// trim(X), trim(X, Y): characters of Y, or blanks, off the ends.
template <bool kLeft, bool kRight>
void trim(sqlite3_context* context, int count, sqlite3_value** values) {
  if (!may_go_on(context, count, values)) return;
  const auto of = count == 2 ? text_of(values[1]) : std::string_view(" ");
  if (of.size() > kMaxSqlPatternBytes) return sqlite3_result_error(context, "trim: takes at most 256 bytes of characters", -1);
  put_text(context, trimmed(text_of(values[0]), of, kLeft, kRight));
}

struct Function {
  const char* name;
  int arguments;
  void (*call)(sqlite3_context*, int, sqlite3_value**);
};
constexpr std::array kFunctions = {Function{"like", 2, like},
                                   Function{"like", 3, like},
                                   Function{"glob", 2, glob},
                                   Function{"instr", 2, instr},
                                   Function{"replace", 3, replace},
                                   Function{"trim", 1, trim<true, true>},
                                   Function{"trim", 2, trim<true, true>},
                                   Function{"ltrim", 1, trim<true, false>},
                                   Function{"ltrim", 2, trim<true, false>},
                                   Function{"rtrim", 1, trim<false, true>},
                                   Function{"rtrim", 2, trim<false, true>}};

}  // namespace

Result<Done> add_sql_texts(sqlite3* connection, const SqlDeadline& deadline) {
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  // SQLite hands back what it was given, and never writes to it.
  auto* const given = const_cast<SqlDeadline*>(&deadline);
  for (const auto& one : kFunctions) {
    if (sqlite3_create_function_v2(connection, one.name, one.arguments, kFlags, given, one.call, nullptr, nullptr, nullptr) == SQLITE_OK) {
      continue;
    }
    return Error{ErrorCode::kUnavailable, std::string(one.name) + "() could not be added to SQLite: " + sqlite3_errmsg(connection)};
  }
  return Done{};
}

}  // namespace capmap
