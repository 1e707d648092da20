#include "controller/map/cells.hpp"

#include <algorithm>

#include "common/check.hpp"

namespace capmap {
namespace {

bool is_empty(const Cell& cell) {
  Cell empty;
  empty.key = cell.key;
  return cell == empty;
}

}  // namespace

CellTable::CellTable() : cells_(1) {}

CellSlot CellTable::add(const CellKey& key, const Contribution& part) {
  const auto [at, made] = slots_.try_emplace(key, 0);
  if (made) {
    if (free_.empty()) {
      at->second = static_cast<CellSlot>(cells_.size());
      cells_.emplace_back();
    } else {
      at->second = free_.back();
      free_.pop_back();
    }
    cells_[at->second] = std::make_unique<Cell>();
    cells_[at->second]->key = key;
    arrived_.emplace_back(key, at->second);
  }
  ++cells_[at->second]->nodes;
  shift(*cells_[at->second], Contribution{}, part);
  return at->second;
}

void CellTable::remove(CellSlot slot, const Contribution& part) {
  auto& cell = *cells_[slot];
  --cell.nodes;
  shift(cell, part, Contribution{});
  if (cell.nodes > 0) return;
  check(is_empty(cell), "a cell without nodes still holds something");
  slots_.erase(cell.key);
  cells_[slot].reset();
  free_.push_back(slot);
  some_left_ = true;
}

CellSlot CellTable::change(CellSlot slot, const Contribution& before, const CellKey& key, const Contribution& after) {
  auto& cell = *cells_[slot];
  if (cell.key != key) {
    remove(slot, before);
    return add(key, after);
  }
  shift(cell, before, after);
  return slot;
}

std::vector<Cell> CellTable::ordered() const {
  bring_in_order();
  std::vector<Cell> cells;
  cells.reserve(order_.size());
  for (const auto& [key, slot] : order_) cells.push_back(*cells_[slot]);
  return cells;
}

/// Cost: nothing while the set of cells stands, else a pass over the order and a sort of what is new.
void CellTable::bring_in_order() const {
  if (some_left_) {
    // A key that went and came back may stand in both lists: with two slots, of which one holds it, or twice with the same.
    const auto gone = [this](const Placed& placed) {
      const auto& cell = cells_[placed.second];
      return !cell || cell->key != placed.first;
    };
    std::erase_if(order_, gone);
    std::erase_if(arrived_, gone);
    some_left_ = false;
  }
  if (arrived_.empty()) return;
  std::sort(arrived_.begin(), arrived_.end());
  const auto middle = static_cast<std::ptrdiff_t>(order_.size());
  order_.insert(order_.end(), arrived_.begin(), arrived_.end());
  std::inplace_merge(order_.begin(), order_.begin() + middle, order_.end());
  order_.erase(std::unique(order_.begin(), order_.end()), order_.end());
  arrived_.clear();
}

std::size_t CellTable::KeyHash::operator()(const CellKey& key) const {
  std::uint64_t hash = (std::uint64_t{key.site} << 32) | key.hardware;
  hash ^= std::uint64_t{key.pool} * 0x9E37'79B9'7F4A'7C15U;
  hash ^= (static_cast<std::uint64_t>(key.liveness) | static_cast<std::uint64_t>(key.service) << 8 |
           static_cast<std::uint64_t>(key.verdict) << 16) *
          0xC2B2'AE3D'27D4'EB4FU;
  hash = (hash ^ hash >> 32) * 0x9E37'79B9'7F4A'7C15U;
  return static_cast<std::size_t>(hash ^ hash >> 29);
}

}  // namespace capmap
