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
  return {part.accelerators_used, part.accelerators_free, part.accelerators_use_unknown, part.accelerators_unhealthy,
          part.heard_ms ? 1U : 0U};
}

std::array<std::optional<std::size_t>, kHistogramCount> buckets_of(const Contribution& part) {
  constexpr std::uint64_t kMillicores = 1'000, kMibPerGib = 1'024;
  std::array<std::optional<std::size_t>, kHistogramCount> buckets;
  if (part.cpu_free_millicores) buckets[kFreeCores] = power_bucket(*part.cpu_free_millicores / kMillicores);
  if (part.memory_free_mib) buckets[kFreeMemory] = power_bucket(*part.memory_free_mib / kMibPerGib);
  buckets[kFreeAccelerators] = part.free_accelerators_bucket;
  return buckets;
}

/// Moves one node between buckets. Returns one more than the highest that is not empty.
std::uint8_t move_bucket(CellHistograms& histograms, std::size_t cell, std::size_t which, std::size_t top,
                         const std::optional<std::size_t>& before, const std::optional<std::size_t>& after) {
  if (before) {
    auto count = histograms.count(cell, which, *before);
    subtract(count, 1);
    histograms.set(cell, which, *before, count);
  }
  if (after) {
    histograms.set(cell, which, *after, histograms.count(cell, which, *after) + 1);
    top = std::max(top, *after + 1);
  }
  while (top > 0 && histograms.count(cell, which, top - 1) == 0) --top;
  return static_cast<std::uint8_t>(top);
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
  if (slot >= of_slot_.size()) {
    of_slot_.resize(slot + 1);
    heard_.resize(slot + 1);
  }
  return slot;
}

CellSlot CellTable::add(const CellKey& key, const Contribution& part) {
  const auto hash = hash_of(key);
  const auto found = index_.find(hash, [&](CellSlot slot) { return of_slot_[slot] == key; });
  const auto slot = found ? *found : take_slot(key.site);
  auto& keys = writable(keys_, slot / kBlockCells);
  const auto i = slot % kBlockCells;
  if (!found) {
    of_slot_[slot] = key;
    index_.add(hash, slot, hash_of_slot());
    ++cells_;
    keys.run_site[i / kRunCells] = key.site;
    keys.pool[i] = key.pool;
    keys.hardware[i] = key.hardware;
    keys.set_state(i, state_code(key.liveness, key.service, key.verdict));
  }
  ++keys.nodes[i];
  known_stale_[slot / kBlockCells] = 1;
  shift(slot, Contribution{}, part);
  return slot;
}

void CellTable::remove(CellSlot slot, const Contribution& part) {
  shift(slot, part, Contribution{});
  auto& keys = writable(keys_, slot / kBlockCells);
  const auto i = slot % kBlockCells;
  known_stale_[slot / kBlockCells] = 1;
  if (--keys.nodes[i] > 0) return;
  check_empty(slot);
  keys.set_state(i, kFreeSlot);
  keys.pool[i] = keys.hardware[i] = 0;
  runs_.give(of_slot_[slot].site, slot);
  index_.remove(hash_of(of_slot_[slot]), slot, hash_of_slot());
  --cells_;
}

CellSlot CellTable::change(CellSlot slot, const Contribution& before, const CellKey& key, const Contribution& after) {
  if (of_slot_[slot] != key) {
    remove(slot, before);
    return add(key, after);
  }
  shift(slot, before, after);
  return slot;
}

void CellTable::shift(CellSlot slot, const Contribution& before, const Contribution& after) {
  const auto old_amounts = amounts_of(before), new_amounts = amounts_of(after);
  for (std::size_t i = 0; i < kCellSumCount; ++i) {
    if (old_amounts[i] == new_amounts[i]) continue;
    auto sum = sums_[slot / kBlockCells].sum(i, slot % kBlockCells);
    subtract(sum, old_amounts[i].value_or(0));
    raise(sum, new_amounts[i].value_or(0));
    set_sum(slot, i, sum);
    if (old_amounts[i].has_value() != new_amounts[i].has_value()) {
      shift_count(narrow(slot, kNarrowKnown + i), old_amounts[i] ? 1 : 0, new_amounts[i] ? 1 : 0);
      known_stale_[slot / kBlockCells] = 1;
    }
  }
  const auto old_counts = counts_of(before), new_counts = counts_of(after);
  for (std::size_t i = 0; i < kCellCountCount; ++i) {
    if (old_counts[i] != new_counts[i]) shift_count(narrow(slot, kNarrowCount + i), old_counts[i], new_counts[i]);
  }
  shift_histograms(slot, before, after);
  if (before.heard_ms != after.heard_ms) shift_heard(slot, before, after);
}

void CellTable::shift_histograms(CellSlot slot, const Contribution& before, const Contribution& after) {
  const auto old_buckets = buckets_of(before), new_buckets = buckets_of(after);
  if (slot / kHistogramBlockCells < histograms_.all.size() && old_buckets == new_buckets) return;
  auto& histograms = writable(histograms_, slot / kHistogramBlockCells);
  const auto i = slot % kHistogramBlockCells;
  for (std::size_t k = 0; k < kHistogramCount; ++k) {
    if (old_buckets[k] == new_buckets[k]) continue;
    auto& sums = sums_[slot / kBlockCells];
    const auto top_before = sums.top(k)[slot % kBlockCells];
    const auto top = move_bucket(histograms, i, k, top_before, old_buckets[k], new_buckets[k]);
    if (top != top_before) writable(sums.tops[k], tops_written_[slot / kBlockCells][k], slot) = top;
  }
}

void CellTable::shift_heard(CellSlot slot, const Contribution& before, const Contribution& after) {
  const auto width_ms = kHeardSlotMs[static_cast<std::size_t>(of_slot_[slot].liveness)];
  auto& slots = heard_[slot];
  const auto at = [&slots, width_ms](std::uint64_t heard_ms) {
    return std::ranges::lower_bound(slots, heard_slot(heard_ms, width_ms), {}, [](const auto& entry) { return entry.first; });
  };
  auto& heard_ms_sum = wide(slot, kWideHeard);
  if (after.heard_ms) {
    auto entry = at(*after.heard_ms);
    const auto now = heard_slot(*after.heard_ms, width_ms);
    if (entry == slots.end() || entry->first != now) entry = slots.insert(entry, {now, 0});
    ++entry->second;
    raise(heard_ms_sum, *after.heard_ms);
  }
  if (before.heard_ms) {
    const auto entry = at(*before.heard_ms);
    subtract(entry->second, 1);
    if (entry->second == 0) slots.erase(entry);
    subtract(heard_ms_sum, *before.heard_ms);
  }
  const auto oldest_ms = slots.empty() ? UINT64_MAX : slots.front().first * width_ms;
  if (sums_[slot / kBlockCells].oldest_heard_ms()[slot % kBlockCells] != oldest_ms) wide(slot, kWideOldest) = oldest_ms;
}

void CellTable::check_empty(CellSlot slot) const {
  const auto& sums = sums_[slot / kBlockCells];
  const auto at = slot % kBlockCells;
  std::uint64_t left = 0;
  left |= sums.heard_ms_sum()[at];
  for (const auto& column : sums.narrow) left |= (*column)[at];
  for (const auto& column : sums.tops) left |= (*column)[at];
  check(left == 0 && heard_[slot].empty(), "a cell without nodes still holds something");
}

CellColumns CellTable::publish() {
  for (std::size_t block = 0; block < known_stale_.size(); ++block) {
    if (std::exchange(known_stale_[block], 0) != 0) sums_[block].find_known_nodes(*keys_.all[block]);
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
