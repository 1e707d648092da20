#include "controller/sql/sql_memory.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstdint>

namespace capmap {
namespace {

struct Counter {
  bool on = false;
  std::int64_t held = 0, most = 0, peak = 0;
};
thread_local Counter t_counter;
sqlite3_mem_methods plain;  ///< SQLite's own; written once, before the first allocation

/// Whether so many bytes more still fit.
bool take(std::int64_t bytes) {
  auto& counter = t_counter;
  if (!counter.on) return true;
  if (bytes > 0 && counter.held + bytes > counter.most) return false;
  counter.held += bytes;
  counter.peak = std::max(counter.peak, counter.held);
  return true;
}

void* allocate(int bytes) {
  if (!take(plain.xRoundup(bytes))) return nullptr;
  void* const made = plain.xMalloc(bytes);
  if (made == nullptr) take(-std::int64_t{plain.xRoundup(bytes)});
  return made;
}

void release(void* memory) {
  if (memory != nullptr) take(-std::int64_t{plain.xSize(memory)});
  plain.xFree(memory);
}

void* resize(void* memory, int bytes) {
  const std::int64_t change = std::int64_t{plain.xRoundup(bytes)} - plain.xSize(memory);
  if (!take(change)) return nullptr;
  void* const made = plain.xRealloc(memory, bytes);
  if (made == nullptr) take(-change);
  return made;
}

Result<Done> install() {
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain) != SQLITE_OK || plain.xMalloc == nullptr) {
    return Error{ErrorCode::kUnavailable, "SQLite does not tell how it allocates"};
  }
  sqlite3_mem_methods counted = plain;
  counted.xMalloc = allocate;
  counted.xFree = release;
  counted.xRealloc = resize;
  if (sqlite3_config(SQLITE_CONFIG_MALLOC, &counted) == SQLITE_OK) return Done{};
  return Error{ErrorCode::kUnavailable, "SQLite was used before its memory could be counted"};
}

}  // namespace

Result<Done> count_sqlite_memory() {
  static const Result<Done> installed = install();
  return installed;
}

SqliteBudget::SqliteBudget(std::size_t bytes) {
  t_counter = {.on = true, .held = 0, .most = static_cast<std::int64_t>(bytes), .peak = 0};
}

SqliteBudget::~SqliteBudget() {
  t_counter.on = false;
}

std::size_t SqliteBudget::peak_bytes() {
  return static_cast<std::size_t>(std::max<std::int64_t>(t_counter.peak, 0));
}

}  // namespace capmap
