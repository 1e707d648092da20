#pragma once
#include <utility>
#include <vector>

#include "controller/sql/list_table.hpp"
#include "controller/sql/sql_scene.hpp"

namespace capmap {

/// As /v1/map counts.
inline bool is_installed(const CellKey& key) {
  return counts_as_installed(key.service);
}
inline bool is_healthy(const CellKey& key) {
  return is_installed(key) && (key.liveness == Liveness::kFresh || key.liveness == Liveness::kStale);
}
inline bool is_available(const CellKey& key) {
  return is_installed(key) && key.liveness == Liveness::kFresh && key.service == ServiceState::kInService;
}

/// Where something stands and as what it counts: the columns that cells, nodes and devices have in common. `place(row)` is its CellKey.
/// `counted(row)`: it is in a cell at all. The columns borrow the scene.
template <class Row, class PlaceOf, class Counted>
std::vector<ListColumn<Row>> place_columns(const SqlScene& scene, PlaceOf place, Counted counted) {
  std::vector<ListColumn<Row>> columns;
  const auto add = [&](const char* name, const char* type, const char* what, auto put, bool key = false) {
    columns.push_back({.words = {.name = name, .type = type, .what = what, .key = key},
                       .put = [&scene, place, put](const Row& row, SqlValue& out) { put(scene, place(row), out); }});
  };
  const auto of_dimension = [&](const char* name, Dimension dimension, const char* what, bool key = false) {
    add(
        name, "TEXT", what,
        [dimension](const SqlScene& at, const CellKey& key_of_it, SqlValue& out) { out.lasting_or_null(at.text(dimension, key_of_it)); },
        key);
  };
  using D = Dimension;
  add(
      "site", "TEXT", "s-… id", [](const SqlScene& at, const CellKey& key, SqlValue& out) { out.lasting_or_null(at.site_id(key.site)); },
      true);
  of_dimension("site_name", D::kSite, "its name, or its id where it has none");
  of_dimension("region", D::kRegion, "code as declared", true);
  of_dimension("region_2", D::kRegion2, "division");
  of_dimension("region_4", D::kRegion4, "prefecture");
  of_dimension("hub", D::kHub, "");
  of_dimension("hub_cluster", D::kHubCluster, "");
  of_dimension("owner_class", D::kOwnerClass, "");
  of_dimension("compute_class", D::kComputeClass, "the pool's, else the site's");
  of_dimension("service", D::kService, "");
  add("security_level", "INTEGER", "0 to 5", [](const SqlScene& at, const CellKey& key, SqlValue& out) {
    const auto* const site = at.site(key.site);
    site == nullptr ? out.null() : out.count(site->security_level);
  });
  of_dimension("industry", D::kIndustry, "");
  of_dimension("public_compute", D::kPublicCompute, "yes or no");
  add("pool", "TEXT", "p-… id", [](const SqlScene& at, const CellKey& key, SqlValue& out) { out.lasting_or_null(at.pool_id(key.pool)); });
  of_dimension("pool_name", D::kPool, "");
  add("hardware", "TEXT", "h-… id; null: no shape is known yet",
      [](const SqlScene& at, const CellKey& key, SqlValue& out) { out.lasting_or_null(at.hardware_id(key.hardware)); });
  of_dimension("architecture", D::kArchitecture, "");
  of_dimension("cpu_model", D::kCpuModel, "");
  of_dimension("accelerator_model", D::kAcceleratorModel, "several with + between");
  of_dimension("accelerator_vendor", D::kAcceleratorVendor, "");
  of_dimension("accelerator_kind", D::kAcceleratorKind, "");
  add(
      "liveness", "TEXT", "resyncing, fresh, stale or lost",
      [](const SqlScene&, const CellKey& key, SqlValue& out) { out.lasting(kLivenessNames[static_cast<std::size_t>(key.liveness)]); },
      true);
  add("service_state", "TEXT", "as it counts",
      [](const SqlScene&, const CellKey& key, SqlValue& out) { out.lasting(kServiceStateNames[static_cast<std::size_t>(key.service)]); });
  add("verdict", "TEXT", "",
      [](const SqlScene&, const CellKey& key, SqlValue& out) { out.lasting(kVerdictNames[static_cast<std::size_t>(key.verdict)]); });
  const auto flag = [&](const char* name, const char* what, bool (*holds)(const CellKey&)) {
    columns.push_back({.words = {.name = name, .type = "INTEGER", .what = what},
                       .put = [place, counted, holds](const Row& row, SqlValue& out) { out.truth(counted(row) && holds(place(row))); }});
  };
  flag("installed", "1: counts as installed", is_installed);
  flag("healthy", "1: installed, and fresh or stale", is_healthy);
  flag("available", "1: healthy, fresh and in service; used and free are told of these by /v1/map", is_available);
  return columns;
}

/// Null where there is no word.
inline void put_word(SqlValue& out, const char* word) {
  word == nullptr ? out.null() : out.lasting(word);
}

}  // namespace capmap
