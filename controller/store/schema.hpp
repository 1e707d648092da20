#pragma once
#include <cstdint>
#include <span>

#include "controller/store/sqlite.hpp"

namespace capmap {

/// What makes the tables of one version out of those of the version before.
struct Migration {
  const char* what;  ///< for the log
  const char* sql;
};

/// [version - 1]: the first one makes the tables of version 1. Released ones never change; new ones are added at the end.
std::span<const Migration> store_migrations();

/// In the header of each of our databases (PRAGMA application_id): "cpmp".
inline constexpr std::int64_t kStoreApplicationId = 0x63706D70;

/// Brings a database to the newest version, each step in a transaction of its own with its version number (PRAGMA user_version).
/// Errors: kMalformed (not a store of capmap; made by a newer capmap, with both versions), those of SQLite.
Result<Done> migrate(Database& database, std::span<const Migration> migrations);

/// Refuses what is not a store of capmap or is of a newer version; writes nothing. Returns the version.
Result<std::int64_t> check_version(Database& database, std::int64_t newest);

}  // namespace capmap
