#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "controller/sql/sql_deadline.hpp"
#include "controller/sql/sql_refusal.hpp"

struct sqlite3;

namespace capmap {

/// Holds a connection to reading: of everything a statement could do only SELECT, recursion, columns of the tables that are shown, and
/// functions of a list are let through; the deadline ends whatever runs. One connection's, and lives as long as it.
class SqlGuard {
 public:
  /// `tables`: names in lower case of those that are shown. Borrows the deadline.
  SqlGuard(const SqlDeadline& deadline, std::set<std::string> tables) : deadline_(deadline), tables_(std::move(tables)) {}
  SqlGuard(const SqlGuard&) = delete;
  SqlGuard& operator=(const SqlGuard&) = delete;

  /// What stands for the whole connection: no extensions, no triggers, no texts in double quotes, and limits of what one statement may be.
  static void limit(sqlite3* connection);
  /// From now on. Tables have been used once before (see virtual_table.hpp).
  void watch(sqlite3* connection);

  /// The first thing that was not let through.
  [[nodiscard]] const std::optional<SqlRefusal>& refused() const { return refused_; }
  /// Its name, to be looked for in the text; empty: it has none.
  [[nodiscard]] const std::string& refused_name() const { return refused_name_; }
  [[nodiscard]] bool out_of_time() const { return out_of_time_; }
  /// Tables that the statement reads.
  [[nodiscard]] const std::set<std::string>& read() const { return read_; }
  /// Functions that may be called, ascending.
  static const std::vector<std::string>& functions();

 private:
  int judge(int action, const char* first, const char* second);
  int refuse(std::string what, std::string_view fix, const char* name);

  const SqlDeadline& deadline_;
  std::set<std::string> tables_, read_, modules_;
  std::optional<SqlRefusal> refused_;
  std::string refused_name_;
  bool out_of_time_ = false;
  friend struct SqlGuardCalls;
};

}  // namespace capmap
