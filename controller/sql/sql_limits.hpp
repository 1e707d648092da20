#pragma once
#include <cstddef>
#include <cstdint>

namespace capmap {

/// What one statement may take. All stand in packaging/doc/limits.md.
inline constexpr std::size_t kMaxSqlBytes = 16'384;
inline constexpr std::uint32_t kMostSqlMs = 10'000;
inline constexpr std::uint32_t kMostSqlRows = 100'000, kDefaultSqlRows = 10'000;
inline constexpr std::size_t kMostSqlAnswerBytes = 16'777'216;
inline constexpr std::size_t kMostSqlMemoryBytes = 67'108'864;  ///< of SQLite, for sorting, grouping and parsing
/// Longest text or blob a statement may make; single functions are not interrupted, so that what they work on is short.
inline constexpr int kMaxSqlValueBytes = 65'536;
inline constexpr int kMostSqlColumns = 256, kMaxSqlDepth = 100, kMostSqlCompounds = 32, kMostSqlSteps = 50'000, kMostSqlArguments = 32;
inline constexpr int kMaxSqlPatternBytes = 256;
inline constexpr int kSqlLookEvery = 1'000;  ///< steps of the statement between two looks at the clock
/// Copies of node rows that a statement holds at once.
inline constexpr std::size_t kMostPinnedChunks = 64, kMostPinnedBytes = 67'108'864;
/// Places of nodes held at once, so that rows come ordered; where they are more, SQLite sorts, within kMostSqlMemoryBytes.
inline constexpr std::size_t kMostOrderedBytes = 134'217'728;
/// Tables that came with a statement.
inline constexpr std::size_t kMostAttachedTables = 8, kMostAttachedRows = 50'000, kMostAttachedColumns = 64, kMaxAttachedCellBytes = 1'024;

}  // namespace capmap
