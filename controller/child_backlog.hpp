#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "controller/map/child.hpp"

namespace capmap {

/// Messages of child controllers between the socket and the end of their work in the map thread. A child's message holds thousands of
/// nodes: were each handed on as it comes, what agents say would stand in line behind seconds of it. So the map has two turns' worth at
/// most before it, and children take turns message by message. What is here or with the map is bounded in bytes: a child loses what
/// would be more than it leaves free for others, and so does one that has sent more than it was answered, by kMostHeld. Who loses
/// messages hears no ack for them, and acks give longer intervals meanwhile. Owned by ingest; one thread; pure.
class ChildBacklog {
 public:
  static constexpr std::size_t kMostHeld = 64;            ///< messages a child; one with no more unanswered loses none by number
  static constexpr std::uint64_t kMostBytes = 64U << 20;  ///< of all children; what the map works on is in it
  static constexpr std::uint64_t kTurnCost = 65'536;      ///< a turn ends with the message that reaches it; about a node's readings each
  static constexpr std::uint32_t kMostTurns = 2;          ///< with the map, not done yet
  static constexpr std::uint64_t kLostAfterMs = 2'000;    ///< no answer for so long: it may have been dropped, one turn more asks again
  static constexpr std::uint32_t kMostAskedAgain = 8;     ///< such turns

  /// False: this child has too many here already, or too much of what there is room for.
  bool put(ChildReport report, std::uint64_t received_ms);
  [[nodiscard]] bool empty() const { return turns_.empty(); }
  /// What the map is given now; empty while it has enough. States are older by the time they waited here.
  [[nodiscard]] std::vector<ChildReport> next(std::uint64_t now_ms);
  /// The map has done so many reports of children since its start. An answer that was dropped is made up for by the next one.
  void answered(std::uint64_t reports_done, std::uint64_t now_ms);
  /// Bytes here and with the map.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// The interval that a child is given with its ack: longer while there is little room.
  [[nodiscard]] std::uint32_t stretched(std::uint32_t interval_ms) const;

 private:
  struct Held {
    ChildReport report;
    std::uint64_t received_ms = 0, bytes = 0;
  };
  struct Child {
    std::deque<Held> messages;
    std::uint64_t bytes = 0;
  };
  struct Turn {
    std::uint64_t last_report = 0, bytes = 0;  ///< its last report is the map's so-and-so-manyth
  };
  std::unordered_map<ControllerId, Child, IdHash> held_;
  std::deque<ControllerId> turns_;  ///< children that have messages here, who is next first
  std::deque<Turn> with_map_;
  std::uint64_t bytes_ = 0, given_ = 0;  ///< given_: reports, since the start
  std::uint32_t asked_again_ = 0;
  std::uint64_t heard_ms_ = 0;  ///< when the map was given or answered something last
};

}  // namespace capmap
