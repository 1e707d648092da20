#include "controller/history/history_database.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/log.hpp"

namespace capmap {
namespace {

constexpr std::int64_t kHistoryApplicationId = 0x63'61'70'48;  // "capH"

/// Ids are their 16 bytes, times unix ms. A body is what past_cells.hpp packs, or what else its table's reader says.
constexpr std::array kTables = {
    R"(
create table sites(number integer primary key, id blob not null unique check (length(id) = 16)) strict;
create table site_words(site integer not null, from_unix_ms integer not null, words text not null, primary key (site, from_unix_ms))
  strict, without rowid;
create table pools(number integer primary key, id blob not null unique check (length(id) = 16), site integer not null) strict;
create table pool_words(pool integer not null, from_unix_ms integer not null, words text not null, primary key (pool, from_unix_ms))
  strict, without rowid;
create table hardware(number integer primary key, id blob not null unique check (length(id) = 16), body blob not null) strict;
create table spans(number integer primary key, from_unix_ms integer not null, until_unix_ms integer not null) strict;
create table bases(at_unix_ms integer primary key, span integer not null, body blob not null) strict;
create table changes(from_unix_ms integer primary key, until_unix_ms integer not null, span integer not null, body blob not null) strict;
create table events(
  number integer primary key, at_unix_ms integer not null, node blob check (length(node) = 16), kind integer not null,
  from_site integer, from_pool integer, from_hardware integer, from_state integer,
  to_site integer, to_pool integer, to_hardware integer, to_state integer
) strict;
create index events_at on events(at_unix_ms);
create index events_node on events(node, at_unix_ms);
)",
};

Result<Done> make_tables(Database& database) {
  const auto version = database.number("pragma user_version");
  if (!version) return version.error();
  const auto newest = static_cast<std::int64_t>(kTables.size());
  if (*version > newest) {
    return Error{ErrorCode::kMalformed, database.path() + ": has version " + std::to_string(*version) +
                                            ", made by a newer capmap; this one knows up to " + std::to_string(newest) +
                                            ": install the newer capmap, or move the file away to begin a new history"};
  }
  for (auto next = *version; next < newest; ++next) {
    const auto sql = "begin immediate;" + std::string(kTables[static_cast<std::size_t>(next)]) +
                     "pragma application_id = " + std::to_string(kHistoryApplicationId) +
                     "; pragma user_version = " + std::to_string(next + 1) + "; commit;";
    if (auto done = database.run(sql.c_str()); !done) {
      const auto error = done.error();
      static_cast<void>(database.run("rollback"));
      return error;
    }
  }
  return Done{};
}

/// Only its user may read it: it says as much as the store.
void make_file(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);  // what is wrong with the place, SQLite says
}

}  // namespace

Result<Database> open_history_file(const std::string& path) {
  make_file(path);
  auto database = Database::open(path, Database::Mode::kCreate);
  if (!database) return database;
  // A day of sites moves 100 MB at once: its log does not stay so long, and nothing secret is overwritten.
  if (auto set = database->run("pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 4000; "
                               "pragma journal_size_limit = 16777216; pragma secure_delete = fast; pragma cell_size_check = on");
      !set) {
    return set.error();
  }
  const auto mode = database->text("pragma journal_mode");
  if (!mode) return mode.error();
  if (*mode != "wal") return Error{ErrorCode::kUnavailable, path + ": its file system has no shared memory for a write-ahead log"};
  const auto application = database->number("pragma application_id");
  if (!application) return application.error();
  const auto tables = database->number("select count(*) from sqlite_schema");
  if (!tables) return tables.error();
  if (*tables != 0 && *application != kHistoryApplicationId) {
    return Error{ErrorCode::kMalformed, path + ": is an SQLite database, but no history of capmap: move it away"};
  }
  if (auto made = make_tables(*database); !made) return made.error();
  return database;
}

namespace {

/// Under the first name that is free.
Result<Done> put_aside(const std::string& path) {
  struct stat status {};
  for (int number = 1; number < 1'000; ++number) {
    const auto aside = path + ".damaged-" + std::to_string(number);
    if (stat(aside.c_str(), &status) == 0) continue;
    if (std::rename(path.c_str(), aside.c_str()) != 0) break;
    for (const char* tail : {"-wal", "-shm"}) static_cast<void>(std::rename((path + tail).c_str(), (aside + tail).c_str()));
    log_error("history_damaged", {{"file", aside}, {"what", "history begins anew; what was kept is in the file that was put aside"}});
    return Done{};
  }
  return Error{ErrorCode::kDenied, path + ": is damaged, and cannot be put aside: " + std::strerror(errno)};
}

}  // namespace

Result<Database> open_history(const std::string& state_folder) {
  const auto path = state_folder + "/history.db";
  auto database = open_history_file(path);
  if (database || database.error().code != ErrorCode::kMalformed) return database;
  if (database.error().what.find("newer capmap") != std::string::npos) return database;
  if (auto aside = put_aside(path); !aside) return aside.error();
  return open_history_file(path);
}

}  // namespace capmap
