#include "controller/store/sqlite.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace capmap {
namespace {

constexpr int kBusyMs = 10'000;  ///< a backup's or an admin's look at the file holds us up so long at most

Error error_of(sqlite3* connection, const std::string& path, const char* doing) {
  const int code = sqlite3_errcode(connection);
  int system = sqlite3_system_errno(connection);
  const bool io = code == SQLITE_IOERR || code == SQLITE_CANTOPEN || code == SQLITE_FULL;
  std::string what = path + ": cannot " + doing + ": " + sqlite3_errmsg(connection);
  if (io && system == 0 && access(path.c_str(), W_OK) != 0) system = errno;  // SQLite forgets it where undoing the change went well
  if (code == SQLITE_FULL || (io && (system == ENOSPC || system == EDQUOT || system == EFBIG))) {
    return {ErrorCode::kFull,
            what + " (" + std::strerror(system == 0 ? ENOSPC : system) + "); free space on its disk, nothing else has to be done"};
  }
  if (code == SQLITE_READONLY || code == SQLITE_PERM || code == SQLITE_AUTH ||
      (io && (system == EACCES || system == EROFS || system == EPERM))) {
    if (system != 0) what += std::string(" (") + std::strerror(system) + ")";
    return {ErrorCode::kDenied, what + "; let the user of capmap-controller write to it and its folder"};
  }
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_FORMAT) {
    return {ErrorCode::kMalformed, what + "; stop the controller and run capmapctl restore FILE with a backup: the damaged file is kept"};
  }
  if (io && system == ENOENT) return {ErrorCode::kAbsent, what};
  if (io && system != 0) what += std::string(" (") + std::strerror(system) + ")";
  return {ErrorCode::kUnavailable, what};
}

}  // namespace

void Statement::finish(sqlite3_stmt* statement) {
  sqlite3_finalize(statement);
}
Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}
Statement& Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text(statement_.get(), index, text.data() == nullptr ? "" : text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  return *this;
}
Statement& Statement::bind_blob(int index, std::span<const std::uint8_t> bytes) {
  sqlite3_bind_blob(statement_.get(), index, bytes.empty() ? "" : static_cast<const void*>(bytes.data()), static_cast<int>(bytes.size()),
                    SQLITE_STATIC);
  return *this;
}
Statement& Statement::bind_null(int index) {
  sqlite3_bind_null(statement_.get(), index);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_.get());
    return false;
  }
  sqlite3* connection = sqlite3_db_handle(statement_.get());
  const char* path = sqlite3_db_filename(connection, "main");
  const bool reads = sqlite3_stmt_readonly(statement_.get()) != 0;
  Error error = error_of(connection, path == nullptr ? "" : path, reads ? "read" : "write");
  sqlite3_reset(statement_.get());
  return error;
}
void Statement::reset() {
  sqlite3_reset(statement_.get());
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}
std::string_view Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}
std::span<const std::uint8_t> Statement::blob(int column) const {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}
bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void Database::shut(sqlite3* connection) {
  sqlite3_close_v2(connection);
}

Result<Database> Database::open(const std::string& path, Mode mode) {
  int flags = SQLITE_OPEN_NOMUTEX;
  if (mode == Mode::kReadOnly) flags |= SQLITE_OPEN_READONLY;
  if (mode != Mode::kReadOnly) flags |= SQLITE_OPEN_READWRITE;
  if (mode == Mode::kCreate) flags |= SQLITE_OPEN_CREATE;
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
  if (connection == nullptr) return Error{ErrorCode::kUnavailable, path + ": cannot open: out of memory"};
  Database database(connection, path);
  if (code != SQLITE_OK) return database.last_error("open");
  sqlite3_busy_timeout(connection, kBusyMs);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  if (mode != Mode::kReadOnly && sqlite3_db_readonly(connection, "main") == 1) {
    return Error{ErrorCode::kDenied, path + ": may only be read; let the user of capmap-controller write to it and its folder"};
  }
  return database;
}

Error Database::last_error(const char* doing) const {
  return error_of(connection_.get(), path_, doing);
}

Result<Done> Database::run(const char* sql) {
  if (sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return last_error("write");
  return Done{};
}

Result<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(connection_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
    return last_error("read");
  }
  return Statement(statement);
}

Result<std::int64_t> Database::number(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  const auto row = statement->step();
  if (!row) return row.error();
  if (!*row) return Error{ErrorCode::kAbsent, path_ + ": no row"};
  return statement->number(0);
}

Result<std::string> Database::text(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  const auto row = statement->step();
  if (!row) return row.error();
  if (!*row) return Error{ErrorCode::kAbsent, path_ + ": no row"};
  return std::string(statement->text(0));
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(connection_.get());
}

}  // namespace capmap
