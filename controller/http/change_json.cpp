#include "controller/http/change_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace capmap {
namespace {

Json hardware_json(std::uint32_t index, const MapView& view) {
  const auto* row = index < view.hardware.size() ? view.hardware[index].get() : nullptr;
  if (row == nullptr) return nullptr;
  return {{"cpu_model", text_or_null(row->shape.cpu.model)}, {"accelerators", row->accelerator_names}};
}

}  // namespace

Json place_json(const std::optional<CellKey>& key, const MapView& view) {
  if (!key) return nullptr;
  const auto& site = view.sites.size() > key->site ? view.sites[key->site] : nullptr;
  const auto& pool = view.pools.size() > key->pool ? view.pools[key->pool] : nullptr;
  return {{"site", site ? Json(to_text(site->id)) : Json(nullptr)},
          {"pool", pool ? Json(to_text(pool->id)) : Json(nullptr)},
          {"hardware", hardware_json(key->hardware, view)},
          {"liveness", kLivenessNames[static_cast<std::size_t>(key->liveness)]},
          {"service_state", kServiceStateNames[static_cast<std::size_t>(key->service)]},
          {"verdict", kVerdictNames[static_cast<std::size_t>(key->verdict)]}};
}

Json what_changed(const NodeChange& change) {
  if (!change.from) return Json::array({"joined"});
  if (!change.to) return Json::array({"removed"});
  Json what = Json::array();
  if (change.from->site != change.to->site) what.push_back("site");
  if (change.from->pool != change.to->pool) what.push_back("pool");
  if (change.from->hardware != change.to->hardware) what.push_back("hardware");
  if (change.from->liveness != change.to->liveness) what.push_back("liveness");
  if (change.from->service != change.to->service) what.push_back("service_state");
  if (change.from->verdict != change.to->verdict) what.push_back("verdict");
  return what;
}

std::uint64_t change_unix_ms(const NodeChange& change, const MapView& view) {
  return view.at_unix_ms - (view.at_boot_ms - std::min(view.at_boot_ms, change.at_boot_ms));
}

Json change_json(const NodeChange& change, const MapView& view) {
  return {{"revision", change.revision},  {"at", rfc3339_ms(change_unix_ms(change, view))}, {"node", to_text(change.node)},
          {"what", what_changed(change)}, {"from", place_json(change.from, view)},          {"to", place_json(change.to, view)}};
}

}  // namespace capmap
