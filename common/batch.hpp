#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "common/messages.hpp"
#include "common/result.hpp"

namespace capmap {

/// What a child controller says of many nodes at once, and what it is answered; common/codec_batch.cpp turns them into bytes and back.
/// Limits: kMaxBatchNodes a message, kMaxMessageBytes a message (some 2,000 nodes a hello, 5,000 states of three readings).
/// A child has at most 64 messages on the way that are not answered yet; of more a part may be lost, and of fewer too while the parent has
/// no room for what children send: it gives longer intervals then.

inline constexpr std::size_t kMaxBatchNodes = 16'384;
inline constexpr std::size_t kMaxNeedShapes = 64;

/// A node of a child: who it is, where it stands, what it is.
struct BatchNode {
  NodeId id;
  SiteId site;
  ShapeId shape;
  std::optional<std::uint32_t> memory_total_mib, pus_allowed;  ///< pus_allowed below 65,535
  bool operator==(const BatchNode&) const = default;
};
struct BatchHello {
  Envelope envelope;
  std::uint32_t first = 0;  ///< number of nodes[0]
  /// Numbers that this run gives in all: what earlier runs named and this one has not is gone once so many are known. Absent: not said.
  std::optional<std::uint32_t> all_nodes;
  std::vector<BatchNode> nodes;  ///< may be empty where all_nodes is said
  bool operator==(const BatchHello&) const = default;
};

/// kGone: no longer this child's, or no longer there: the parent forgets them.
enum class BatchLiveness : std::uint8_t { kUnknown, kFresh, kStale, kLost, kGone };

/// Readings of `count` nodes in columns: a column is empty or has an entry each. In the order of Readings.
inline constexpr std::size_t kBatchReadings = 8;
struct BatchStates {
  Envelope envelope;
  std::uint32_t first = 0, count = 0;
  std::vector<std::uint32_t> nodes;  ///< ascending; empty: first, first + 1, ...
  BatchLiveness liveness = BatchLiveness::kUnknown;
  bool full = false;                                                ///< what has no column is not known; else it stands as it was said last
  std::uint32_t heard_ago_ms = 0;                                   ///< since the child heard the one it heard longest ago
  std::array<std::vector<std::uint32_t>, kBatchReadings> readings;  ///< [reading][node] plus 1; 0 = not known
  /// [node]; all three empty, or none. Devices of the shape that are in none of them have unknown use.
  std::vector<std::uint8_t> accelerators_used, accelerators_free, accelerators_unhealthy;
  bool operator==(const BatchStates&) const = default;
};
/// An entry of a readings column.
inline std::uint32_t batch_entry(const std::optional<std::uint32_t>& value) {
  return value ? (*value == UINT32_MAX ? UINT32_MAX : *value + 1) : 0;
}

using ChildMessage = std::variant<BatchHello, ShapeMessage, BatchStates>;

struct BatchAck {
  std::uint64_t epoch = 0, run_id = 0, time_unix_ms = 0;
  std::uint32_t session = 0;  ///< 0: nothing of this run was taken
  std::uint32_t applied_seq = 0, next_interval_ms = 10'000;
  std::uint32_t nodes = 0;          ///< numbered so far; the next hello begins there
  std::uint32_t refused_nodes = 0;  ///< of them: about sites the child may not speak for, or too many
  std::vector<ShapeId> need_shapes;
  bool operator==(const BatchAck&) const = default;
};

/// As those of common/codec.hpp: decode(encode(x)) == x for what is within the limits, untrusted bytes refused with kMalformed.
Bytes encode(const BatchHello& message);
Bytes encode(const BatchStates& message);
Bytes encode(const BatchAck& message);
Bytes encode(const ChildMessage& message);
Result<ChildMessage> decode_child_message(std::span<const std::byte> bytes);
Result<BatchAck> decode_batch_ack(std::span<const std::byte> bytes);

}  // namespace capmap
