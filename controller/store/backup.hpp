#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "common/result.hpp"
#include "controller/store/sqlite.hpp"
#include "controller/store/store.hpp"

namespace capmap {

/// Called now and then while a database is copied.
using CopyProgress = std::function<void(std::uint64_t pages_done, std::uint64_t pages_all)>;

/// Copies one moment of an open database to a new file of mode 0600 (temporary file, check, rename), while others read and write it.
/// Errors: those of SQLite; kDenied (the file is there already: nothing is overwritten).
Result<Done> copy_database(Database& from, const std::string& file, const CopyProgress& progress);

/// Copies `store.db` of a state folder, also while its controller runs. Errors: as copy_database; kAbsent (no store there).
Result<StoreFacts> back_up(const std::string& directory, const std::string& file, const CopyProgress& progress);

/// Looks through all of a store or a backup (PRAGMA integrity_check; foreign keys), and whether it is one. Writes nothing.
/// Errors: kAbsent, kDenied, kMalformed (with the first problem).
Result<StoreFacts> check_store_file(const std::string& file);

/// Puts a backup in the place of `store.db`; what stood there is kept as store.db.replaced-TIME. Its generation becomes higher than that
/// of both. Errors: kUnavailable (the controller runs), those of check_store_file and copy_database; then nothing is changed.
struct Restored {
  StoreFacts facts;
  std::string kept_as;  ///< empty: there was none
};
Result<Restored> restore_store(const std::string& directory, const std::string& file, std::uint64_t now_unix_ms,
                               const CopyProgress& progress);

}  // namespace capmap
