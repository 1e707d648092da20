// Machines that wait for an approval, and the rules that give it.
#include <charconv>
#include <nlohmann/json.hpp>

#include "controller/http/joining_json.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostShown = 1'000;

Json pending_json(const PendingInfo& info) {
  const auto& node = info.node;
  return {{"id", to_text(node.id)},
          {"hostname", text_or_null(node.hostname)},
          {"address", text_or_null(node.address)},
          {"site", info.site},
          {"pool", text_or_null(info.pool)},
          {"token", info.token},
          {"public_key", node.public_key},
          {"asked_at", rfc3339_ms(node.asked_unix_ms)},
          {"rejected", node.rejected}};
}

Json rule_json(const RuleInfo& info) {
  return {{"number", info.rule.number},
          {"from", to_text(info.rule.from)},
          {"site", text_or_null(info.site)},
          {"until", rfc3339_ms(info.rule.until_unix_ms)},
          {"created_at", rfc3339_ms(info.rule.created_unix_ms)}};
}

Outcome decide(const Call& call, bool approve) {
  const auto id = parse_id<NodeId>(call.path_value);
  if (!id) return error_response(id.error());
  if (const auto object = BodyObject::parse(call.request.body, {}); !object) return error_response(object.error());
  return ask_joining<PendingDecided>({DecidePending{.id = *id, .approve = approve}}, [](const PendingDecided& decided) {
    return json_response({{"id", to_text(decided.id)},
                          {"approved", decided.admitted.has_value()},
                          {"hostname", decided.admitted ? text_or_null(decided.admitted->hostname) : Json(nullptr)}});
  });
}

Result<AddApprovalRule> read_rule(const Call& call) {
  const auto object = BodyObject::parse(call.request.body, {"from", "until", "site"});
  if (!object) return object.error();
  const auto from = object->text("from"), until = object->text("until"), site = object->text("site");
  for (const auto* text : {&from, &until, &site}) {
    if (!*text) return text->error();
  }
  const auto range = parse_address_range(from->value_or(""));
  if (!range) return Error{ErrorCode::kMalformed, "from: " + range.error().what};
  if (!*until) return Error{ErrorCode::kMalformed, "until: must say when the rule ends, as 2026-11-22T21:00:00Z"};
  const auto end = parse_rfc3339("until", **until);
  if (!end) return end.error();
  return AddApprovalRule{.from = *range, .site = site->value_or(""), .until_unix_ms = *end};
}

}  // namespace

std::optional<HttpResponse> refuse_others(const Call& call) {
  if (call.by_admin) return std::nullopt;
  auto response = problem_response(
      {.status = 401, .word = "unauthorized", .detail = "only an admin may see this: send \"Authorization: Bearer ADMIN_TOKEN\""});
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"capmap\"");
  return response;
}

Outcome get_pending(const Call& call) {
  if (auto refused = refuse_others(call)) return *refused;
  return ask_joining<PendingList>({ListPending{}}, [](const PendingList& list) {
    Json nodes = Json::array(), rules = Json::array();
    for (std::size_t i = 0; i < list.nodes.size() && i < kMostShown; ++i) nodes.push_back(pending_json(list.nodes[i]));
    for (const auto& rule : list.rules) rules.push_back(rule_json(rule));
    return json_response({{"count", list.nodes.size()}, {"nodes", std::move(nodes)}, {"rules", std::move(rules)}});
  });
}

Outcome post_approve(const Call& call) {
  return decide(call, true);
}

Outcome post_reject(const Call& call) {
  return decide(call, false);
}

Outcome post_approval_rule(const Call& call) {
  const auto request = read_rule(call);
  if (!request) return error_response(request.error());
  return ask_joining<RuleAdded>({*request}, [](const RuleAdded& added) {
    Json answer = rule_json(added.rule);
    answer["approved"] = added.admitted.size();
    return json_response(answer, 201);
  });
}

Outcome delete_approval_rule(const Call& call) {
  std::uint64_t number = 0;
  const auto& text = call.path_value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return error_response({ErrorCode::kMalformed, "number: must be the whole number of a rule"});
  }
  return ask_joining<RuleRemoved>({RemoveApprovalRule{number}}, [](const RuleRemoved& removed) {
    return json_response({{"number", removed.number}, {"removed", true}});
  });
}

}  // namespace capmap
