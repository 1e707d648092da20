#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "controller/map/node_table.hpp"

namespace capmap {

/// How old a node may be to be called fresh, and stale; beyond it is lost.
struct LivenessLimits {
  std::uint64_t fresh_ms = 0;
  std::uint64_t ttl_ms = 0;

  /// Fresh: two intervals and 5 s; time to live: six intervals, at least 60 s.
  static LivenessLimits of_interval(std::uint32_t interval_ms);
  [[nodiscard]] Liveness of_age(std::uint64_t age_ms) const;
};

/// When the rows of each block are to be looked at: no row of it changes by time alone before. A block holds the earliest moment of its
/// rows; a node that speaks only makes its own later, which the block finds out when it is looked at. So a row costs nothing here, and
/// a silent fleet a pass over its blocks.
class DueTimes {
 public:
  static constexpr std::size_t kBlockRows = 512;
  static constexpr std::uint64_t kNever = UINT64_MAX;

  void note(RowIndex row, std::uint64_t due_ms) {
    const auto block = row / kBlockRows;
    if (block >= due_.size()) due_.resize(block + 1, kNever);
    if (due_ms < due_[block]) due_[block] = due_ms;
  }
  /// The next block, round and round, that is due by now; it is then noted anew, row by row. None: nothing is due.
  [[nodiscard]] std::optional<std::size_t> take(std::uint64_t now_ms);

 private:
  std::vector<std::uint64_t> due_;  ///< [block]
  std::size_t next_ = 0;
};

}  // namespace capmap
