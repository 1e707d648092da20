// Nodes that say they run on one machine, and what an admin says of that.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "common/join_token.hpp"
#include "controller/http/double_json.hpp"
#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/http/view_head.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kDefaultLimit = 100, kMaxLimit = 1'000;

Json side_json(const Double::Side& side, const MapView& view) {
  const Site* site = side.site < view.sites.size() ? view.sites[side.site].get() : nullptr;
  return {{"id", to_text(side.node)},
          {"hostname", text_or_null(side.hostname)},
          {"site", site == nullptr ? Json(nullptr) : Json{{"id", to_text(site->id)}, {"name", text_or_null(site->name)}}},
          {"liveness", kLivenessNames[static_cast<std::size_t>(side.liveness)]}};
}

Json time_or_null(std::uint64_t unix_ms) {
  return unix_ms == 0 ? Json(nullptr) : Json(rfc3339_ms(unix_ms));
}

Json double_json(const Double& pair, const MapView& view) {
  Json alike = Json::array();
  if (pair.uuid) alike.push_back("uuid");
  if (pair.ports) alike.push_back("ports");
  return {{"state", kDoubleStateWords[static_cast<std::size_t>(pair.state)]},
          {"node", side_json(pair.node, view)},
          {"other", side_json(pair.other, view)},
          {"alike", std::move(alike)},
          {"left_out", pair.left_out},
          {"since", time_or_null(pair.since_unix_ms)},
          {"settled", time_or_null(pair.settled_unix_ms)}};
}

bool is_of(const Double& pair, const NodeId& one, const NodeId& other) {
  return (pair.node.node == one && pair.other.node == other) || (pair.node.node == other && pair.other.node == one);
}

Result<SettleDouble> read_settlement(const std::string& body) {
  const auto object = BodyObject::parse(body, {"node", "other", "same"});
  if (!object) return object.error();
  SettleDouble settle;
  for (const auto& [name, id] : {std::pair{"node", &settle.node}, std::pair{"other", &settle.other}}) {
    const auto text = object->text(name);
    if (!text) return text.error();
    const auto known = parse_id<NodeId>(text->value_or(""));
    if (!known) return Error{ErrorCode::kMalformed, std::string(name) + ": must be the n-… id of a node"};
    *id = *known;
  }
  const auto same = object->truth("same");
  if (!same) return same.error();
  if (!*same) return Error{ErrorCode::kMalformed, "same: true (node is other, and left out of totals) or false (two machines) is needed"};
  settle.same = **same;
  return settle;
}

}  // namespace

Outcome get_doubles(const Call& call) {
  const auto limit = parse_count("limit", parameter(call.target, "limit").value_or(std::to_string(kDefaultLimit)), 1, kMaxLimit);
  if (!limit) return error_response(limit.error());
  const auto first = parse_count("cursor", parameter(call.target, "cursor").value_or("0"), 0, DoubleTable::kMostShown);
  if (!first) return error_response(first.error());
  const auto& principal = call.asker->principal;
  Json answer = view_head(call), pairs = Json::array();
  const auto& list = call.view->doubles;
  std::uint64_t at = 0;
  for (const auto& pair : list ? list->pairs : std::vector<Double>()) {
    if (!within_scope(principal, *call.view, pair.node.site) || !within_scope(principal, *call.view, pair.other.site)) continue;
    if (at >= *first && at < *first + *limit) pairs.push_back(double_json(pair, *call.view));
    ++at;
  }
  answer["doubles"] = std::move(pairs);
  answer["next"] = at > *first + *limit ? Json(std::to_string(*first + *limit)) : Json(nullptr);
  answer["complete"] = !list || list->complete;
  answer.update(double_counts_json(call));
  if (principal.scoped()) answer["scope"] = scope_text(principal);
  return json_response(answer);
}

Outcome post_double(const Call& call) {
  const auto settle = read_settlement(call.request.body);
  if (!settle) return error_response(settle.error());
  const auto& list = call.view->doubles;
  const auto pairs = list ? std::span<const Double>(list->pairs) : std::span<const Double>();
  const bool there = std::ranges::any_of(pairs, [&](const Double& pair) { return is_of(pair, settle->node, settle->other); });
  if (!there && (!list || list->complete)) {
    return error_response({ErrorCode::kAbsent, to_text(settle->node) + " and " + to_text(settle->other) +
                                                   " do not say that they are one machine; capmapctl nodes doubles lists those that do"});
  }
  return Ask{.question = AdminRequest{.ticket = 0, .what = *settle}, .then = [](const Answer& answer) -> Outcome {
               if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
               const auto& what = std::get<AdminAnswer>(answer).what;
               if (const auto* error = std::get_if<Error>(&what)) return error_response(*error);
               const auto* done = std::get_if<DoubleSettled>(&what);
               if (done == nullptr) return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was another"});
               return json_response({{"node", to_text(done->settled.node)},
                                     {"other", to_text(done->settled.other)},
                                     {"same", done->settled.same},
                                     {"settled", rfc3339_ms(done->settled.settled_unix_ms)}});
             }};
}

}  // namespace capmap
