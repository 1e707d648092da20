#include "controller/sql/sql_complaint.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "controller/sql/sql_guard.hpp"
#include "controller/sql/sql_limits.hpp"

namespace capmap {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
bool is_word(char c) {
  return lower(c) != c || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/// The first thing in the text that is neither blank nor comment, as far as blanks go.
std::size_t first_place(std::string_view sql) {
  const auto at = sql.find_first_not_of(" \t\r\n;(");
  return at == std::string_view::npos ? 0 : at;
}

SqlRefusal limit(std::string what, std::string detail) {
  return {.word = "sql-limit", .detail = std::move(detail), .place = std::nullopt, .limit = std::move(what)};
}

/// Columns of the tables that the text names.
std::vector<std::string> columns_near(const SqlEnd& end) {
  std::set<std::string> named;
  for (const auto& [name, table] : end.tables) {
    for (const auto& column : table->columns()) named.insert(column.name);
  }
  return {named.begin(), named.end()};
}

std::optional<std::size_t> error_place(const SqlEnd& end) {
#if SQLITE_VERSION_NUMBER >= 3038000
  if (const int at = sqlite3_error_offset(end.connection); at >= 0) return static_cast<std::size_t>(at);
#endif
  return std::nullopt;
}

SqlRefusal wrong_words(const SqlEnd& end) {
  const std::string message = sqlite3_errmsg(end.connection);
  SqlRefusal refusal{.word = "bad-sql", .detail = message, .place = error_place(end)};
  const auto begins = [&message](std::string_view front) { return message.starts_with(front); };
  const auto name = [&message] { return message.substr(message.rfind(' ') + 1); };
  if (begins("no such table: ")) {
    refusal.known = end.known;
    if (!refusal.place) refusal.place = find_sql_word(end.sql, name());
  } else if (begins("no such column: ")) {
    refusal.known = columns_near(end);
    if (!refusal.place) refusal.place = find_sql_word(end.sql, name());
    refusal.detail += " (a text stands in single quotes)";
  } else if (begins("no such function: ")) {
    refusal.known = SqlGuard::functions();
    if (!refusal.place) refusal.place = find_sql_word(end.sql, name());
  } else if (message.find("variable") != std::string::npos) {
    refusal.detail = "there are no parameters: write values into the statement";
    refusal.place = end.sql.find_first_of("?:@$");
    if (*refusal.place == std::string::npos) refusal.place = std::nullopt;
  } else {
    constexpr std::array kTooLarge = {"too many", "too large", "at most", "too big", "stack overflow", "too long", "too deep"};
    if (std::ranges::any_of(kTooLarge, [&](const char* words) { return message.find(words) != std::string::npos; })) {
      refusal.word = "sql-limit";
      refusal.limit = "size";
    }
  }
  return refusal;
}

}  // namespace

std::optional<std::size_t> find_sql_word(std::string_view sql, std::string_view word) {
  if (word.empty()) return std::nullopt;
  for (std::size_t at = 0; at + word.size() <= sql.size(); ++at) {
    const bool here = std::equal(word.begin(), word.end(), sql.begin() + static_cast<std::ptrdiff_t>(at),
                                 [](char a, char b) { return lower(a) == lower(b); });
    const bool begins = at == 0 || !is_word(sql[at - 1]);
    const auto end = at + word.size();
    if (here && begins && (end == sql.size() || !is_word(sql[end]))) return at;
  }
  return std::nullopt;
}

SqlRefusal sql_answer_too_large(std::size_t most_bytes) {
  return limit("answer",
               "the answer has more than " + std::to_string(most_bytes) + " bytes: ask for fewer columns or rows, or sum them up");
}

SqlRefusal sql_complaint(const SqlEnd& end) {
  const bool timed_out = end.out_of_time || (end.guard != nullptr && end.guard->out_of_time());
  if (timed_out) {
    return limit("time", "ended after " + std::to_string(end.most_ms) +
                             " ms: ask for less, join by site, id or region, or ask cells instead of nodes and devices");
  }
  if (end.guard != nullptr && end.guard->refused()) {
    SqlRefusal refusal = *end.guard->refused();
    refusal.place = find_sql_word(end.sql, end.guard->refused_name());
    if (!refusal.place) refusal.place = first_place(end.sql);
    return refusal;
  }
  if (end.failure != nullptr) return {.word = "unavailable", .detail = end.failure->what, .place = std::nullopt};
  switch (end.code & 0xFF) {
    case SQLITE_NOMEM:
      return limit("memory", "it needs more than " + std::to_string(kMostSqlMemoryBytes) +
                                 " bytes of memory: sort and group less, or sum up before you sort");
    case SQLITE_TOOBIG: return limit("size", "a text or blob of it has more than " + std::to_string(kMaxSqlValueBytes) + " bytes");
    default: return wrong_words(end);
  }
}

}  // namespace capmap
