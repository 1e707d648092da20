#include "controller/sql/sql_run.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "controller/sql/attached_table.hpp"
#include "controller/sql/counted_table.hpp"
#include "controller/sql/sql_complaint.hpp"
#include "controller/sql/sql_functions.hpp"
#include "controller/sql/sql_guard.hpp"
#include "controller/sql/sql_memory.hpp"
#include "controller/sql/sql_rows.hpp"
#include "controller/sql/sql_words.hpp"
#include "controller/sql/virtual_table.hpp"

namespace capmap {
namespace {

using Connection = std::unique_ptr<sqlite3, decltype(&sqlite3_close_v2)>;
using Prepared = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;
constexpr std::size_t kRowsBetweenLooks = 256;

/// One statement, from its text to its last row.
class SqlRun {
 public:
  SqlRun(const SqlQuestion& question, const SqlSources& sources)
      : question_(question),
        sources_(sources),
        begun_ms_(sources.clock.boot_ms()),
        deadline_{.clock = sources.clock, .until_boot_ms = begun_ms_ + question.most_ms, .stop = sources.stop},
        scene_(sources.view, sources.chips, question.principal, question.exact, begun_ms_),
        nodes_(sources.nodes, scene_, deadline_.until_boot_ms) {}

  std::variant<SqlRefusal, SqlAnswer> run();

 private:
  std::optional<SqlRefusal> open();
  std::optional<SqlRefusal> attach();
  std::optional<SqlRefusal> prime(const std::string& name);
  std::optional<SqlRefusal> prepare();
  std::optional<SqlRefusal> fetch(SqlRows& rows);
  /// The one row of a statement that only counts a table, where the table knows. False: it is to be run.
  std::variant<SqlRefusal, bool> count(SqlRows& rows);
  /// What the connection last complained of.
  SqlRefusal complaint(int code);

