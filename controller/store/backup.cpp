#include "controller/store/backup.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "controller/store/audit_rows.hpp"
#include "controller/store/files.hpp"
#include "controller/store/schema.hpp"
#include "controller/store/sqlite_store.hpp"
#include "controller/store/state_lock.hpp"

namespace capmap {
namespace {

constexpr int kPagesAStep = 2'048;

bool is_there(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0;
}

Result<Done> make_empty(const std::string& path) {
  unlink(path.c_str());
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return file_error(path, "create", errno);
  close(fd);
  return Done{};
}

Result<Done> copy_pages(Database& from, Database& to, const CopyProgress& progress) {
  sqlite3_backup* copy = sqlite3_backup_init(to.raw(), "main", from.raw(), "main");
  if (copy == nullptr) return to.last_error("copy");
  int code = SQLITE_OK;
  while ((code = sqlite3_backup_step(copy, kPagesAStep)) == SQLITE_OK) {
    if (!progress) continue;
    const auto all = static_cast<std::uint64_t>(sqlite3_backup_pagecount(copy));
    progress(all - static_cast<std::uint64_t>(sqlite3_backup_remaining(copy)), all);
  }
  sqlite3_backup_finish(copy);
  if (code != SQLITE_DONE) return sqlite3_errcode(to.raw()) != SQLITE_OK ? to.last_error("copy to") : from.last_error("copy");
  return Done{};
}

/// A plain file of its own, without a write-ahead log, checked.
Result<Done> write_copy(Database& from, const std::string& draft, const CopyProgress& progress) {
  if (auto made = make_empty(draft); !made) return made;
  auto to = Database::open(draft, Database::Mode::kReadWrite);
  if (!to) return to.error();
  if (auto copied = copy_pages(from, *to, progress); !copied) return copied;
  if (auto single = to->run("pragma journal_mode = delete"); !single) return single;
  const auto checked = to->text("pragma quick_check(1)");
  if (!checked) return checked.error();
  if (*checked != "ok") return Error{ErrorCode::kMalformed, draft + ": the copy is damaged: " + *checked};
  return Done{};
}

void remove_draft(const std::string& draft) {
  for (const char* tail : {"", "-journal", "-wal", "-shm"}) unlink((draft + tail).c_str());
}

std::string time_name(std::uint64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32] = {};
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  return text;
}

/// Out of the way, the write-ahead log with its database. Until the new file has its name a controller refuses to start.
Result<std::string> put_away(const std::string& path, std::uint64_t now_unix_ms) {
  const bool there = is_there(path);
  std::string kept = path + ".replaced-" + time_name(now_unix_ms);
  for (int i = 1; is_there(kept) || is_there(kept + "-wal"); ++i)
    kept = path + ".replaced-" + time_name(now_unix_ms) + "-" + std::to_string(i);
  if (there && rename(path.c_str(), kept.c_str()) != 0) return file_error(path, "rename", errno);
  if (rename((path + "-wal").c_str(), (kept + "-wal").c_str()) != 0 && errno != ENOENT) return file_error(path + "-wal", "rename", errno);
  unlink((path + "-shm").c_str());
  return there ? kept : std::string();
}

/// Of what stands there now; 0 where that cannot be read.
std::int64_t generation_of(const std::string& path) {
  if (!is_there(path)) return 0;
  auto database = Database::open(path, Database::Mode::kReadWrite);
  if (!database) return 0;
  const auto generation = database->number("select value from meta where name = 'generation'");
  return generation ? *generation : 0;
}

/// An audit that is older than what was written since must say itself why it ends where it does.
Result<Done> note_restored(Database& database, const std::string& path, std::uint64_t now_unix_ms) {
  if (auto chained = chain_audit(database); !chained) return chained;
  const auto before = read_head_file(head_path(path));
  AuditEntry entry{.at_unix_ms = now_unix_ms, .who = "system", .what = "store_restored", .subject = {}, .detail = {}};
  entry.detail = before ? "the audit in its place ended with entry " + std::to_string(before->number) + ", hash " + before->hash
                        : "how far the audit in its place went is not known";
  return add_audit_row(database, entry);
}

}  // namespace

Result<Done> copy_database(Database& from, const std::string& file, const CopyProgress& progress) {
  if (is_there(file)) return Error{ErrorCode::kDenied, file + ": is there already and is not overwritten"};
  const std::string draft = file + ".new";
  auto done = from.run("begin");
  if (!done) return done;
  // A read holds the moment: what is written meanwhile goes into the log behind it, and the copy never has to begin again.
  if (const auto held = from.number("select count(*) from sqlite_schema"); !held) done = held.error();
  if (done) done = write_copy(from, draft, progress);
  static_cast<void>(from.run("rollback"));
  if (done && rename(draft.c_str(), file.c_str()) != 0) done = file_error(file, "rename into place", errno);
  if (!done) {
    remove_draft(draft);
    return done;
  }
  return sync_folder_of(file);
}

