#pragma once
#include <cstdint>
#include <vector>

#include "controller/map/map_view.hpp"

namespace capmap {

/// Installed nodes of one site as far as somebody would want to know that the site is silent.
struct SiteLiveness {
  std::uint32_t alive = 0;  ///< not lost
  std::uint32_t lost = 0;   ///< those in maintenance left out: that they are silent is no surprise
  [[nodiscard]] bool dark() const { return alive == 0 && lost > 0; }
};

/// [site index]. Pure; any thread. Cost: a look at the keys of all cells.
std::vector<SiteLiveness> liveness_by_site(const MapView& view);

}  // namespace capmap
