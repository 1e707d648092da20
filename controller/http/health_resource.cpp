#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"

namespace capmap {
namespace {

/// Nodes that are fresh are heard again and again, and each time the view changes: one that calls nodes fresh and is older than this
/// means that the map thread stands still. Without fresh nodes an old view may simply be a quiet one.
constexpr std::uint64_t kMaxViewAgeMs = 120'000;

std::uint64_t age_of(const Call& call) {
  return call.now_boot_ms - std::min(call.now_boot_ms, call.view->at_boot_ms);
}

bool any_fresh(const CellColumns& cells) {
  for (std::size_t block = 0; block < cells.block_count(); ++block) {
    const auto& states = cells.keys(block).state;
    if (std::any_of(states.begin(), states.end(),
                    [](std::size_t state) { return state != kFreeSlot && liveness_of(state) == Liveness::kFresh; })) {
      return true;
    }
  }
  return false;
}

std::optional<HttpResponse> stands_still(const Call& call) {
  if (!call.view || age_of(call) <= kMaxViewAgeMs) return std::nullopt;
  if (!any_fresh(call.view->cells)) return std::nullopt;
  return problem_response({.status = 503,
                           .word = "map-stands-still",
                           .detail = "the map has not changed for " + std::to_string(age_of(call) / 1'000) +
                                     " s although nodes are fresh: its thread hangs; restart the controller"});
}

}  // namespace

Outcome get_health(const Call& call) {
  if (auto problem = stands_still(call)) return *problem;
  Json answer = {{"status", "ok"}, {"version", call.version}, {"controller", text_or_null(call.controller_id)}, {"view_age_ms", nullptr}};
  if (call.view) answer["view_age_ms"] = age_of(call);
  return json_response(answer);
}

Outcome get_ready(const Call& call) {
  if (!call.view) return problem_response({.status = 503, .word = "no-view", .detail = "the map is not there yet"});
  if (auto problem = stands_still(call)) return *problem;
  if (!call.store_problem.empty()) {
    return problem_response(
        {.status = 503,
         .word = "store-failing",
         .detail = "nothing can be kept, so joins and changes are refused while the map goes on: " + call.store_problem});
  }
  const MapView& view = *call.view;
  if (!view.resync_over) {
    const auto heard = view.known_nodes - std::min(view.known_nodes, view.resyncing_nodes);
    return problem_response({.status = 503,
                             .word = "resyncing",
                             .detail = "resyncing: " + std::to_string(heard) + " of " + std::to_string(view.known_nodes) +
                                       " known nodes have been heard since this controller started"});
  }
  return json_response({{"status", "ready"},
                        {"version", call.version},
                        {"controller", text_or_null(call.controller_id)},
                        {"known_nodes", view.known_nodes}});
}

}  // namespace capmap
