#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "controller/map/filter.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// How many servers of one kind of hardware stand on the map.
struct HardwareCount {
  std::uint32_t hardware = 0;   ///< place in MapView::hardware; 0 = not known yet
  std::uint64_t installed = 0;  ///< lost ones included
  std::array<std::uint64_t, kLivenessCount> by_liveness{};
  std::array<std::uint64_t, kVerdictNames.size()> by_verdict{};
  std::uint64_t sites = 0;  ///< where they are; count_sites() tells it
};

/// All kinds of which nodes are installed that a filter lets through, ascending by id; the unknown one first. The filter asks nothing that
/// only nodes know. Pure; any thread. Cost: a pass over the cells.
std::vector<HardwareCount> hardware_census(const MapView& view, const std::optional<FilterNode>& filter);
/// Fills in the sites of some of them. Cost: another pass, and a bit a site and kind.
void count_sites(const MapView& view, const std::optional<FilterNode>& filter, std::span<HardwareCount> page);

}  // namespace capmap
