#include "controller/map/site_liveness.hpp"

namespace capmap {

std::vector<SiteLiveness> liveness_by_site(const MapView& view) {
  std::vector<SiteLiveness> sites(view.sites.size());
  for (std::size_t block = 0; block < view.cells.block_count(); ++block) {
    const auto& keys = view.cells.keys(block);
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      const auto site = keys.site(i);
      if (keys.state[i] == kFreeSlot || site >= sites.size() || !counts_as_installed(service_of(keys.state[i]))) continue;
      if (liveness_of(keys.state[i]) != Liveness::kLost) {
        sites[site].alive += keys.nodes[i];
      } else if (service_of(keys.state[i]) != ServiceState::kMaintenance) {
        sites[site].lost += keys.nodes[i];
      }
    }
  }
  return sites;
}

}  // namespace capmap
