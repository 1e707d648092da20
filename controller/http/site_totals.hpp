#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "controller/http/json.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// What map.totals tells: numbers of a part of the map that add up, site by site. Nodes are installed ones, but for the last.
enum TotalIndex : std::uint8_t {
  kTotalNodes,
  kTotalResyncing,
  kTotalFresh,
  kTotalStale,
  kTotalLost,
  kTotalAvailable,  ///< fresh and in service
  kTotalContradicted,
  kTotalAccelerators,
  kTotalAcceleratorsUsed,
  kTotalAcceleratorsFree,
  kTotalAcceleratorsUseUnknown,
  kTotalAcceleratorsUnhealthy,
  kTotalCpuBusy,
  kTotalCpuBusyNodes,
  kTotalMemoryUsed,
  kTotalMemoryUsedNodes,
  kTotalPower,
  kTotalPowerNodes,
  kTotalNotInstalled,
  kTotalCount
};
extern const std::array<const char*, kTotalCount> kTotalWords;
using Totals = std::array<std::uint64_t, kTotalCount>;

/// [site index of the view]. Cost: a pass over the cells.
std::vector<Totals> totals_by_site(const MapView& view);
/// All of them, or those alone that differ from `before`. What no node says is null.
Json totals_json(const Totals& totals, const Totals* before);

}  // namespace capmap
