#include "controller/history/cell_recorder.hpp"

#include "common/check.hpp"

namespace capmap {
namespace {

std::uint32_t number_at(const std::vector<std::uint32_t>& numbers, std::uint32_t index) {
  return index < numbers.size() ? numbers[index] : 0;
}

}  // namespace

PastKey CellRecorder::key_of(const CellKeys& keys, std::size_t i, const Numbers& numbers) {
  const auto key = keys.key(i);
  return {.site = number_at(numbers.sites, key.site),
          .pool = number_at(numbers.pools, key.pool),
          .hardware = number_at(numbers.hardware, key.hardware),
          .liveness = key.liveness,
          .service = key.service,
          .verdict = key.verdict};
}

void CellRecorder::name(const MapView& view, std::uint64_t at_unix_ms) {
  numbers_before_ = numbers_;
  if (view.dictionaries && view.dictionaries == named_) return;
  named_ = view.dictionaries;
  names_.look(view, at_unix_ms);
  numbers_ = {.sites = names_.sites(), .pools = names_.pools(), .hardware = names_.hardware()};
}

CellRecorder::Block CellRecorder::block_of(const CellColumns& cells, std::size_t block) {
  return {.keys = cells.shared_keys(block), .unhealthy = cells.sums(block).narrow[kNarrowCount + std::size_t{kCountUnhealthy}]};
}

std::vector<PastCell> CellRecorder::begin(const MapView& view, std::uint64_t at_unix_ms) {
  before_.clear();
  return look(view, at_unix_ms);
}

std::vector<PastCell> CellRecorder::look(const MapView& view, std::uint64_t at_unix_ms) {
  static const Block nothing{.keys = std::make_shared<const CellKeys>(), .unhealthy = zero_column()};
  name(view, at_unix_ms);
  check(view.cells.block_count() >= before_.size(), "a map's cells lost a block");
  before_.resize(view.cells.block_count(), nothing);
  std::vector<PastCell> cells;
  for (std::size_t block = 0; block < before_.size(); ++block) {
    const auto before = std::exchange(before_[block], block_of(view.cells, block));
    const auto& now = before_[block];
    if (now.keys == before.keys && now.unhealthy == before.unhealthy) continue;
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      const bool there = now.keys->state[i] != kFreeSlot, was_there = before.keys->state[i] != kFreeSlot;
      const auto unhealthy = (*now.unhealthy)[i], unhealthy_before = (*before.unhealthy)[i];
      if (there && was_there && now.keys->nodes[i] == before.keys->nodes[i] && unhealthy == unhealthy_before &&
          now.keys->key(i) == before.keys->key(i)) {
        continue;
      }
      if (was_there)
        cells.push_back({key_of(*before.keys, i, numbers_before_), -std::int64_t{before.keys->nodes[i]}, -std::int64_t{unhealthy_before}});
      if (there) cells.push_back({key_of(*now.keys, i, numbers_), now.keys->nodes[i], unhealthy});
    }
  }
  sum_up(cells);
  return cells;
}

}  // namespace capmap
