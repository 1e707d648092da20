// What is known beside sites and pools: who owns sites, and the trunk links between them.
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "controller/http/json.hpp"
#include "controller/http/resources.hpp"

namespace capmap {
namespace {

template <class Number>
Json or_null(const std::optional<Number>& value) {
  return value ? Json(*value) : Json(nullptr);
}

HttpResponse answer_of(const Call& call, const char* name, Json rows, const std::string& etag) {
  auto response = json_response({{"revision", call.view->revision}, {"epoch", hex_text(call.view->epoch)}, {name, std::move(rows)}});
  response.headers.emplace_back("ETag", etag);
  return response;
}

}  // namespace

Outcome get_owners(const Call& call) {
  const auto etag = revision_etag(*call.view);
  if (auto same = not_modified(call, etag)) return *same;
  std::unordered_map<std::string, std::uint64_t> sites;
  for (const auto& site : call.view->sites) {
    if (site && !site->owner.empty()) ++sites[site->owner];
  }
  Json rows = Json::array();
  if (call.view->site_register) {
    for (const auto& owner : call.view->site_register->owners) {
      const auto found = sites.find(owner.name);
      rows.push_back({{"name", owner.name},
                      {"owner_class", text_or_null(owner.owner_class)},
                      {"sites", found == sites.end() ? std::uint64_t{0} : found->second}});
    }
  }
  return answer_of(call, "owners", std::move(rows), etag);
}

Outcome get_links(const Call& call) {
  const auto etag = revision_etag(*call.view);
  if (auto same = not_modified(call, etag)) return *same;
  std::unordered_map<SiteId, const Site*, IdHash> sites;
  for (const auto& site : call.view->sites) {
    if (site) sites.emplace(site->id, site.get());
  }
  const auto name_of = [&sites](const SiteId& id) {
    const auto found = sites.find(id);
    return found == sites.end() ? Json(nullptr) : text_or_null(found->second->name);
  };
  Json rows = Json::array();
  if (call.view->site_register) {
    for (const auto& link : call.view->site_register->links) {
      rows.push_back({{"name", link.name},
                      {"from", name_of(link.from)},
                      {"from_id", to_text(link.from)},
                      {"to", name_of(link.to)},
                      {"to_id", to_text(link.to)},
                      {"gbps", or_null(link.gbps)},
                      {"km", or_null(link.km)},
                      {"ms", link.latency_us ? Json(*link.latency_us / 1e3) : Json(nullptr)}});
    }
  }
  return answer_of(call, "links", std::move(rows), etag);
}

}  // namespace capmap
