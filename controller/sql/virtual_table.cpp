#include "controller/sql/virtual_table.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "controller/sql/key_value.hpp"

namespace capmap {
namespace {

/// What a module is registered with.
struct Shown {
  SqlTable& table;
  std::optional<Error>& failure;
};
struct ShownTable {
  sqlite3_vtab head{};
  Shown* shown = nullptr;
};
struct Cursor {
  sqlite3_vtab_cursor head{};
  Shown* shown = nullptr;
  std::unique_ptr<SqlScan> scan{};
  bool end = true;
};

Shown& shown_of(sqlite3_vtab* table) {
  return *reinterpret_cast<ShownTable*>(table)->shown;
}
Cursor& cursor_of(sqlite3_vtab_cursor* cursor) {
  return *reinterpret_cast<Cursor*>(cursor);
}

/// Hands a value to SQLite.
class ToSqlite final : public SqlValue {
 public:
  explicit ToSqlite(sqlite3_context* context) : context_(context) {}
  void null() override { sqlite3_result_null(context_); }
  void whole(std::int64_t value) override { sqlite3_result_int64(context_, value); }
  void real(double value) override { sqlite3_result_double(context_, value); }
  void text(std::string_view value) override { put(value, SQLITE_TRANSIENT); }
  void lasting(std::string_view value) override { put(value, SQLITE_STATIC); }

