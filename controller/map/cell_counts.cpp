// A view's cells made from counts alone: what a map was once.
#include <memory>

#include "controller/map/cell_columns.hpp"

namespace capmap {
namespace {

/// Columns that are written while they are made, and shared afterwards.
struct Draft {
  std::shared_ptr<CellKeys> keys = std::make_shared<CellKeys>();
  CellColumn<std::uint32_t> unhealthy, use_unknown;
};

void put(CellColumn<std::uint32_t>& column, std::size_t at, std::uint32_t value) {
  if (value == 0) return;
  if (!column) column = std::make_shared<ColumnBlock<std::uint32_t>>();
  (*column)[at] = value;
}

}  // namespace

CellColumns CellColumns::of_counts(std::span<const Counted> cells) {
  static const auto no_histograms = std::make_shared<const CellHistograms>();
  CellColumns out;
  Draft draft;
  std::size_t next = 0;
  const auto hand_over = [&out, &draft] {
    CellSums sums;
    if (draft.unhealthy) sums.narrow[kNarrowCount + std::size_t{kCountUnhealthy}] = std::move(draft.unhealthy);
    if (draft.use_unknown) sums.narrow[kNarrowCount + std::size_t{kCountUseUnknown}] = std::move(draft.use_unknown);
    sums.find_known_nodes(*draft.keys);
    out.keys_.push_back(std::move(draft.keys));
    out.sums_.push_back(std::move(sums));
    out.histograms_.insert(out.histograms_.end(), kBlockCells / kHistogramBlockCells, no_histograms);
    draft = {};
  };
  for (const auto& cell : cells) {
    const auto is_begun = next % kRunCells != 0;
    if (is_begun && draft.keys->site((next - 1) % kBlockCells) != cell.key.site) next = (next / kRunCells + 1) * kRunCells;
    if (next / kBlockCells > out.keys_.size()) hand_over();
    const auto at = next++ % kBlockCells;
    auto& keys = *draft.keys;
    keys.run_site[at / kRunCells] = cell.key.site;
    keys.pool[at] = cell.key.pool;
    keys.hardware[at] = cell.key.hardware;
    keys.nodes[at] = cell.nodes;
    keys.set_state(at, state_code(cell.key.liveness, cell.key.service, cell.key.verdict));
    put(draft.unhealthy, at, cell.unhealthy);
    put(draft.use_unknown, at, cell.use_unknown);
  }
  if (!cells.empty()) hand_over();
  out.cells_ = cells.size();
  return out;
}

}  // namespace capmap
