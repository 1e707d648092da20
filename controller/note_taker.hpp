#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "controller/map/reports.hpp"
#include "controller/store/store.hpp"

namespace capmap {

/// Decides what of the reports the store shall note: a node's shape and machine when it says hello, a shape's bytes when the map has
/// learned them, and that a node was seen, once an hour. It keeps nothing a node: an hour has 60 slots, and a node is noted when it speaks
/// in the slot its id falls into, so the writes spread over the hour. A node that speaks less than once a minute is noted less often. Pure;
/// owned by the map thread.
class NoteTaker {
 public:
  static constexpr std::uint64_t kSlotMs = 60'000, kSlots = 60;
  static constexpr std::size_t kMaxWaiting = 65'536;  ///< notes; what comes beyond is dropped and counted

  /// After the map has applied the report. `shape_of` tells the shape the map binds a node to (absent: none): asked for shape messages
  /// alone, because a message may have been refused.
  using ShapeOf = std::function<std::optional<ShapeId>(const NodeId& node)>;
  /// What the map took of what a node says of its machine: asked for hellos alone. Empty: nothing is noted of that.
  using MachineOf = std::function<MachineMarks(const NodeId& node)>;
  void look_at(const ReportBatch& batch, std::uint64_t now_unix_ms, const ShapeOf& shape_of, const MachineOf& machine_of = {});

  /// What is to be written, at most once a second unless much waits; empty: nothing now.
  std::vector<NodeNote> take(std::uint64_t now_boot_ms);
  /// The store had no room: they are tried again before anything else.
  void put_back(std::vector<NodeNote> notes);

  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  NodeNote* note_of(const NodeId& node, std::uint64_t now_unix_ms);

  std::unordered_map<NodeId, NodeNote, IdHash> waiting_;  ///< newest of each node
  std::unordered_set<NodeId, IdHash> seen_in_slot_;       ///< nodes noted in this slot: each once
  std::uint64_t slot_ = 0, taken_at_ms_ = 0, dropped_ = 0;
};

}  // namespace capmap
