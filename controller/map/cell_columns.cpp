#include "controller/map/cell_columns.hpp"

#include <algorithm>

namespace capmap {
namespace {

template <std::size_t N>
std::uint32_t bits_of(const std::array<std::uint32_t, N>& histogram) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < N; ++i) bits |= (histogram[i] > 0 ? 1U : 0U) << i;
  return bits;
}

}  // namespace

const std::array<ReadingSum Cell::*, kCellSumCount> kCellSums = {
    &Cell::cpu_busy_millicores,  &Cell::memory_used_mib,       &Cell::storage_used_mb, &Cell::storage_read_kbs,    &Cell::storage_write_kbs,
    &Cell::network_receive_kbps, &Cell::network_transmit_kbps, &Cell::power_watts,     &Cell::cpu_free_millicores, &Cell::memory_free_mib};

CellSums::CellSums() {
  for (auto& column : wide) column = std::make_shared<std::array<std::uint64_t, kBlockCells>>();
  for (auto& column : narrow) column = std::make_shared<std::array<std::uint32_t, kBlockCells>>();
  wide[kWideOldest]->fill(UINT64_MAX);
}

CellColumns::CellColumns(std::initializer_list<Cell> cells) {
  for (const auto& cell : cells) push_back(cell);
}

void CellColumns::push_back(const Cell& cell) {
  const auto at = cells_ % kBlockCells, at_histogram = cells_ % kHistogramBlockCells;
  auto keys = at == 0 ? std::make_shared<CellKeys>() : std::make_shared<CellKeys>(*keys_.back());
  auto histograms = at_histogram == 0 ? std::make_shared<CellHistograms>() : std::make_shared<CellHistograms>(*histograms_.back());
  keys_.resize(cells_ / kBlockCells + 1);
  if (at == 0) sums_.emplace_back();
  CellSums sums;  // copies: another view may hold the columns that are there
  for (std::size_t i = 0; i < kWideCount; ++i) *sums.wide[i] = *sums_.back().wide[i];
  for (std::size_t i = 0; i < kNarrowColumns; ++i) *sums.narrow[i] = *sums_.back().narrow[i];
  histograms_.resize(cells_ / kHistogramBlockCells + 1);
  keys->site[at] = cell.key.site;
  keys->pool[at] = cell.key.pool;
  keys->hardware[at] = cell.key.hardware;
  keys->state[at] = state_code(cell.key.liveness, cell.key.service, cell.key.verdict);
  keys->nodes[at] = cell.nodes;
  for (std::size_t i = 0; i < kCellSumCount; ++i) {
    (*sums.wide[i])[at] = (cell.*kCellSums[i]).sum;
    (*sums.narrow[i])[at] = (cell.*kCellSums[i]).known;
  }
  const std::array counts = {cell.accelerators_used, cell.accelerators_free, cell.accelerators_use_unknown, cell.accelerators_unhealthy,
                             cell.heard_nodes};
  for (std::size_t i = 0; i < kCellCountCount; ++i) (*sums.narrow[kNarrowCount + i])[at] = counts[i];
  (*sums.wide[kWideHeard])[at] = cell.heard_ms_sum;
  (*sums.wide[kWideOldest])[at] = cell.oldest_heard_ms;
  (*sums.narrow[kNarrowBuckets + std::size_t{kFreeCores}])[at] = bits_of(cell.free_cores_histogram);
  (*sums.narrow[kNarrowBuckets + std::size_t{kFreeMemory}])[at] = bits_of(cell.free_memory_gib_histogram);
  (*sums.narrow[kNarrowBuckets + std::size_t{kFreeAccelerators}])[at] = bits_of(cell.free_accelerators_histogram);
  histograms->cores[at_histogram] = cell.free_cores_histogram;
  histograms->memory_gib[at_histogram] = cell.free_memory_gib_histogram;
  histograms->accelerators[at_histogram] = cell.free_accelerators_histogram;
  keys_.back() = std::move(keys);
  sums_.back() = std::move(sums);
  histograms_.back() = std::move(histograms);
  ++cells_;
}

Cell CellColumns::cell(CellSlot slot) const {
  const auto at = slot % kBlockCells, at_histogram = slot % kHistogramBlockCells;
  const auto& keys = *keys_[slot / kBlockCells];
  const auto& sums = sums_[slot / kBlockCells];
  const auto& histograms = *histograms_[slot / kHistogramBlockCells];
  Cell cell;
  const std::size_t state = keys.state[at];
  cell.key = {.site = keys.site[at],
              .pool = keys.pool[at],
              .hardware = keys.hardware[at],
              .liveness = liveness_of(state),
              .service = service_of(state),
              .verdict = verdict_of(state)};
  cell.nodes = keys.nodes[at];
  for (std::size_t i = 0; i < kCellSumCount; ++i) cell.*kCellSums[i] = {sums.sum(i)[at], sums.known(i)[at]};
  cell.accelerators_used = sums.count(kCountUsed)[at];
  cell.accelerators_free = sums.count(kCountFree)[at];
  cell.accelerators_use_unknown = sums.count(kCountUseUnknown)[at];
  cell.accelerators_unhealthy = sums.count(kCountUnhealthy)[at];
  cell.heard_nodes = sums.count(kCountHeard)[at];
  cell.heard_ms_sum = sums.heard_ms_sum()[at];
  cell.oldest_heard_ms = sums.oldest_heard_ms()[at];
  cell.free_cores_histogram = histograms.cores[at_histogram];
  cell.free_memory_gib_histogram = histograms.memory_gib[at_histogram];
  cell.free_accelerators_histogram = histograms.accelerators[at_histogram];
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