 private:
  void put(std::string_view value, sqlite3_destructor_type life) {
    sqlite3_result_text64(context_, value.data(), value.size(), life, SQLITE_UTF8);
  }
  sqlite3_context* context_;
};

int connect(sqlite3* connection, void* shown, int, const char* const*, sqlite3_vtab** made, char** problem) {
  auto& table = static_cast<Shown*>(shown)->table;
  std::string declaration = "CREATE TABLE t(";
  bool first = true;
  for (const auto& column : table.columns()) {
    declaration += (first ? "" : ",") + sql_name(column.name) + " " + column.type;
    first = false;
  }
  if (const int code = sqlite3_declare_vtab(connection, (declaration + ")").c_str()); code != SQLITE_OK) {
    *problem = sqlite3_mprintf("%s", sqlite3_errmsg(connection));
    return code;
  }
  auto out = std::make_unique<ShownTable>();
  out->shown = static_cast<Shown*>(shown);
  *made = &out.release()->head;
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  delete reinterpret_cast<ShownTable*>(table);
  return SQLITE_OK;
}

constexpr double kFew = 100;  ///< rows that SQLite may as well sort itself

/// Whether the rows can come as the statement orders or groups them.
bool ordered(const SqlTable& table, const sqlite3_index_info& info, bool few) {
  if (few || info.nOrderBy <= 0) return false;
  SqlWanted wanted{.columns = info.colUsed, .equals = {}};
  for (int i = 0; i < info.nOrderBy; ++i) {
    if (info.aOrderBy[i].desc != 0 || info.aOrderBy[i].iColumn < 0) return false;
    wanted.order.push_back(static_cast<std::size_t>(info.aOrderBy[i].iColumn));
  }
  return table.orders(wanted);
}

/// idxStr: the columns that are used, behind a colon each those that a value is given for, behind a comma each those that rows ascend by:
/// "ff:3:17,4".
int best_index(sqlite3_vtab* vtab, sqlite3_index_info* info) {
  auto& table = shown_of(vtab).table;
  const auto columns = table.columns();
  double cost = table.rows(), rows = cost;
  std::string plan;
  int given = 0;
  // The cheapest one stands first: a list looks up by one alone.
  std::optional<std::pair<double, int>> best;
  const auto fits = [&](int i) {
    const auto& constraint = info->aConstraint[i];
    return constraint.usable != 0 && constraint.op == SQLITE_INDEX_CONSTRAINT_EQ && constraint.iColumn >= 0 &&
           columns[static_cast<std::size_t>(constraint.iColumn)].key && sqlite3_stricmp(sqlite3_vtab_collation(info, i), "BINARY") == 0;
  };
  const auto use = [&](int i) {
    info->aConstraintUsage[i].argvIndex = ++given;
    plan += ":" + std::to_string(info->aConstraint[i].iColumn);
  };
  for (int i = 0; i < info->nConstraint; ++i) {
    if (!fits(i)) continue;
    const auto column = static_cast<std::size_t>(info->aConstraint[i].iColumn);
    rows = std::min(rows, table.rows_of(column));
    if (const double by_it = table.cost_of(column); !best || by_it < best->first) best = {by_it, i};
  }
  if (best) {
    use(best->second);
    cost = std::min(cost, best->first);
  }
  for (int i = 0; i < info->nConstraint; ++i) {
    if (fits(i) && i != best->second) use(i);
  }
  if (ordered(table, *info, best && table.rows_of(static_cast<std::size_t>(info->aConstraint[best->second].iColumn)) <= kFew)) {
    for (int i = 0; i < info->nOrderBy; ++i) plan += "," + std::to_string(info->aOrderBy[i].iColumn);
    info->orderByConsumed = 1;
  }
  std::array<char, 17> used{};
  const auto end = std::to_chars(used.data(), used.data() + used.size(), info->colUsed, 16).ptr;
  info->idxStr = sqlite3_mprintf("%.*s%s", static_cast<int>(end - used.data()), used.data(), plan.c_str());
  if (info->idxStr == nullptr) return SQLITE_NOMEM;
  info->needToFreeIdxStr = 1;
  info->estimatedCost = cost;
  info->estimatedRows = static_cast<sqlite3_int64>(rows);
  return SQLITE_OK;
}

int open_cursor(sqlite3_vtab* table, sqlite3_vtab_cursor** made) {
  auto cursor = std::make_unique<Cursor>();
  cursor->shown = &shown_of(table);
  *made = &cursor.release()->head;
  return SQLITE_OK;
}

int close_cursor(sqlite3_vtab_cursor* cursor) {
  delete reinterpret_cast<Cursor*>(cursor);
  return SQLITE_OK;
}

int next_row(sqlite3_vtab_cursor* at) {
  auto& cursor = cursor_of(at);
  cursor.end = !cursor.scan->next();
  if (!cursor.end || !cursor.scan->failed()) return SQLITE_OK;
  cursor.shown->failure = *cursor.scan->failed();
  return SQLITE_ABORT;
}

int filter(sqlite3_vtab_cursor* at, int, const char* plan, int count, sqlite3_value** values) {
  auto& cursor = cursor_of(at);
  SqlWanted wanted;
  const std::string_view whole = plan;
  std::string_view rest = whole.substr(0, whole.find(',')), order = whole.substr(rest.size());
  while (!order.empty()) {
    order.remove_prefix(1);
    const auto number = order.substr(0, order.find(','));
    std::from_chars(number.data(), number.data() + number.size(), wanted.order.emplace_back());
    order.remove_prefix(number.size());
  }
  const auto part = rest.substr(0, rest.find(':'));
  std::from_chars(part.data(), part.data() + part.size(), wanted.columns, 16);
  rest.remove_prefix(part.size());
  cursor.end = true;
  for (int i = 0; i < count && !rest.empty(); ++i) {
    rest.remove_prefix(1);
    const auto number = rest.substr(0, rest.find(':'));
    SqlEqual equal;
    std::from_chars(number.data(), number.data() + number.size(), equal.column);
    rest.remove_prefix(number.size());
    const int type = sqlite3_value_type(values[i]);
    if (type == SQLITE_NULL) return SQLITE_OK;  // nothing equals null
    const bool is_number = type == SQLITE_INTEGER || type == SQLITE_FLOAT;
    if (is_number) equal.key = key_of(sqlite3_value_double(values[i]));
    const auto* const text = reinterpret_cast<const char*>(sqlite3_value_text(values[i]));
    if (text == nullptr) return SQLITE_NOMEM;
    equal.value.assign(text, static_cast<std::size_t>(sqlite3_value_bytes(values[i])));
    if (!is_number) equal.key = key_of(std::string_view(equal.value));
    wanted.equals.push_back(std::move(equal));
  }
  cursor.scan = cursor.shown->table.scan(wanted);
  return next_row(at);
}

int at_end(sqlite3_vtab_cursor* at) {
  return cursor_of(at).end ? 1 : 0;
}

int column_value(sqlite3_vtab_cursor* at, sqlite3_context* context, int column) {
  ToSqlite out(context);
  cursor_of(at).scan->value(static_cast<std::size_t>(column), out);
  return SQLITE_OK;
}

int row_number(sqlite3_vtab_cursor* at, sqlite3_int64* row) {
  *row = cursor_of(at).scan->row();
  return SQLITE_OK;
}

sqlite3_module make_module() {
  sqlite3_module module{};
  module.xConnect = connect;  // no xCreate: CREATE VIRTUAL TABLE makes none of these
  module.xBestIndex = best_index;
  module.xDisconnect = disconnect;
  module.xOpen = open_cursor;
  module.xClose = close_cursor;
  module.xFilter = filter;
  module.xNext = next_row;
  module.xEof = at_end;
  module.xColumn = column_value;
  module.xRowid = row_number;
  return module;
}

}  // namespace

std::string sql_name(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

Result<Done> show_table(sqlite3* connection, const std::string& name, SqlTable& table, std::optional<Error>& failure) {
  static const sqlite3_module module = make_module();
  auto shown = std::make_unique<Shown>(Shown{table, failure});
  const int code =
      sqlite3_create_module_v2(connection, name.c_str(), &module, shown.release(), [](void* it) { delete static_cast<Shown*>(it); });
  if (code == SQLITE_OK) return Done{};
  return Error{ErrorCode::kUnavailable, "table " + name + " could not be shown: " + sqlite3_errmsg(connection)};
}

}  // namespace capmap
