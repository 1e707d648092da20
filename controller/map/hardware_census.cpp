#include "controller/map/hardware_census.hpp"

#include <algorithm>

#include "controller/map/rollup.hpp"

namespace capmap {
namespace {

/// take(keys, i) for each cell that counts.
template <class Take>
void each_cell(const MapView& view, const std::optional<FilterNode>& filter, Take take) {
  std::optional<CellFilter> wanted;
  if (filter) wanted.emplace(*filter, *dictionaries_of(view));
  std::array<std::uint8_t, kBlockCells> keep{};
  for (std::size_t block = 0; block < view.cells.block_count(); ++block) {
    const auto& keys = view.cells.keys(block);
    if (wanted) wanted->judge(keys, keep);
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      if (keys.state[i] == kFreeSlot || (wanted && keep[i] == 0) || !counts_as_installed(service_of(keys.state[i]))) continue;
      if (keys.hardware[i] < view.hardware.size()) take(keys, i);
    }
  }
}

}  // namespace

std::vector<HardwareCount> hardware_census(const MapView& view, const std::optional<FilterNode>& filter) {
  std::vector<HardwareCount> all(view.hardware.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i].hardware = static_cast<std::uint32_t>(i);
  each_cell(view, filter, [&all](const CellKeys& keys, std::size_t i) {
    auto& count = all[keys.hardware[i]];
    count.installed += keys.nodes[i];
    count.by_liveness[static_cast<std::size_t>(liveness_of(keys.state[i]))] += keys.nodes[i];
    count.by_verdict[static_cast<std::size_t>(verdict_of(keys.state[i]))] += keys.nodes[i];
  });
  std::erase_if(all, [](const HardwareCount& count) { return count.installed == 0; });
  std::ranges::sort(all, {}, [&view](const HardwareCount& count) {
    const auto& row = view.hardware[count.hardware];
    return row ? row->id.bytes : decltype(row->id.bytes){};
  });
  return all;
}

void count_sites(const MapView& view, const std::optional<FilterNode>& filter, std::span<HardwareCount> page) {
  std::vector<std::uint32_t> place(view.hardware.size(), UINT32_MAX);
  for (std::size_t i = 0; i < page.size(); ++i) place[page[i].hardware] = static_cast<std::uint32_t>(i);
  std::vector<bool> seen(page.size() * view.sites.size());
  each_cell(view, filter, [&](const CellKeys& keys, std::size_t i) {
    const auto at = place[keys.hardware[i]];
    const auto site = keys.site(i);
    if (at == UINT32_MAX || site >= view.sites.size()) return;
    auto bit = seen[at * view.sites.size() + site];
    if (!bit) ++page[at].sites;
    bit = true;
  });
}

}  // namespace capmap
