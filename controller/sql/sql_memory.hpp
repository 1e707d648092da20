#pragma once
#include <cstddef>

#include "common/result.hpp"

namespace capmap {

/// SQLite knows limits of memory for the whole process alone, and this one keeps other databases too. So its allocations are counted a
/// thread, and refused where the thread has a budget that is used up: the statement ends with "out of memory", nobody else feels it.

/// Puts the counting in place. Before SQLite is used in this process for the first time; again it does nothing. Errors: kUnavailable.
Result<Done> count_sqlite_memory();

/// While it lives, SQLite in this thread may hold so many bytes more than at its beginning. One a thread at a time.
class SqliteBudget {
 public:
  explicit SqliteBudget(std::size_t bytes);
  ~SqliteBudget();
  SqliteBudget(const SqliteBudget&) = delete;
  SqliteBudget& operator=(const SqliteBudget&) = delete;
  /// The most it held so far.
  [[nodiscard]] static std::size_t peak_bytes();
};

}  // namespace capmap
