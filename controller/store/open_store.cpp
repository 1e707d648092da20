#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <future>
#include <utility>

#include "common/log.hpp"
#include "controller/store/backup.hpp"
#include "controller/store/files.hpp"
#include "controller/store/journal.hpp"
#include "controller/store/schema.hpp"
#include "controller/store/sqlite_store.hpp"

namespace capmap {
namespace {

/// In one change: a journal is taken over as a whole or not at all.
Result<Done> put_all(Store& store, const Journal& journal) {
  auto done = store.begin();
  for (std::size_t i = 0; done && i < journal.sites.size(); ++i) done = store.put_site(journal.sites[i]);
  for (std::size_t i = 0; done && i < journal.tokens.size(); ++i) done = store.put_token(journal.tokens[i]);
  for (std::size_t i = 0; done && i < journal.nodes.size(); ++i) done = store.put_node(journal.nodes[i]);
  if (done) done = store.commit();
  if (!done) store.roll_back();
  return done;
}

/// Makes the file whole under another name first: where store.db stands, it holds everything.
Result<Done> create(const std::string& path, const Journal& journal) {
  const std::string draft = path + ".new";
  for (const char* tail : {"", "-wal", "-shm", "-journal"}) unlink((draft + tail).c_str());
  const int fd = open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return file_error(draft, "create", errno);
  close(fd);
  {
    auto database = Database::open(draft, Database::Mode::kReadWrite);
    if (!database) return database.error();
    if (auto made = migrate(*database, store_migrations()); !made) return made.error();
    auto store = make_sqlite_store(std::move(*database), {});
    if (!store) return store.error();
    if (auto put = put_all(**store, journal); !put) return put.error();
  }
  {
    auto database = Database::open(draft, Database::Mode::kReadWrite);  // one file again, before it gets its name
    if (!database) return database.error();
    if (auto single = database->run("pragma journal_mode = delete"); !single) return single.error();
  }
  if (rename(draft.c_str(), path.c_str()) != 0) return file_error(path, "rename into place", errno);
  return sync_folder_of(path);
}

bool is_there(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0;
}

Error out_of_order(const std::string& path, const std::string& what) {
  return {
      ErrorCode::kMalformed,
      path + ": " + what + "; nothing was changed. Bring a backup back with capmapctl restore FILE: the damaged file is kept beside it"};
}

/// Older tables become today's; the file as it was is kept for the older program.
Result<Done> bring_up_to_date(Database& database, const std::string& path, std::int64_t version) {
  const std::string kept = path + ".version-" + std::to_string(version);
  if (!is_there(kept)) {
    if (auto copied = copy_database(database, kept, {}); !copied) return copied.error();
    log_info("store_kept", {{"file", kept}, {"version", version}});
  }
  return migrate(database, store_migrations());
}

/// Over a connection of its own, that cannot play a crash's journal back: another one must have read the file before. Thread: any.
Result<Done> check_file(const std::string& path) {
  auto database = Database::open(path, Database::Mode::kReadOnly);
  if (!database) return database.error();
  const auto checked = database->text("pragma quick_check(1)");
  if (!checked && checked.error().code != ErrorCode::kMalformed) return checked.error();
  if (!checked) return out_of_order(path, "is damaged or no database");
  if (*checked != "ok") return out_of_order(path, "is damaged: " + *checked);
  return Done{};
}

std::future<Result<Done>> known(Result<Done> outcome) {
  std::promise<Result<Done>> promise;
  promise.set_value(std::move(outcome));
  return promise.get_future();
}

/// The check is left for later only where nothing has to be changed before: a file with older tables, or out of a backup and not yet with
/// a write-ahead log, is checked first.
Result<StoreInCheck> open_checked(const std::string& path, StateLock lock) {
  auto database = Database::open(path, Database::Mode::kReadWrite);
  if (!database) return database.error();
  const auto newest = static_cast<std::int64_t>(store_migrations().size());
  const auto version = check_version(*database, newest);
  const auto mode = database->text("pragma journal_mode");
  if (!version || !mode) {  // what the check says of the file is the better reason
    const auto checked = check_file(path);
    return !checked ? checked.error() : !version ? version.error() : mode.error();
  }
  StoreInCheck opened;
  if (*version == newest && *mode == "wal") {
    opened.checked = std::async(std::launch::deferred, check_file, path);
  } else {
    if (auto checked = check_file(path); !checked) return checked.error();
    opened.checked = known(Done{});
  }
  if (*version != newest) {
    if (auto ready = bring_up_to_date(*database, path, *version); !ready) return ready.error();
  }
  auto store = make_sqlite_store(std::move(*database), std::move(lock));
  if (!store) {
    const auto checked = opened.checked.get();
    return checked ? store.error() : checked.error();
  }
  opened.store = std::move(*store);
  return opened;
}

void put_journal_away(const std::string& journal) {
  const std::string kept = journal + ".imported";
  if (rename(journal.c_str(), kept.c_str()) != 0) log_warn("journal_not_renamed", {{"file", journal}});
  if (auto synced = sync_folder_of(kept); !synced) log_warn("journal_not_renamed", {{"what", synced.error().what}});
}

}  // namespace

Result<StoreInCheck> open_store_in_check(const std::string& directory, NoStore none) {
  auto lock = StateLock::take(directory);
  if (!lock) return lock.error();
  const std::string path = directory + "/store.db", journal_path = directory + "/store.jsonl";
  if (!is_there(path)) {
    auto journal = read_journal(journal_path);
    if (!journal && journal.error().code != ErrorCode::kAbsent) return journal.error();
    if (!journal && none == NoStore::kRefuse) {
      return Error{ErrorCode::kAbsent,
                   path +
                       " is not there, and with it all known nodes: capmapctl restore FILE brings a backup back; a new controller is "
                       "made by capmapctl init in an empty folder"};
    }
    if (auto created = create(path, journal ? *journal : Journal{}); !created) return created.error();
    if (journal) log_info("journal_imported", {{"file", journal_path}, {"nodes", journal->nodes.size()}, {"sites", journal->sites.size()}});
  }
  if (is_there(journal_path)) put_journal_away(journal_path);  // a crash stood between the new file and this
  return open_checked(path, std::move(*lock));
}

Result<std::unique_ptr<Store>> open_store(const std::string& directory, NoStore none) {
  auto opened = open_store_in_check(directory, none);
  if (!opened) return opened.error();
  if (auto checked = opened->checked.get(); !checked) return checked.error();
  return std::move(opened->store);
}

}  // namespace capmap
