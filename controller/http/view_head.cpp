#include "controller/http/view_head.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace capmap {

Json view_head(const Call& call) {
  const MapView& view = *call.view;
  Json resyncing = nullptr;
  if (!view.resync_over) {
    resyncing = {{"heard", view.known_nodes - std::min(view.known_nodes, view.resyncing_nodes)}, {"known", view.known_nodes}};
  }
  return {{"revision", view.revision},         {"epoch", hex_text(view.epoch)},
          {"at", rfc3339_ms(view.at_unix_ms)}, {"age_ms", call.now_boot_ms - std::min(call.now_boot_ms, view.at_boot_ms)},
          {"catalog", view.catalog_version},   {"resyncing", std::move(resyncing)}};
}

}  // namespace capmap
