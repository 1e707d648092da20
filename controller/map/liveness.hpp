#pragma once
#include <array>
#include <cstdint>
#include <optional>

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

/// Three queues of rows threaded through the table's links: resyncing (in any order), fresh and stale, both ordered by when they were
/// heard because time does not go back. So what expires next stands at the front, and nobody else is looked at. Lost rows are in none.
class LivenessQueues {
 public:
  explicit LivenessQueues(NodeTable& nodes);
  /// Puts a row, in no queue, at the end of the queue of `liveness`.
  void enter(RowIndex row, Liveness liveness);
  /// Takes a row out of the queue of `liveness`, where it is.
  void leave(RowIndex row, Liveness liveness);
  [[nodiscard]] std::optional<RowIndex> front(Liveness liveness) const;
  [[nodiscard]] std::uint32_t size(Liveness liveness) const;

 private:
  struct Queue {
    RowIndex first = 0, last = 0;
    std::uint32_t size = 0;
  };
  NodeTable* nodes_;
  std::array<Queue, kLivenessCount> queues_{};
};

}  // namespace capmap
