#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace capmap {

/// SQLite behind Result: one connection to one file, and its prepared statements. One thread at a time.
///
/// Errors of all calls: kFull (no space, quota), kDenied (read-only, permissions), kMalformed (damaged, or no database), kUnavailable
/// (busy, other I/O errors). Each names the file and, where one is known, the fix.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement, finish) {}

  /// Parameters count from 1; a blob or text must live until the next reset().
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, std::span<const std::uint8_t> bytes);
  Statement& bind_null(int index);
  /// True: a row stands there; false: done. After an error or done the statement is ready for new parameters.
  Result<bool> step();
  void reset();

  /// Columns of the row, from 0. A text or blob lives until the next step().
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::span<const std::uint8_t> blob(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  static void finish(sqlite3_stmt* statement);
  std::unique_ptr<sqlite3_stmt, void (*)(sqlite3_stmt*)> statement_;
};

class Database {
 public:
  enum class Mode : unsigned char { kReadOnly, kReadWrite, kCreate };

  static Result<Database> open(const std::string& path, Mode mode);

  /// Statements without parameters and answers.
  Result<Done> run(const char* sql);
  Result<Statement> prepare(const char* sql);
  /// First column of the first row. Errors: also kAbsent (no row).
  Result<std::int64_t> number(const char* sql);
  Result<std::string> text(const char* sql);
  /// Rows the last statement changed.
  [[nodiscard]] std::int64_t changes() const;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] sqlite3* raw() const { return connection_.get(); }
  /// The last failure of this connection as an error.
  [[nodiscard]] Error last_error(const char* doing) const;

 private:
  Database(sqlite3* connection, std::string path) : connection_(connection, shut), path_(std::move(path)) {}
  static void shut(sqlite3* connection);
  std::unique_ptr<sqlite3, void (*)(sqlite3*)> connection_;
  std::string path_;
};

}  // namespace capmap
