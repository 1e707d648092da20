#include "controller/sql/sql_guard.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <utility>

#include "controller/sql/sql_limits.hpp"

namespace capmap {
namespace {

constexpr std::string_view kReadOnly = "this reads and changes nothing: begin with SELECT, WITH or VALUES";

/// What a statement would do, as people say it. SELECT, READ, FUNCTION and RECURSIVE are judged apart.
struct Action {
  int code;
  const char* words;
};
constexpr std::array kActions = {Action{SQLITE_INSERT, "INSERT"},
                                 Action{SQLITE_UPDATE, "UPDATE"},
                                 Action{SQLITE_DELETE, "DELETE"},
                                 Action{SQLITE_ATTACH, "ATTACH"},
                                 Action{SQLITE_DETACH, "DETACH"},
                                 Action{SQLITE_PRAGMA, "PRAGMA"},
                                 Action{SQLITE_TRANSACTION, "a transaction"},
                                 Action{SQLITE_SAVEPOINT, "SAVEPOINT"},
                                 Action{SQLITE_CREATE_TABLE, "CREATE TABLE"},
                                 Action{SQLITE_CREATE_TEMP_TABLE, "CREATE TEMP TABLE"},
                                 Action{SQLITE_CREATE_INDEX, "CREATE INDEX"},
                                 Action{SQLITE_CREATE_TEMP_INDEX, "CREATE INDEX"},
                                 Action{SQLITE_CREATE_VIEW, "CREATE VIEW"},
                                 Action{SQLITE_CREATE_TEMP_VIEW, "CREATE TEMP VIEW"},
                                 Action{SQLITE_CREATE_TRIGGER, "CREATE TRIGGER"},
                                 Action{SQLITE_CREATE_TEMP_TRIGGER, "CREATE TEMP TRIGGER"},
                                 Action{SQLITE_CREATE_VTABLE, "CREATE VIRTUAL TABLE"},
                                 Action{SQLITE_DROP_TABLE, "DROP TABLE"},
                                 Action{SQLITE_DROP_TEMP_TABLE, "DROP TABLE"},
                                 Action{SQLITE_DROP_VIEW, "DROP VIEW"},
                                 Action{SQLITE_DROP_INDEX, "DROP INDEX"},
                                 Action{SQLITE_DROP_TRIGGER, "DROP TRIGGER"},
                                 Action{SQLITE_DROP_VTABLE, "DROP TABLE"},
                                 Action{SQLITE_ALTER_TABLE, "ALTER TABLE"},
                                 Action{SQLITE_REINDEX, "REINDEX"},
                                 Action{SQLITE_ANALYZE, "ANALYZE"}};

/// What only computes, in time that grows with what it is given. Not here: what loads, sets or makes large things of small ones.
constexpr std::array kFunctions = {"->",
                                   "->>",
                                   "abs",
                                   "acos",
                                   "acosh",
                                   "asin",
                                   "asinh",
                                   "atan",
                                   "atan2",
                                   "atanh",
                                   "avg",
                                   "ceil",
                                   "ceiling",
                                   "char",
                                   "coalesce",
                                   "cos",
                                   "cosh",
                                   "count",
                                   "cume_dist",
                                   "current_date",
                                   "current_time",
                                   "current_timestamp",
                                   "date",
                                   "datetime",
                                   "degrees",
                                   "dense_rank",
                                   "exp",
                                   "first_value",
                                   "floor",
                                   "format",
                                   "glob",
                                   "group_concat",
                                   "hex",
                                   "ifnull",
                                   "iif",
                                   "instr",
                                   "json",
                                   "json_array",
                                   "json_array_length",
                                   "json_extract",
                                   "json_group_array",
                                   "json_group_object",
                                   "json_object",
                                   "json_quote",
                                   "json_type",
                                   "json_valid",
                                   "julianday",
                                   "lag",
                                   "last_value",
                                   "lead",
                                   "length",
                                   "like",
                                   "likely",
                                   "ln",
                                   "log",
                                   "log10",
                                   "log2",
                                   "lower",
                                   "ltrim",
                                   "max",
                                   "min",
                                   "mod",
                                   "nth_value",
                                   "ntile",
                                   "nullif",
                                   "percent_rank",
                                   "pi",
                                   "pow",
                                   "power",
                                   "printf",
                                   "quote",
                                   "radians",
                                   "rank",
                                   "replace",
                                   "round",
                                   "row_number",
                                   "rtrim",
                                   "sign",
                                   "sin",
                                   "sinh",
                                   "sqrt",
                                   "strftime",
                                   "substr",
                                   "substring",
                                   "sum",
                                   "sum_exact",
                                   "tan",
                                   "tanh",
                                   "time",
                                   "total",
                                   "trim",
                                   "trunc",
                                   "typeof",
                                   "unicode",
                                   "unixepoch",
                                   "unlikely",
                                   "upper"};

std::string lower(const char* text) {
  std::string out(text == nullptr ? "" : text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

void set(sqlite3* connection, int what, int value) {
  sqlite3_db_config(connection, what, value, nullptr);
}

}  // namespace

SqlPlace place_in(std::string_view sql, std::size_t byte) {
  SqlPlace place;
  for (const char c : sql.substr(0, byte)) {
    if (c == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
      ++place.column;
    }
  }
  return place;
}

const std::vector<std::string>& SqlGuard::functions() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names(kFunctions.begin(), kFunctions.end());
    std::ranges::sort(names);
    return names;
  }();
  return all;
}

void SqlGuard::limit(sqlite3* connection) {
  set(connection, SQLITE_DBCONFIG_DEFENSIVE, 1);
  set(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0);
  set(connection, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0);
  set(connection, SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0);
  set(connection, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0);
  set(connection, SQLITE_DBCONFIG_DQS_DML, 0);
  set(connection, SQLITE_DBCONFIG_DQS_DDL, 0);
  constexpr std::array<std::pair<int, int>, 11> kLimits = {{{SQLITE_LIMIT_LENGTH, kMaxSqlValueBytes},
                                                            {SQLITE_LIMIT_SQL_LENGTH, static_cast<int>(kMaxSqlBytes)},
                                                            {SQLITE_LIMIT_COLUMN, kMostSqlColumns},
                                                            {SQLITE_LIMIT_EXPR_DEPTH, kMaxSqlDepth},
                                                            {SQLITE_LIMIT_COMPOUND_SELECT, kMostSqlCompounds},
                                                            {SQLITE_LIMIT_VDBE_OP, kMostSqlSteps},
                                                            {SQLITE_LIMIT_FUNCTION_ARG, kMostSqlArguments},
                                                            {SQLITE_LIMIT_ATTACHED, 0},
                                                            {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, kMaxSqlPatternBytes},
                                                            {SQLITE_LIMIT_VARIABLE_NUMBER, 0},
                                                            {SQLITE_LIMIT_TRIGGER_DEPTH, 1}}};
  for (const auto& [what, most] : kLimits) sqlite3_limit(connection, what, most);
}

/// The library calls these.
struct SqlGuardCalls {
  static int authorize(void* guard, int action, const char* first, const char* second, const char*, const char*) {
    return static_cast<SqlGuard*>(guard)->judge(action, first, second);
  }
  static int progress(void* given) {
    auto& guard = *static_cast<SqlGuard*>(given);
    guard.out_of_time_ = guard.out_of_time_ || guard.deadline_.passed();
    return guard.out_of_time_ ? 1 : 0;
  }
};

void SqlGuard::watch(sqlite3* connection) {
  const auto note = [](void* modules, int, char** values, char**) {
    static_cast<std::set<std::string>*>(modules)->insert(lower(values[0]));
    return 0;
  };
  sqlite3_exec(connection, "SELECT name FROM pragma_module_list", note, &modules_, nullptr);
  sqlite3_set_authorizer(connection, SqlGuardCalls::authorize, this);
  sqlite3_progress_handler(connection, kSqlLookEvery, SqlGuardCalls::progress, this);
}

int SqlGuard::refuse(std::string what, std::string_view fix, const char* name) {
  if (!refused_) {
    refused_ = SqlRefusal{.word = "refused-sql", .detail = std::move(what) + " is refused: " + std::string(fix), .place = std::nullopt};
    refused_name_ = name == nullptr ? "" : name;
  }
  return SQLITE_DENY;
}

int SqlGuard::judge(int action, const char* first, const char* second) {
  out_of_time_ = out_of_time_ || deadline_.passed();  // a statement may take its time before it runs, too
  if (out_of_time_) return SQLITE_DENY;
  if (action == SQLITE_SELECT || action == SQLITE_RECURSIVE) return SQLITE_OK;
  if (action == SQLITE_READ) {
    const auto table = lower(first);
    if (tables_.contains(table)) {
      read_.insert(table);
      return SQLITE_OK;
    }
    // No column of it is wanted: then it may be what a WITH clause of the statement itself names, unless something of SQLite's has the
    // name.
    const bool no_column = second == nullptr || *second == '\0';
    if (no_column && !table.starts_with("sqlite_") && !table.starts_with("pragma_") && !modules_.contains(table)) return SQLITE_OK;
    return refuse("table \"" + table + "\"", "GET /v1/sql (capmapctl sql .tables) lists those that may be read", first);
  }
  if (action == SQLITE_FUNCTION) {
    const auto name = lower(second);
    if (std::ranges::binary_search(functions(), name)) return SQLITE_OK;
    refuse("function " + name + "()", "these may be called", second);
    if (refused_->known.empty()) refused_->known = functions();
    return SQLITE_DENY;
  }
  // Tables are made and dropped by changes of SQLite's own table of them.
  if (lower(first).starts_with("sqlite_")) return refuse("a change of tables", kReadOnly, nullptr);
  const auto* const found = std::ranges::find(kActions, action, &Action::code);
  return refuse(found == kActions.end() ? "this" : found->words, kReadOnly, nullptr);
}

}  // namespace capmap
