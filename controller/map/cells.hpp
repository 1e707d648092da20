#pragma once
#include <cstddef>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controller/map/contribution.hpp"

namespace capmap {

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
