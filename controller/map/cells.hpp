#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controller/map/map_view.hpp"
#include "controller/map/node_table.hpp"
#include "controller/map/shapes.hpp"

namespace capmap {

/// Everything one node adds to its cell.
struct Contribution {
  std::array<std::optional<std::uint32_t>, kReadingCount> readings{};
  std::optional<std::uint64_t> cpu_free_millicores, memory_free_mib;
  std::uint32_t accelerators_used = 0, accelerators_free = 0, accelerators_use_unknown = 0, accelerators_unhealthy = 0;
  std::optional<std::size_t> free_accelerators_bucket;  ///< absent: not one of its devices is known to be free or not
  std::optional<std::uint64_t> heard_ms;
};

/// What the row of a node adds to its cell: the only place that says so.
Contribution contribution_of(const NodeTable& nodes, RowIndex row, const HardwareFacts& facts);

/// Bucket of a histogram by powers of two: 0 for 0, i for 2^(i-1) <= value < 2^i, the last for all above.
std::size_t power_bucket(std::uint64_t value);

/// The cells, kept incrementally: a node's old contribution is taken out and the new one put in. Owned by the map; one thread.
class CellTable {
 public:
  CellTable();
  CellSlot add(const CellKey& key, const Contribution& part);
  void remove(CellSlot slot, const Contribution& part);
  /// Replaces what a node adds, and moves it to another cell where its key has changed. Returns where it is now.
  CellSlot change(CellSlot slot, const Contribution& before, const CellKey& key, const Contribution& after);

  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  /// A copy ordered by key.
  [[nodiscard]] std::vector<Cell> ordered() const;

 private:
  struct KeyHash {
    std::size_t operator()(const CellKey& key) const;
  };
  using Placed = std::pair<CellKey, CellSlot>;

  void bring_in_order() const;

  std::vector<std::unique_ptr<Cell>> cells_;  ///< [slot]; null where free; 0 is never used
  std::vector<CellSlot> free_;
  std::unordered_map<CellKey, CellSlot, KeyHash> slots_;
  mutable std::vector<Placed> order_;    ///< by key, brought up to date when a reader asks
  mutable std::vector<Placed> arrived_;  ///< cells made since
  mutable bool some_left_ = false;       ///< cells of order_ or arrived_ may be gone
};

}  // namespace capmap
