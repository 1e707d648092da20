// Who is missing: nodes that were let in and are lost or never came, and how many nodes sites declare that nobody has met.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/http/json.hpp"
#include "controller/http/node_json.hpp"
#include "controller/http/node_list.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/http/view_head.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kNotedEachMs = 3'600'000;  ///< the store notes once an hour that a node was seen
constexpr std::size_t kMostSites = 1'000;          ///< in one answer
constexpr auto kNodesDeclared = static_cast<std::size_t>(Declared::kNodes);

/// Since when a node is away: exact where it was heard since the controller started, else as the store noted it; null = it never came.
void add_last_seen(Json& node, const NodeRow& row, std::uint64_t now_boot_ms, std::uint64_t now_unix_ms) {
  std::optional<std::uint64_t> seen_unix_ms = row.last_seen_unix_ms;
  if (row.last_heard_boot_ms) {
    const auto age_ms = now_boot_ms - std::min(now_boot_ms, *row.last_heard_boot_ms);
    seen_unix_ms = now_unix_ms - std::min(now_unix_ms, age_ms);
  }
  node["absence"] = seen_unix_ms ? "lost" : "never_came";
  node["last_seen"] = seen_unix_ms ? Json(rfc3339_ms(*seen_unix_ms)) : Json(nullptr);
  node["last_seen_coarse_ms"] = seen_unix_ms ? Json(row.last_heard_boot_ms ? 0 : kNotedEachMs) : Json(nullptr);
  node["age_ms"] = seen_unix_ms ? Json(now_unix_ms - std::min(now_unix_ms, *seen_unix_ms)) : Json(nullptr);
}

Json absent_json(const NodeRow& row, const MapView& view, std::uint64_t now_boot_ms, std::uint64_t now_unix_ms) {
  const Json summary = node_summary(row, view, now_boot_ms);
  Json node = Json::object();
  for (const char* name : {"id", "hostname", "site", "pool", "service_state", "counted_in", "labels"}) node[name] = summary.at(name);
  add_last_seen(node, row, now_boot_ms, now_unix_ms);
  return node;
}

struct Expected {
  const Site* site = nullptr;
  std::uint64_t declared = 0, installed = 0, lost = 0;
  [[nodiscard]] std::int64_t difference() const { return static_cast<std::int64_t>(installed) - static_cast<std::int64_t>(declared); }
};

/// Sites that the asker may see and that declare how many nodes they have, those that miss most first.
std::vector<Expected> expected_of(const MapView& view, const Principal& principal) {
  std::vector<Expected> all(view.sites.size());
  for (std::size_t block = 0; block < view.cells.block_count(); ++block) {
    const auto& keys = view.cells.keys(block);
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      const auto site = keys.site(i);
      if (keys.state[i] == kFreeSlot || site >= all.size() || !counts_as_installed(service_of(keys.state[i]))) continue;
      all[site].installed += keys.nodes[i];
      if (liveness_of(keys.state[i]) == Liveness::kLost) all[site].lost += keys.nodes[i];
    }
  }
  std::vector<Expected> declaring;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!view.sites[i] || !within_scope(principal, view, static_cast<std::uint32_t>(i)) || !view.sites[i]->declared.figures[kNodesDeclared])
      continue;
    all[i].site = view.sites[i].get();
    all[i].declared = *view.sites[i]->declared.figures[kNodesDeclared];
    declaring.push_back(all[i]);
  }
  std::ranges::stable_sort(declaring, {}, &Expected::difference);
  return declaring;
}

void add_sites(Json& answer, const MapView& view, const Principal& principal) {
  const auto all = expected_of(view, principal);
  Json sites = Json::array();
  for (std::size_t i = 0; i < std::min(all.size(), kMostSites); ++i) {
    sites.push_back({{"site", {{"id", to_text(all[i].site->id)}, {"name", text_or_null(all[i].site->name)}}},
                     {"declared_nodes", all[i].declared},
                     {"installed_nodes", all[i].installed},
                     {"lost_nodes", all[i].lost},
                     {"difference", all[i].difference()}});
  }
  answer["sites_left_out"] = all.size() - sites.size();
  answer["sites"] = std::move(sites);
}

}  // namespace

Outcome get_absent(const Call& call) {
  NodeList list;
  list.only = *parse_filter("liveness = lost and service_state != retired");
  list.line = [view = call.view, boot_ms = call.now_boot_ms, unix_ms = call.now_unix_ms](const NodeRow& row) {
    return absent_json(row, *view, boot_ms, unix_ms);
  };
  const Json head = view_head(call);
  const bool first_page = !parameter(call.target, "cursor");
  list.rest = [view = call.view, asker = call.asker, head, first_page](Json& answer) {
    for (const auto& [name, value] : head.items()) answer[name] = value;
    if (first_page) add_sites(answer, *view, asker->principal);
  };
  return list_nodes(call, std::move(list));
}

}  // namespace capmap
