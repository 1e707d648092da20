#include "controller/map/cells.hpp"

#include <algorithm>
#include <utility>

#include "common/check.hpp"

namespace capmap {
namespace {

template <class Counter>
void raise(Counter& counter, std::uint64_t amount) {
  counter = static_cast<Counter>(counter + amount);
}

template <class Counter>
void subtract(Counter& counter, std::uint64_t amount) {
  if (counter < amount) check(false, "a cell would fall below zero");
  counter = static_cast<Counter>(counter - amount);
}

void shift_count(std::uint32_t& count, std::uint32_t before, std::uint32_t after) {
  if (before == after) return;
  subtract(count, before);
  raise(count, after);
}

using Amounts = std::array<std::optional<std::uint64_t>, kCellSumCount>;

Amounts amounts_of(const Contribution& part) {
  Amounts amounts;
  for (std::size_t i = 0; i < part.readings.size(); ++i) amounts[i] = part.readings[i];
  amounts[kSumCpuFree] = part.cpu_free_millicores;
  amounts[kSumMemoryFree] = part.memory_free_mib;
  amounts[kSumStorageFree] = part.storage_free_mb;
  return amounts;
}

std::array<std::uint32_t, kCellCountCount> counts_of(const Contribution& part) {
  return {part.accelerators_used, part.accelerators_free, part.accelerators_use_unknown, part.accelerators_unhealthy};
}

std::array<std::optional<std::size_t>, kHistogramCount> buckets_of(const Contribution& part) {
  constexpr std::uint64_t kMillicores = 1'000, kMibPerGib = 1'024;
  std::array<std::optional<std::size_t>, kHistogramCount> buckets;
  if (part.cpu_free_millicores) buckets[kFreeCores] = power_bucket(*part.cpu_free_millicores / kMillicores);
  if (part.memory_free_mib) buckets[kFreeMemory] = power_bucket(*part.memory_free_mib / kMibPerGib);
  buckets[kFreeAccelerators] = part.free_accelerators_bucket;
  return buckets;
}

/// Moves one node between buckets.
void move_bucket(CellHistograms& histograms, std::size_t cell, std::size_t which, const std::optional<std::size_t>& before,
                 const std::optional<std::size_t>& after) {
  if (before) {
    auto count = histograms.count(cell, which, *before);
    subtract(count, 1);
    histograms.set(cell, which, *before, count);
  }
  if (after) histograms.set(cell, which, *after, histograms.count(cell, which, *after) + 1);
}

}  // namespace

CellTable::CellTable() = default;

template <class Block>
Block& CellTable::writable(Blocks<Block>& blocks, std::size_t index) {
  if (index >= blocks.all.size()) {
    blocks.all.push_back(std::make_shared<Block>());
    blocks.written.push_back(generation_);
  } else if (blocks.written[index] != generation_) {
    blocks.all[index] = std::make_shared<Block>(*blocks.all[index]);
    blocks.written[index] = generation_;
  }
  return *blocks.all[index];
}

template <class Column, class Written>
auto& CellTable::writable(Column& column, Written& written, CellSlot slot) {
  if (written != generation_) {
    column = std::make_shared<typename Column::element_type>(*column);
    written = generation_;
  }
  return (*column)[slot % kBlockCells];
}

std::uint64_t& CellTable::wide(CellSlot slot, std::size_t column) {
  const auto block = slot / kBlockCells;
  return writable(sums_[block].wide[column], wide_written_[block][column], slot);
}

std::uint32_t& CellTable::narrow(CellSlot slot, std::size_t column) {
  const auto block = slot / kBlockCells;
  return writable(sums_[block].narrow[column], narrow_written_[block][column], slot);
}

void CellTable::set_sum(CellSlot slot, std::size_t column, std::uint64_t value) {
  narrow(slot, kNarrowLow + column) = static_cast<std::uint32_t>(value);
  const auto high = static_cast<std::uint32_t>(value >> 32);
  if (sums_[slot / kBlockCells].high(column)[slot % kBlockCells] != high) narrow(slot, kNarrowHigh + column) = high;
}

CellSlot CellTable::take_slot(std::uint32_t site) {
  const auto slot = runs_.take(site);
  ++layout_;
  if (slot / kBlockCells >= sums_.size()) {
    sums_.emplace_back();
    wide_written_.emplace_back();  // no generation: the first change makes a column of its own
    narrow_written_.emplace_back();
    tops_written_.emplace_back();
    known_stale_.push_back(1);
  }
  if (slot >= slots_) {
    slots_ = slot + 1;
    heard_.resize(slots_);
  }
  return slot;
}

CellSlot CellTable::add(const CellKey& key, const Contribution& part) {
  const auto hash = hash_of(key);
  const auto found = index_.find(hash, [&](CellSlot slot) { return this->key(slot) == key; });
  const auto slot = found ? *found : take_slot(key.site);
  auto& keys = writable(keys_, slot / kBlockCells);
  const auto i = slot % kBlockCells;
  if (!found) {
    ++cells_;
    keys.run_site[i / kRunCells] = key.site;
    keys.pool[i] = key.pool;
    keys.hardware[i] = key.hardware;
    keys.set_state(i, state_code(key.liveness, key.service, key.verdict));
    index_.add(hash, slot, hash_of_slot());
  }
  ++keys.nodes[i];
  known_stale_[slot / kBlockCells] = 1;
  shift(slot, Node::kComes, Contribution{}, part);
  return slot;
}

void CellTable::remove(CellSlot slot, const Contribution& part) {
  shift(slot, Node::kGoes, part, Contribution{});
  auto& keys = writable(keys_, slot / kBlockCells);
  const auto i = slot % kBlockCells;
  known_stale_[slot / kBlockCells] = 1;
  if (--keys.nodes[i] > 0) return;
  check_empty(slot);
  const auto key = keys.key(i);
  index_.remove(hash_of(key), slot, hash_of_slot());
  runs_.give(key.site, slot);
  keys.set_state(i, kFreeSlot);
  keys.pool[i] = keys.hardware[i] = 0;
  --cells_;
}

CellSlot CellTable::change(CellSlot slot, const Contribution& before, const CellKey& key, const Contribution& after) {
  if (this->key(slot) != key) {
    remove(slot, before);
    return add(key, after);
  }
  update(slot, before, after);
  return slot;
}

void CellTable::shift(CellSlot slot, Node node, const Contribution& before, const Contribution& after) {
  const auto old_amounts = amounts_of(before), new_amounts = amounts_of(after);
  for (std::size_t i = 0; i < kCellSumCount; ++i) {
    shift_known(slot, node, i, old_amounts[i].has_value(), new_amounts[i].has_value());
    const auto old_amount = old_amounts[i].value_or(0), new_amount = new_amounts[i].value_or(0);
    if (old_amount == new_amount) continue;
    auto sum = sums_[slot / kBlockCells].sum(i, slot % kBlockCells);
    subtract(sum, old_amount);
    raise(sum, new_amount);
    set_sum(slot, i, sum);
  }
  shift_known(slot, node, kKnownHeard, before.heard_ms.has_value(), after.heard_ms.has_value());
  const auto old_counts = counts_of(before), new_counts = counts_of(after);
  for (std::size_t i = 0; i < kCellCountCount; ++i) {
    if (old_counts[i] != new_counts[i]) shift_count(narrow(slot, kNarrowCount + i), old_counts[i], new_counts[i]);
  }
  shift_histograms(slot, before, after);
  if (before.heard_ms != after.heard_ms) shift_heard(slot, before, after);
}

void CellTable::shift_known(CellSlot slot, Node node, std::size_t column, bool was, bool is) {
  const auto block = slot / kBlockCells;
  auto& known_nodes = sums_[block].known_nodes[column];
  if (known_nodes == KnownNodes::kAll) {  // the nodes are the column
    if (is || node == Node::kGoes) return;
    auto nodes = std::make_shared<ColumnBlock<std::uint32_t>>();
    std::ranges::copy(keys_.all[block]->nodes, nodes->begin());
    sums_[block].narrow[kNarrowKnown + column] = std::move(nodes);
    narrow_written_[block][kNarrowKnown + column] = generation_;
    known_nodes = KnownNodes::kSome;
    was = true;  // also one that comes: it is among those nodes
  }
  if (was == is) return;
  shift_count(narrow(slot, kNarrowKnown + column), was ? 1 : 0, is ? 1 : 0);
  known_stale_[block] = 1;
}

void CellTable::shift_histograms(CellSlot slot, const Contribution& before, const Contribution& after) {
  const auto old_buckets = buckets_of(before), new_buckets = buckets_of(after);
  if (slot / kHistogramBlockCells < histograms_.all.size() && old_buckets == new_buckets) return;
  auto& histograms = writable(histograms_, slot / kHistogramBlockCells);
  const auto i = slot % kHistogramBlockCells;
  for (std::size_t k = 0; k < kHistogramCount; ++k) {
    if (old_buckets[k] == new_buckets[k]) continue;
    move_bucket(histograms, i, k, old_buckets[k], new_buckets[k]);
    auto& sums = sums_[slot / kBlockCells];
    const auto top = histograms.top(i, k);
    if (top != sums.top(k)[slot % kBlockCells]) writable(sums.tops[k], tops_written_[slot / kBlockCells][k], slot) = top;
  }
}

void CellTable::shift_heard(CellSlot slot, const Contribution& before, const Contribution& after) {
  const auto width_ms = heard_width_ms(slot);
  auto& heard_ms_sum = wide(slot, kWideHeard);
  if (after.heard_ms) {
    heard_.add(slot, heard_slot(*after.heard_ms, width_ms), 1);
    raise(heard_ms_sum, *after.heard_ms);
  }
  if (before.heard_ms) {
    heard_.take(slot, heard_slot(*before.heard_ms, width_ms), 1);
    subtract(heard_ms_sum, *before.heard_ms);
  }
  find_oldest(slot, width_ms);
}

void CellTable::find_oldest(CellSlot slot, std::uint64_t width_ms) {
  const auto oldest_ms = heard_.empty(slot) ? UINT64_MAX : heard_.first(slot) * width_ms;
  if (sums_[slot / kBlockCells].oldest_heard_ms()[slot % kBlockCells] != oldest_ms) wide(slot, kWideOldest) = oldest_ms;
}

void CellTable::check_empty(CellSlot slot) const {
  const auto& sums = sums_[slot / kBlockCells];
  const auto at = slot % kBlockCells;
  std::uint64_t left = 0;
  left |= sums.heard_ms_sum()[at];
  for (const auto& column : sums.narrow) left |= (*column)[at];
  for (const auto& column : sums.tops) left |= (*column)[at];
  check(left == 0 && heard_.empty(slot), "a cell without nodes still holds something");
}

CellColumns CellTable::publish() {
  for (std::size_t block = 0; block < known_stale_.size(); ++block) {
    if (std::exchange(known_stale_[block], 0) == 0) continue;
    auto& sums = sums_[block];
    sums.find_known_nodes(*keys_.all[block]);
    for (std::size_t i = 0; i < kKnownCount; ++i) {
      if (sums.known_nodes[i] == KnownNodes::kSome) continue;
      sums.narrow[kNarrowKnown + i] = zero_column();
      narrow_written_[block][kNarrowKnown + i] = 0;
    }
  }
  CellColumns columns;
  columns.keys_.assign(keys_.all.begin(), keys_.all.end());
  columns.sums_ = sums_;
  columns.histograms_.assign(histograms_.all.begin(), histograms_.all.end());
  columns.cells_ = cells_;
  ++generation_;
  return columns;
}

std::size_t CellTable::hash_of(const CellKey& key) {
  std::uint64_t hash = (std::uint64_t{key.site} << 32) | key.hardware;
  hash ^= std::uint64_t{key.pool} * 0x9E37'79B9'7F4A'7C15U;
  hash ^= state_code(key.liveness, key.service, key.verdict) * 0xC2B2'AE3D'27D4'EB4FU;
  hash = (hash ^ hash >> 32) * 0x9E37'79B9'7F4A'7C15U;
  return static_cast<std::size_t>(hash ^ hash >> 29);
}

}  // namespace capmap
