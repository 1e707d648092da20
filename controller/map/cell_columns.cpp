#include "controller/map/cell_columns.hpp"

#include <algorithm>
#include <type_traits>

namespace capmap {
namespace {

template <std::size_t N>
std::uint8_t top_of(const std::array<std::uint32_t, N>& histogram) {
  std::size_t top = N;
  while (top > 0 && histogram[top - 1] == 0) --top;
  return static_cast<std::uint8_t>(top);
}

}  // namespace

const std::array<ReadingSum Cell::*, kCellSumCount> kCellSums = {
    &Cell::cpu_busy_millicores, &Cell::memory_used_mib,      &Cell::storage_used_mb,       &Cell::storage_read_kbs,
    &Cell::storage_write_kbs,   &Cell::network_receive_kbps, &Cell::network_transmit_kbps, &Cell::power_watts,
    &Cell::cpu_free_millicores, &Cell::memory_free_mib,      &Cell::storage_free_mb};

const CellColumn<std::uint32_t>& zero_column() {
  static const auto zeros = std::make_shared<ColumnBlock<std::uint32_t>>();
  return zeros;
}

void CellKeys::set_state(std::size_t i, std::uint8_t code) {
  state[i] = code;
  const auto first = i / kRunCells * kRunCells;
  auto all = kFreeSlot;
  for (auto k = first; k < first + kRunCells; ++k) {
    if (state[k] == kFreeSlot) continue;
    all = all == kFreeSlot || all == state[k] ? state[k] : kMixedRun;
  }
  run_state[i / kRunCells] = all;
}

CellSums::CellSums() {
  for (auto& column : wide) column = std::make_shared<ColumnBlock<std::uint64_t>>();
  for (auto& column : narrow) column = zero_column();
  for (auto& column : tops) column = std::make_shared<ColumnBlock<std::uint8_t>>();
  wide[kWideOldest]->fill(UINT64_MAX);
}

void CellSums::find_known_nodes(const CellKeys& keys) {
  without_hardware = false;
  for (std::size_t i = 0; i < kBlockCells; ++i) without_hardware |= keys.hardware[i] == kNoHardware && keys.nodes[i] > 0;
  for (std::size_t column = 0; column < kKnownCount; ++column) {
    if (known_nodes[column] == KnownNodes::kAll) continue;
    known_nodes[column] = KnownNodes::kNone;
    if (is_zero(kNarrowKnown + column)) continue;
    std::uint32_t differs = 0, any = 0;
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      differs |= known(column)[i] ^ keys.nodes[i];
      any |= known(column)[i];
    }
    known_nodes[column] = any == 0 ? KnownNodes::kNone : differs == 0 ? KnownNodes::kAll : KnownNodes::kSome;
  }
}

CellColumns::CellColumns(std::initializer_list<Cell> cells) {
  for (const auto& cell : cells) push_back(cell);
}

