#include "controller/http/watch_channel.hpp"

#include <nlohmann/json.hpp>

namespace capmap {

void WatchChannel::take(const SiteTotals& sites) {
  if (sites_version_ != sites.sites_version) {
    sites_version_ = sites.sites_version;
    sites_.clear();
    for (std::uint32_t i = 1; i < sites.view->sites.size(); ++i) {
      const auto& site = sites.view->sites[i];
      if (!site) continue;
      const EventPlace place{.site = site->id, .region = site->region};
      if (part_.may_see(place) && part_.wants(place)) sites_.push_back(i);
    }
  }
  Totals sum{};
  for (const auto site : sites_) {
    if (site >= sites.by_site.size()) continue;
    for (std::size_t i = 0; i < kTotalCount; ++i) sum[i] += sites.by_site[site][i];
  }
  revision_ = sites.revision;
  at_unix_ms_ = sites.at_unix_ms;
  if (tick_ != 0 && sum == totals_) return;
  before_ = totals_;
  totals_ = sum;
  ++tick_;
}

std::string WatchChannel::totals_text(std::uint64_t told) const {
  const bool follows = told != 0 && told + 1 == tick_;
  Json json = {{"kind", to_word(EventKind::kMapTotals)}, {"at", rfc3339_ms(at_unix_ms_)}, {"revision", revision_}};
  json["all"] = !follows;
  json["totals"] = totals_json(totals_, follows ? &before_ : nullptr);
  return json_text(json);
}

}  // namespace capmap
