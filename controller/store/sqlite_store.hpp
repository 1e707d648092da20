#pragma once
#include <memory>
#include <optional>
#include <string>

#include "controller/store/sqlite.hpp"
#include "controller/store/state_lock.hpp"
#include "controller/store/store.hpp"

namespace capmap {

/// The SQLite back end over an open database of this version. Write-ahead log; synchronous=FULL for what is promised, NORMAL for notes.
/// Keeps `lock` as long as it lives; a draft that nobody else looks for needs none.
Result<std::unique_ptr<Store>> make_sqlite_store(Database database, std::optional<StateLock> lock);

/// Figures of any store of this version or, where their tables are there, an older one.
Result<StoreFacts> facts_of(Database& database);

}  // namespace capmap
