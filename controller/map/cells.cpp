#include "controller/map/cells.hpp"

#include <algorithm>
#include <bit>

#include "common/check.hpp"

namespace capmap {
namespace {

constexpr std::array<ReadingSum Cell::*, kReadingCount> kSumFields = {
    &Cell::cpu_busy_millicores, &Cell::memory_used_mib,      &Cell::storage_used_mb,      &Cell::storage_read_kbs,
    &Cell::storage_write_kbs,   &Cell::network_receive_kbps, &Cell::network_transmit_kbps};

constexpr std::uint64_t kMillicores = 1'000;
constexpr std::uint64_t kMibPerGib = 1'024;

struct Plus {
  template <class Counter>
  void operator()(Counter& counter, std::uint64_t amount) const {
    counter = static_cast<Counter>(counter + amount);
  }
};

struct Minus {
  template <class Counter>
  void operator()(Counter& counter, std::uint64_t amount) const {
    if (counter < amount) check(false, "a cell would fall below zero");
    counter = static_cast<Counter>(counter - amount);
  }
};

template <class Step>
void fold_reading(ReadingSum& sum, std::optional<std::uint64_t> value, Step step) {
  if (!value) return;
  step(sum.sum, *value);
  step(sum.known, 1);
}

template <class Step>
void fold_amounts(Cell& cell, const Contribution& part, Step step) {
  for (std::size_t i = 0; i < kReadingCount; ++i) fold_reading(cell.*kSumFields[i], part.readings[i], step);
  fold_reading(cell.cpu_free_millicores, part.cpu_free_millicores, step);
  fold_reading(cell.memory_free_mib, part.memory_free_mib, step);
  step(cell.accelerators_used, part.accelerators_used);
  step(cell.accelerators_free, part.accelerators_free);
  step(cell.accelerators_use_unknown, part.accelerators_use_unknown);
  step(cell.accelerators_unhealthy, part.accelerators_unhealthy);
  if (part.cpu_free_millicores) step(cell.free_cores_histogram[power_bucket(*part.cpu_free_millicores / kMillicores)], 1);
  if (part.memory_free_mib) step(cell.free_memory_gib_histogram[power_bucket(*part.memory_free_mib / kMibPerGib)], 1);
  if (part.free_accelerators_bucket) step(cell.free_accelerators_histogram[*part.free_accelerators_bucket], 1);
}

template <class Step>
void fold_heard(Cell& cell, const std::optional<std::uint64_t>& heard_ms, Step step) {
  if (!heard_ms) return;
  step(cell.heard_ms_sum, *heard_ms);
  step(cell.heard_nodes, 1);
  const auto wanted = *heard_ms / kHeardSlotMs[static_cast<std::size_t>(cell.key.liveness)];
  auto& slots = cell.heard_slots;
  auto at = std::lower_bound(slots.begin(), slots.end(), wanted, [](const auto& slot, std::uint64_t value) { return slot.first < value; });
  if (at == slots.end() || at->first != wanted) at = slots.insert(at, {wanted, 0});
  step(at->second, 1);
  if (at->second == 0) slots.erase(at);
}

template <class Step>
void fold(Cell& cell, const Contribution& part, Step step) {
  step(cell.nodes, 1);
  fold_amounts(cell, part, step);
  fold_heard(cell, part.heard_ms, step);
}

bool is_empty(const Cell& cell) {
  Cell empty;
  empty.key = cell.key;
  return cell == empty;
}

void add_free(Contribution& part, const NodeTable& nodes, RowIndex row, const HardwareFacts& facts) {
  const auto& place = nodes.place(row);
  const auto& talk = nodes.talk(row);
  auto pus = facts.pus;
  if (place.is(Place::kPusKnown)) pus = static_cast<std::uint32_t>(talk.pus_allowed);
  if (const auto busy = part.readings[kCpuBusy]; busy && pus) {
    const std::uint64_t all = *pus * kMillicores;
    part.cpu_free_millicores = all - std::min<std::uint64_t>(all, *busy);
  }
  if (const auto used = part.readings[kMemoryUsed]; used && place.is(Place::kMemoryKnown)) {
    const std::uint64_t all = nodes.memory_total_mib(row);
    part.memory_free_mib = all - std::min<std::uint64_t>(all, *used);
  }
}

void add_accelerators(Contribution& part, const NodeTable& nodes, RowIndex row, const HardwareFacts& facts) {
  if (nodes.place(row).shape == 0) return;
  const auto& devices = nodes.devices(row);
  const std::uint32_t known = std::uint32_t{devices.used} + devices.free + devices.unhealthy;
  part.accelerators_used = devices.used;
  part.accelerators_free = devices.free;
  part.accelerators_unhealthy = devices.unhealthy;
  part.accelerators_use_unknown = facts.accelerators - std::min(known, facts.accelerators);
  if (known == 0 && facts.accelerators > 0) return;
  part.free_accelerators_bucket = std::min<std::size_t>(devices.free, kFreeAcceleratorBuckets - 1);
}

}  // namespace

bool Contribution::same_amounts(const Contribution& other) const {
  return readings == other.readings && cpu_free_millicores == other.cpu_free_millicores && memory_free_mib == other.memory_free_mib &&
         accelerators_used == other.accelerators_used && accelerators_free == other.accelerators_free &&
         accelerators_use_unknown == other.accelerators_use_unknown && accelerators_unhealthy == other.accelerators_unhealthy &&
         free_accelerators_bucket == other.free_accelerators_bucket;
}

Contribution contribution_of(const NodeTable& nodes, RowIndex row, const HardwareFacts& facts) {
  Contribution part;
  const auto& place = nodes.place(row);
  const auto& readings = nodes.readings(row);
  for (std::size_t i = 0; i < kReadingCount; ++i) {
    if ((place.known >> i & 1U) != 0) part.readings[i] = readings[i];
  }
  add_free(part, nodes, row, facts);
  add_accelerators(part, nodes, row, facts);
  if (place.is(Place::kHeard)) part.heard_ms = nodes.talk(row).heard_ms;
  return part;
}

std::size_t power_bucket(std::uint64_t value) {
  return std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(value)), kFreeBuckets - 1);
}

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
  fold(*cells_[at->second], part, Plus{});
  return at->second;
}

void CellTable::remove(CellSlot slot, const Contribution& part) {
  auto& cell = *cells_[slot];
  fold(cell, part, Minus{});
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
  if (!before.same_amounts(after)) {
    fold_amounts(cell, before, Minus{});
    fold_amounts(cell, after, Plus{});
  }
  if (before.heard_ms != after.heard_ms) {
    fold_heard(cell, before.heard_ms, Minus{});
    fold_heard(cell, after.heard_ms, Plus{});
  }
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
