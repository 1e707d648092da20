#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "common/check.hpp"
#include "controller/history/history.hpp"

namespace capmap::test {

inline std::string catalog_folder() {
  return (std::filesystem::path(__FILE__).parent_path() / "../../schemas/catalog").string();
}

/// The chip table of the catalog beside the sources, loaded once.
inline std::shared_ptr<const ChipTable> catalog_chips() {
  static const auto table = [] {
    auto loaded = ChipTable::load(catalog_folder());
    check(loaded.ok(), "the catalog's chips do not load");
    return std::make_shared<const ChipTable>(std::move(*loaded));
  }();
  return table;
}

inline HistoryOptions history_options(const std::string& folder) {
  return {.state_folder = folder, .write_every_ms = 60'000, .keep_days = 0, .catalog_folder = catalog_folder(), .chips = catalog_chips()};
}

/// What history keeps of a view's cells, by names that mean the same in every view: (site id, its region, pool id, hardware id, states)
/// to nodes and unhealthy devices.
using KeptCells = std::map<std::tuple<std::string, std::string, std::string, std::string, Liveness, ServiceState, Verdict>,
                           std::pair<std::uint64_t, std::uint64_t>>;
inline KeptCells kept_cells(const MapView& view) {
  KeptCells kept;
  for (const auto& cell : view.cells.ordered()) {
    const auto& site = *view.sites.at(cell.key.site);
    const auto& pool = view.pools.at(cell.key.pool);
    const auto& hardware = view.hardware.at(cell.key.hardware);
    auto& [nodes, unhealthy] = kept[{to_text(site.id), site.region, pool ? to_text(pool->id) : "", hardware ? to_text(hardware->id) : "",
                                     cell.key.liveness, cell.key.service, cell.key.verdict}];
    nodes += cell.nodes;
    unhealthy += cell.accelerators_unhealthy;
  }
  return kept;
}

}  // namespace capmap::test
