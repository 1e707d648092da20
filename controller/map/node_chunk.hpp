#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "controller/map/contribution.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// What of a node's row is copied without its cold record: who, where, and as what it counts.
struct NodeBrief {
  NodeId id;
  std::uint32_t slot = 0;  ///< its place in its chunk
  std::uint32_t site = 0, pool = 0, hardware = 0, interval_ms = 0;
  Liveness liveness = Liveness::kResyncing;
  ServiceState service = ServiceState::kInService, counted_service = ServiceState::kInService;
  Verdict verdict = Verdict::kUnproven;
  bool counted = false;  ///< in a cell
  std::uint64_t revision = 0;
  std::optional<std::uint64_t> last_heard_boot_ms;  ///< absent: not since this controller started
};

/// What is wanted of rows beside how many there are.
struct NodeParts {
  bool briefs = false, numbers = false, rows = false;
  [[nodiscard]] bool none() const { return !briefs && !numbers && !rows; }
  /// All that `other` wants is here.
  [[nodiscard]] bool cover(const NodeParts& other) const {
    return (briefs || !other.briefs) && (numbers || !other.numbers) && (rows || !other.rows);
  }
};

/// Rows that were wanted, ascending by slot: each part that was asked for has one entry a row.
struct NodeChunk {
  std::size_t count = 0;
  std::vector<NodeBrief> briefs;
  std::vector<Contribution> numbers;
  std::vector<NodeRow> rows;
};

}  // namespace capmap
