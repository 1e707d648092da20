#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/chip_table.hpp"
#include "common/clock.hpp"
#include "controller/access/principal.hpp"
#include "controller/map/map_view.hpp"
#include "controller/sql/node_source.hpp"
#include "controller/sql/sql_limits.hpp"
#include "controller/sql/sql_refusal.hpp"

namespace capmap {

struct SqlQuestion {
  std::string sql;
  std::uint32_t most_rows = kDefaultSqlRows, most_ms = kMostSqlMs;
  bool csv = false;  ///< rows as CSV, with a line of titles; else as JSON
  /// (name, CSV text with a header): tables that come with the statement and are gone with it.
  std::vector<std::pair<std::string, std::string>> tables{};
  Principal principal{};  ///< sees no more than its scope
  bool exact = false;     ///< coordinates in full
};

struct SqlAnswer {
  std::vector<std::string> columns;
  std::string rows;                                       ///< JSON: "[[1,\"a\"],…]"; CSV: all of it
  std::uint64_t count = 0;                                ///< rows
  bool cut = false;                                       ///< there were more than most_rows
  std::vector<std::string> read;                          ///< tables that it read, ascending
  std::uint64_t revision = 0, epoch = 0, at_unix_ms = 0;  ///< of the moment
  std::uint64_t elapsed_ms = 0;
  std::size_t memory_bytes = 0;  ///< that SQLite held at most
};

struct SqlSources {
  std::shared_ptr<const MapView> view;
  std::shared_ptr<const ChipTable> chips;  ///< null: none
  NodeSource& nodes;
  const Clock& clock;
  const std::atomic<bool>* stop = nullptr;  ///< true: the statement ends at once; null: nobody says so
};

/// Carries out one statement against the live map: reads it may, and nothing else. Each statement has a database of its own, in memory,
/// with nothing in it. What it may take stands in sql_limits.hpp. Thread: any, one statement at a time; count_sqlite_memory() before.
std::variant<SqlRefusal, SqlAnswer> run_sql(const SqlQuestion& question, const SqlSources& sources);

}  // namespace capmap