void CellColumns::push_back(const Cell& cell) {
  if (next_ % kRunCells != 0 && keys_.back()->site((next_ - 1) % kBlockCells) != cell.key.site) {
    next_ = static_cast<CellSlot>((next_ / kRunCells + 1) * kRunCells);
  }
  const auto at = next_ % kBlockCells, at_histogram = next_ % kHistogramBlockCells;
  auto keys = at == 0 ? std::make_shared<CellKeys>() : std::make_shared<CellKeys>(*keys_.back());
  auto histograms = at_histogram == 0 ? std::make_shared<CellHistograms>() : std::make_shared<CellHistograms>(*histograms_.back());
  keys_.resize(next_ / kBlockCells + 1);
  if (at == 0) sums_.emplace_back();
  CellSums sums;  // copies: another view may hold the columns that are there
  const auto copy = [](auto& to, const auto& from) {
    for (std::size_t i = 0; i < to.size(); ++i) {
      to[i] = std::make_shared<typename std::remove_cvref_t<decltype(to[i])>::element_type>(*from[i]);
    }
  };
  copy(sums.wide, sums_.back().wide);
  copy(sums.narrow, sums_.back().narrow);
  copy(sums.tops, sums_.back().tops);
  histograms_.resize(next_ / kHistogramBlockCells + 1);
  keys->run_site[at / kRunCells] = cell.key.site;
  keys->pool[at] = cell.key.pool;
  keys->hardware[at] = cell.key.hardware;
  keys->set_state(at, state_code(cell.key.liveness, cell.key.service, cell.key.verdict));
  keys->nodes[at] = cell.nodes;
  for (std::size_t i = 0; i < kCellSumCount; ++i) {
    (*sums.narrow[kNarrowLow + i])[at] = static_cast<std::uint32_t>((cell.*kCellSums[i]).sum);
    (*sums.narrow[kNarrowHigh + i])[at] = static_cast<std::uint32_t>((cell.*kCellSums[i]).sum >> 32);
    (*sums.narrow[kNarrowKnown + i])[at] = (cell.*kCellSums[i]).known;
  }
  (*sums.narrow[kNarrowKnown + kKnownHeard])[at] = cell.heard_nodes;
  const std::array counts = {cell.accelerators_used, cell.accelerators_free, cell.accelerators_use_unknown, cell.accelerators_unhealthy};
  for (std::size_t i = 0; i < kCellCountCount; ++i) (*sums.narrow[kNarrowCount + i])[at] = counts[i];
  (*sums.wide[kWideHeard])[at] = cell.heard_ms_sum;
  (*sums.wide[kWideOldest])[at] = cell.oldest_heard_ms;
  (*sums.tops[kFreeCores])[at] = top_of(cell.free_cores_histogram);
  (*sums.tops[kFreeMemory])[at] = top_of(cell.free_memory_gib_histogram);
  (*sums.tops[kFreeAccelerators])[at] = top_of(cell.free_accelerators_histogram);
  sums.find_known_nodes(*keys);
  const auto put = [&](HistogramIndex which, const auto& buckets) {
    for (std::size_t i = 0; i < buckets.size(); ++i) histograms->set(at_histogram, which, i, buckets[i]);
  };
  put(kFreeCores, cell.free_cores_histogram);
  put(kFreeMemory, cell.free_memory_gib_histogram);
  put(kFreeAccelerators, cell.free_accelerators_histogram);
  keys_.back() = std::move(keys);
  sums_.back() = std::move(sums);
  histograms_.back() = std::move(histograms);
  ++cells_;
  ++next_;
}

Cell CellColumns::cell(CellSlot slot) const {
  const auto at = slot % kBlockCells, at_histogram = slot % kHistogramBlockCells;
  const auto& keys = *keys_[slot / kBlockCells];
  const auto& sums = sums_[slot / kBlockCells];
  const auto& histograms = *histograms_[slot / kHistogramBlockCells];
  Cell cell;
  cell.key = keys.key(at);
  cell.nodes = keys.nodes[at];
  for (std::size_t i = 0; i < kCellSumCount; ++i) cell.*kCellSums[i] = {sums.sum(i, at), sums.known(i, at, keys)};
  cell.accelerators_used = sums.count(kCountUsed)[at];
  cell.accelerators_free = sums.count(kCountFree)[at];
  cell.accelerators_use_unknown = sums.count(kCountUseUnknown)[at];
  cell.accelerators_unhealthy = sums.count(kCountUnhealthy)[at];
  cell.heard_nodes = sums.known(kKnownHeard, at, keys);
  cell.heard_ms_sum = sums.heard_ms_sum()[at];
  cell.oldest_heard_ms = sums.oldest_heard_ms()[at];
  const auto take = [&](HistogramIndex which, auto& buckets) {
    for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] = histograms.count(at_histogram, which, i);
  };
  take(kFreeCores, cell.free_cores_histogram);
  take(kFreeMemory, cell.free_memory_gib_histogram);
  take(kFreeAccelerators, cell.free_accelerators_histogram);
  return cell;
}

std::vector<Cell> CellColumns::ordered() const {
  std::vector<Cell> cells;
  cells.reserve(cells_);
  for (std::size_t block = 0; block < keys_.size(); ++block) {
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      if (keys_[block]->state[i] != kFreeSlot) cells.push_back(cell(static_cast<CellSlot>(block * kBlockCells + i)));
    }
  }
  std::ranges::sort(cells, {}, &Cell::key);
  return cells;
}

}  // namespace capmap
