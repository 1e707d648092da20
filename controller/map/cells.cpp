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

template <class Counter>
void add(Counter& counter, std::uint64_t amount) {
  counter = static_cast<Counter>(counter + amount);
}

template <class Counter>
void subtract(Counter& counter, std::uint64_t amount) {
  if (counter < amount) check(false, "a cell would fall below zero");
  counter = static_cast<Counter>(counter - amount);
}

/// Puts one value in the place of another; where nothing changes, nothing is touched.
void shift(ReadingSum& sum, const std::optional<std::uint64_t>& before, const std::optional<std::uint64_t>& after) {
  if (before == after) return;
  if (before) {
    subtract(sum.sum, *before);
    subtract(sum.known, 1);
  }
  if (after) {
    add(sum.sum, *after);
    add(sum.known, 1);
  }
}

void shift(std::uint32_t& count, std::uint32_t before, std::uint32_t after) {
  if (before == after) return;
  subtract(count, before);
  add(count, after);
}

template <std::size_t N>
void shift(std::array<std::uint32_t, N>& histogram, const std::optional<std::size_t>& before, const std::optional<std::size_t>& after) {
  if (before == after) return;
  if (before) subtract(histogram[*before], 1);
  if (after) add(histogram[*after], 1);
}

std::optional<std::size_t> bucket_of(const std::optional<std::uint64_t>& amount, std::uint64_t unit) {
  if (!amount) return std::nullopt;
  return power_bucket(*amount / unit);
}

/// Takes a node out of the slot of when it was heard, or puts it in.
void count_heard(Cell& cell, const std::optional<std::uint64_t>& heard_ms, bool in) {
  if (!heard_ms) return;
  const auto wanted = *heard_ms / kHeardSlotMs[static_cast<std::size_t>(cell.key.liveness)];
  auto& slots = cell.heard_slots;
  auto at = std::lower_bound(slots.begin(), slots.end(), wanted, [](const auto& slot, std::uint64_t value) { return slot.first < value; });
  if (at == slots.end() || at->first != wanted) at = slots.insert(at, {wanted, 0});
  if (in) {
    add(at->second, 1);
    return;
  }
  subtract(at->second, 1);
  if (at->second == 0) slots.erase(at);
}

/// Replaces what a node adds to a cell; a Contribution of nothing stands for not being there.
void shift(Cell& cell, const Contribution& before, const Contribution& after) {
  for (std::size_t i = 0; i < kReadingCount; ++i) shift(cell.*kSumFields[i], before.readings[i], after.readings[i]);
  shift(cell.cpu_free_millicores, before.cpu_free_millicores, after.cpu_free_millicores);
  shift(cell.memory_free_mib, before.memory_free_mib, after.memory_free_mib);
  shift(cell.accelerators_used, before.accelerators_used, after.accelerators_used);
  shift(cell.accelerators_free, before.accelerators_free, after.accelerators_free);
  shift(cell.accelerators_use_unknown, before.accelerators_use_unknown, after.accelerators_use_unknown);
  shift(cell.accelerators_unhealthy, before.accelerators_unhealthy, after.accelerators_unhealthy);
  const auto cores_bucket = [](const Contribution& part) { return bucket_of(part.cpu_free_millicores, kMillicores); };
  const auto memory_bucket = [](const Contribution& part) { return bucket_of(part.memory_free_mib, kMibPerGib); };
  shift(cell.free_cores_histogram, cores_bucket(before), cores_bucket(after));
  shift(cell.free_memory_gib_histogram, memory_bucket(before), memory_bucket(after));
  shift(cell.free_accelerators_histogram, before.free_accelerators_bucket, after.free_accelerators_bucket);
  if (before.heard_ms == after.heard_ms) return;
  count_heard(cell, after.heard_ms, true);
  count_heard(cell, before.heard_ms, false);
  add(cell.heard_ms_sum, after.heard_ms.value_or(0));
  subtract(cell.heard_ms_sum, before.heard_ms.value_or(0));
  shift(cell.heard_nodes, before.heard_ms ? 1 : 0, after.heard_ms ? 1 : 0);
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
    const std::uint64_t all = nodes.levels(row).memory_total_mib;
    part.memory_free_mib = all - std::min<std::uint64_t>(all, *used);
  }
}

void add_accelerators(Contribution& part, const NodeTable& nodes, RowIndex row, const HardwareFacts& facts) {
  if (nodes.place(row).shape == 0) return;
  const auto devices = facts.accelerators == 0 ? Devices{} : nodes.devices(row);  // most rows have none: nothing to fetch
  const std::uint32_t known = std::uint32_t{devices.used} + devices.free + devices.unhealthy;
  part.accelerators_used = devices.used;
  part.accelerators_free = devices.free;
  part.accelerators_unhealthy = devices.unhealthy;
  part.accelerators_use_unknown = facts.accelerators - std::min(known, facts.accelerators);
  if (known == 0 && facts.accelerators > 0) return;
  part.free_accelerators_bucket = std::min<std::size_t>(devices.free, kFreeAcceleratorBuckets - 1);
}

}  // namespace

Contribution contribution_of(const NodeTable& nodes, RowIndex row, const HardwareFacts& facts) {
  Contribution part;
  const auto& place = nodes.place(row);
  const auto& readings = nodes.levels(row).readings;
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