Result<StoreFacts> back_up(const std::string& directory, const std::string& file, const CopyProgress& progress) {
  const std::string path = directory + "/store.db";
  if (!is_there(path)) return Error{ErrorCode::kAbsent, path + ": is not there"};
  auto from = Database::open(path, Database::Mode::kReadWrite);
  if (!from) return from.error();
  if (const auto known = check_version(*from, static_cast<std::int64_t>(store_migrations().size())); !known) return known.error();
  if (auto copied = copy_database(*from, file, progress); !copied) return copied.error();
  auto copy = Database::open(file, Database::Mode::kReadOnly);
  if (!copy) return copy.error();
  return facts_of(*copy);
}

Result<StoreFacts> check_store_file(const std::string& file) {
  if (!is_there(file)) return Error{ErrorCode::kAbsent, file + ": is not there"};
  auto database = Database::open(file, is_there(file + "-wal") ? Database::Mode::kReadWrite : Database::Mode::kReadOnly);
  if (!database) return database.error();
  const auto newest = static_cast<std::int64_t>(store_migrations().size());
  const auto version = check_version(*database, newest);
  if (!version) return version.error();
  const auto checked = database->text("pragma integrity_check(1)");
  if (!checked) return checked.error();
  if (*checked != "ok") return Error{ErrorCode::kMalformed, file + ": is damaged: " + *checked};
  if (const auto broken = database->text("select \"table\" from pragma_foreign_key_check"); broken) {
    return Error{ErrorCode::kMalformed, file + ": a row of " + *broken + " belongs to nothing"};
  }
  if (*version == newest) return facts_of(*database);
  StoreFacts facts;  // older tables: made today's when a controller starts with them
  facts.version = static_cast<std::uint64_t>(*version);
  return facts;
}

Result<Restored> restore_store(const std::string& directory, const std::string& file, std::uint64_t now_unix_ms,
                               const CopyProgress& progress) {
  const auto lock = StateLock::take(directory);
  if (!lock && lock.error().code == ErrorCode::kUnavailable) {
    return Error{ErrorCode::kUnavailable, directory + ": its controller runs; stop it first, restore, and start it again"};
  }
  if (!lock) return lock.error();
  const auto looked_at = check_store_file(file);
  if (!looked_at) return looked_at.error();
  const std::string path = directory + "/store.db", draft = path + ".restoring";
  remove_draft(draft);
  {
    auto from = Database::open(file, is_there(file + "-wal") ? Database::Mode::kReadWrite : Database::Mode::kReadOnly);
    if (!from) return from.error();
    if (auto copied = copy_database(*from, draft, progress); !copied) return copied.error();
  }
  auto fresh = Database::open(draft, Database::Mode::kReadWrite);
  if (!fresh) return fresh.error();
  auto migrated = migrate(*fresh, store_migrations());
  const auto own = fresh->number("select value from meta where name = 'generation'");
  // Beyond both, and beyond the seconds of today: higher also than that of a damaged file which cannot tell its own.
  const std::int64_t next = std::max({generation_of(path) + 1, own ? *own + 1 : 1, static_cast<std::int64_t>(now_unix_ms / 1'000)});
  if (migrated) migrated = note_restored(*fresh, path, now_unix_ms);
  if (migrated) migrated = fresh->run(("update meta set value = " + std::to_string(next) + " where name = 'generation'").c_str());
  auto facts = migrated ? facts_of(*fresh) : Result<StoreFacts>(migrated.error());
  if (!facts) {
    remove_draft(draft);
    return facts.error();
  }
  fresh = Error{};  // closed before it gets its name
  const auto kept = put_away(path, now_unix_ms);
  if (!kept) return kept.error();
  if (rename(draft.c_str(), path.c_str()) != 0) return file_error(path, "rename into place", errno);
  const auto head = head_path(path);  // of the log that was; the new one names it
  if (rename(head.c_str(), (head + ".replaced-" + time_name(now_unix_ms)).c_str()) != 0 && errno != ENOENT) {
    return file_error(head, "rename", errno);
  }
  if (auto synced = sync_folder_of(path); !synced) return synced.error();
  give_to_folder_owner(directory);
  return Restored{.facts = *facts, .kept_as = *kept};
}

}  // namespace capmap
