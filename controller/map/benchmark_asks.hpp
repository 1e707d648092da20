#pragma once
#include <cstdint>
#include <unordered_map>

#include "common/messages.hpp"
#include "controller/map/node_table.hpp"

namespace capmap {

/// Which nodes are asked to measure themselves, until they have answered or the time is over. Owned by the map; one thread; pure.
class BenchmarkAsks {
 public:
  /// For as long as the tests may take (four, and a file to be made) and kPatienceMs more. A second ask replaces the first.
  void ask(RowIndex row, std::uint32_t seconds, std::uint64_t now_ms) {
    asks_[row] = {.seconds = seconds, .until_ms = now_ms + std::uint64_t{seconds} * 5'000 + kPatienceMs};
  }
  /// What the node's ack says: seconds a test, 0 = nothing is asked.
  std::uint32_t seconds_for(RowIndex row, std::uint64_t now_ms) {
    const auto found = asks_.find(row);
    if (found == asks_.end()) return 0;
    if (now_ms < found->second.until_ms) return found->second.seconds;
    asks_.erase(found);
    return 0;
  }
  /// A hello followed another: a new result, or a word on why there is none, answers the ask.
  void answered(RowIndex row, const Hello& before, const Hello& now) {
    if (before.measured != now.measured || (speaks_of_it(now) && !speaks_of_it(before))) asks_.erase(row);
  }
  void forget(RowIndex row) { asks_.erase(row); }
  [[nodiscard]] bool empty() const { return asks_.empty(); }

 private:
  static constexpr std::uint64_t kPatienceMs = 300'000;
  struct Asked {
    std::uint32_t seconds = 0;
    std::uint64_t until_ms = 0;
  };
  static bool speaks_of_it(const Hello& hello) {
    for (const auto& problem : hello.problems) {
      if (problem.probe == "benchmark") return true;
    }
    return false;
  }

  std::unordered_map<RowIndex, Asked> asks_;
};

}  // namespace capmap
