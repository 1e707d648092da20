#pragma once
#include <cstdint>
#include <deque>
#include <unordered_map>

#include "controller/map/child.hpp"

namespace capmap {

/// Messages of child controllers between the socket and the map thread. A child's message holds thousands of nodes: were each handed on
/// as it comes, what agents say would stand in line behind seconds of it. So the map has two turns' worth at most before it, children
/// take turns message by message, and a child that has sent more than it was answered, by kMostHeld, loses what goes beyond.
/// Owned by ingest; one thread; pure.
class ChildBacklog {
 public:
  static constexpr std::size_t kMostHeld = 64;          ///< messages a child; one with no more unanswered loses none
  static constexpr std::uint64_t kTurnCost = 65'536;    ///< a turn ends with the message that reaches it; about a node's readings each
  static constexpr std::uint32_t kMostTurns = 2;        ///< with the map, not answered yet
  static constexpr std::uint64_t kLostAfterMs = 2'000;  ///< no answer for so long: it was dropped, nothing is waited for

  /// False: this child has too many here already.
  bool put(ChildReport report, std::uint64_t received_ms);
  [[nodiscard]] bool empty() const { return turns_.empty(); }
  /// What the map is given now; empty while it has enough. States are older by the time they waited here.
  [[nodiscard]] std::vector<ChildReport> next(std::uint64_t now_ms);
  /// The map has answered a turn.
  void answered(std::uint64_t now_ms);

 private:
  struct Held {
    ChildReport report;
    std::uint64_t received_ms = 0;
  };
  std::unordered_map<ControllerId, std::deque<Held>, IdHash> held_;
  std::deque<ControllerId> turns_;  ///< children that have messages here, who is next first
  std::uint32_t with_map_ = 0;
  std::uint64_t heard_ms_ = 0;  ///< when the map was given or answered something last
};

}  // namespace capmap