  const SqlQuestion& question_;
  const SqlSources& sources_;
  std::uint64_t begun_ms_;
  SqlDeadline deadline_;
  SqlScene scene_;
  PinnedNodes nodes_;
  std::map<std::string, std::unique_ptr<SqlTable>> tables_;  ///< by name; they outlive the connection
  std::optional<Error> failure_;
  std::unique_ptr<SqlGuard> guard_;
  Connection connection_{nullptr, sqlite3_close_v2};
  Prepared statement_{nullptr, sqlite3_finalize};
  bool cut_ = false;
};

SqlRefusal unavailable(std::string what) {
  return {.word = "unavailable", .detail = std::move(what), .place = std::nullopt};
}

std::optional<SqlRefusal> SqlRun::prime(const std::string& name) {
  const auto sql = "SELECT 1 FROM " + name + " LIMIT 0";
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return std::nullopt;
  return complaint(code);
}

std::optional<SqlRefusal> SqlRun::open() {
  sqlite3* made = nullptr;
  const int code = sqlite3_open_v2(":memory:", &made, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, nullptr);
  connection_.reset(made);
  if (code != SQLITE_OK) return unavailable("SQLite could not be started for the statement: there is no memory");
  SqlGuard::limit(made);
  sqlite3_exec(made, "PRAGMA temp_store = MEMORY", nullptr, nullptr, nullptr);
  for (const auto& done : {add_sql_sums(made), add_sql_texts(made, deadline_)}) {
    if (!done) return unavailable(done.error().what);
  }
  // What the text does not name cannot be read, and need not be shown.
  const auto named = [this](const std::string& name) { return find_sql_word(question_.sql, name).has_value(); };
  for (const auto& [words, make] : sql_tables()) {
    if (named(words.name)) tables_.emplace(words.name, make(scene_, nodes_));
  }
  if (auto refused = attach()) return refused;
  std::set<std::string> names;
  for (const char* name : {"json_each", "json_tree"}) {
    if (named(name)) names.insert(name);
  }
  for (const auto& [name, table] : tables_) {
    if (const auto shown = show_table(made, name, *table, failure_); !shown) return unavailable(shown.error().what);
    names.insert(name);
  }
  for (const auto& name : names) {
    const bool takes_text = name.starts_with("json_");
    auto refused = prime(takes_text ? name + "('[]')" : sql_name(name));
    if (!refused) continue;
    if (std::ranges::find(question_.tables, name, &std::pair<std::string, std::string>::first) != question_.tables.end()) {
      refused->word = "bad-table";
      refused->detail = "tables: " + name + ": " + refused->detail;
    }
    return refused;
  }
  guard_ = std::make_unique<SqlGuard>(deadline_, std::move(names));
  guard_->watch(made);
  return std::nullopt;
}

std::optional<SqlRefusal> SqlRun::attach() {
  const auto bad = [](std::string why) { return SqlRefusal{.word = "bad-table", .detail = std::move(why), .place = std::nullopt}; };
  if (question_.tables.size() > kMostAttachedTables) {
    return bad("tables: at most " + std::to_string(kMostAttachedTables) + " may come with a statement");
  }
  for (const auto& [name, csv] : question_.tables) {
    if (const auto good = check_table_name(name); !good) return bad(good.error().what);
    if (std::ranges::any_of(sql_tables(), [&name = name](const auto& one) { return one.words.name == name; }) || tables_.contains(name) ||
        name.starts_with("sqlite") || name.starts_with("json")) {
      return bad("tables: \"" + name + "\" is the name of one that is there; call it otherwise");
    }
    auto table = attached_table(name, csv);
    if (!table) return bad("tables: " + table.error().what);
    tables_.emplace(name, std::move(*table));
  }
  return std::nullopt;
}

SqlRefusal SqlRun::complaint(int code) {
  std::vector<std::string> known;
  for (const auto& one : sql_tables()) known.push_back(one.words.name);
  for (const auto& one : question_.tables) known.push_back(one.first);
  return sql_complaint({.sql = question_.sql,
                        .code = code,
                        .connection = connection_.get(),
                        .guard = guard_.get(),
                        .failure = failure_ ? &*failure_ : nullptr,
                        .out_of_time = deadline_.passed(),
                        .most_ms = question_.most_ms,
                        .tables = tables_,
                        .known = std::move(known)});
}

std::optional<SqlRefusal> SqlRun::prepare() {
  const auto& sql = question_.sql;
  const char* rest = nullptr;
  sqlite3_stmt* made = nullptr;
  const int code = sqlite3_prepare_v2(connection_.get(), sql.c_str(), static_cast<int>(sql.size() + 1), &made, &rest);
  statement_.reset(made);
  if (code != SQLITE_OK) return complaint(code);
  if (made == nullptr)
    return SqlRefusal{.word = "bad-sql", .detail = "there is no statement: begin with SELECT, WITH or VALUES", .place = 0};
  while (*rest != '\0') {
    const auto place = static_cast<std::size_t>(rest - sql.c_str());
    const char* behind = rest;
    sqlite3_stmt* another = nullptr;
    const int next = sqlite3_prepare_v2(connection_.get(), rest, -1, &another, &behind);
    const Prepared owned(another, sqlite3_finalize);
    if (next == SQLITE_OK && another == nullptr && behind != rest) {
      rest = behind;  // blanks and comments
      continue;
    }
    return SqlRefusal{.word = "refused-sql", .detail = "one statement at a time: a second one begins here", .place = place};
  }
  if (sqlite3_stmt_readonly(made) == 0 || sqlite3_column_count(made) == 0) {
    return SqlRefusal{.word = "refused-sql", .detail = "this reads and changes nothing: begin with SELECT, WITH or VALUES", .place = 0};
  }
  return std::nullopt;
}

std::optional<SqlRefusal> SqlRun::fetch(SqlRows& rows) {
  for (;;) {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_DONE) return std::nullopt;
    if (code != SQLITE_ROW) return complaint(code);
    if (rows.count() == question_.most_rows) {
      cut_ = true;
      return std::nullopt;
    }
    rows.add(statement_.get());
    if (rows.bytes() > kMostSqlAnswerBytes) return sql_answer_too_large(kMostSqlAnswerBytes);
    if (rows.count() % kRowsBetweenLooks == 0 && deadline_.passed()) return complaint(SQLITE_INTERRUPT);
  }
}

std::variant<SqlRefusal, bool> SqlRun::count(SqlRows& rows) {
  const auto name = counted_table(question_.sql);
  const auto table = name ? tables_.find(*name) : tables_.end();
  if (table == tables_.end()) return false;
  const auto counted = table->second->count();
  if (!counted) {
    failure_ = counted.error();
    return complaint(SQLITE_ABORT);
  }
  if (!*counted) return false;
  sqlite3_stmt* made = nullptr;
  const auto number = "SELECT " + std::to_string(**counted);
  sqlite3_prepare_v2(connection_.get(), number.c_str(), -1, &made, nullptr);
  const Prepared row(made, sqlite3_finalize);
  if (sqlite3_step(row.get()) != SQLITE_ROW) return false;
  rows.add(row.get());
  return true;
}

std::variant<SqlRefusal, SqlAnswer> SqlRun::run() {
  if (auto refused = open()) return *refused;
  if (auto refused = prepare()) return *refused;
  std::vector<std::string> columns;
  for (int i = 0; i < sqlite3_column_count(statement_.get()); ++i) {
    const char* const name = sqlite3_column_name(statement_.get(), i);
    columns.emplace_back(name == nullptr ? "" : name);
  }
  SqlRows rows(std::move(columns), question_.csv);
  const auto counted = count(rows);
  if (const auto* const refused = std::get_if<SqlRefusal>(&counted)) return *refused;
  if (!std::get<bool>(counted)) {
    if (auto refused = fetch(rows)) return *refused;
  }
  SqlAnswer answer;
  answer.columns = rows.columns();
  answer.count = rows.count();
  answer.rows = rows.take();
  answer.cut = cut_;
  for (const auto& name : guard_->read()) answer.read.push_back(name);
  answer.revision = scene_.view().revision;
  answer.epoch = scene_.view().epoch;
  answer.at_unix_ms = scene_.view().at_unix_ms;
  answer.elapsed_ms = sources_.clock.boot_ms() - begun_ms_;
  answer.memory_bytes = SqliteBudget::peak_bytes();
  return answer;
}

}  // namespace

std::variant<SqlRefusal, SqlAnswer> run_sql(const SqlQuestion& question, const SqlSources& sources) {
  if (const auto counted = count_sqlite_memory(); !counted) return unavailable(counted.error().what);
  if (question.sql.size() > kMaxSqlBytes) {
    return SqlRefusal{
        .word = "sql-limit",
        .detail = "sql: a statement may have at most " + std::to_string(kMaxSqlBytes) + " bytes; long lists of values come as a table",
        .place = std::nullopt,
        .limit = "size"};
  }
  if (const auto nul = question.sql.find('\0'); nul != std::string::npos) {
    return SqlRefusal{.word = "bad-sql", .detail = "sql: a NUL character stands here", .place = nul};
  }
  const SqliteBudget budget(kMostSqlMemoryBytes);
  return SqlRun(question, sources).run();
}

}  // namespace capmap
