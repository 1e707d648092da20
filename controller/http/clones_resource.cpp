// Keys that spoke from two places, and what an admin settles of them.
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "controller/http/joining_json.hpp"
#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/http/view_head.hpp"

namespace capmap {
namespace {

Json clone_json(const Clone& clone, const MapView& view) {
  const Site* site = clone.site < view.sites.size() ? view.sites[clone.site].get() : nullptr;
  Json runs = Json::array();
  for (const auto& run : clone.runs) {
    runs.push_back({{"run", hex_text(run.run_id)},
                    {"hostname", text_or_null(run.hostname)},
                    {"product", text_or_null(run.product)},
                    {"first_heard", rfc3339_ms(run.first_unix_ms)},
                    {"last_heard", rfc3339_ms(run.last_unix_ms)},
                    {"refused", run.refused}});
  }
  return {{"node", to_text(clone.node)},
          {"site", site == nullptr ? Json(nullptr) : Json{{"id", to_text(site->id)}, {"name", text_or_null(site->name)}}},
          {"since", rfc3339_ms(clone.since_unix_ms)},
          {"runs", std::move(runs)}};
}

/// Neither is the node: its keys go as any key that is revoked, so that no backup brings them back.
Outcome revoke_clone(const Call& call, const NodeId& node) {
  const auto& clones = call.view->clones;
  if (!clones || std::ranges::find(*clones, node, &Clone::node) == clones->end()) {
    return error_response({ErrorCode::kAbsent, "the key of node " + to_text(node) + " does not speak from two places, or that is settled"});
  }
  return ask_joining<KeysRevoked>({RevokeKey{.node = node, .reason = "spoke from two places"}}, [node](const KeysRevoked&) {
    return json_response({{"node", to_text(node)}, {"kept", nullptr}, {"revoked", true}});
  });
}

/// 16 hex digits, as runs are shown.
Result<std::uint64_t> parse_run(const std::string& text) {
  std::uint64_t run = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), run, 16);
  if (wrong != std::errc() || end != text.data() + text.size() || text.size() != 16) {
    return Error{ErrorCode::kMalformed, "keep: must be the 16 hex digits of a run"};
  }
  return run;
}

/// The run that is the node; nothing where neither is.
Result<std::optional<std::uint64_t>> read_settlement(const std::string& body) {
  const auto object = BodyObject::parse(body, {"keep", "revoke"});
  if (!object) return object.error();
  const auto keep = object->text("keep");
  if (!keep) return keep.error();
  const auto revoke = object->truth("revoke");
  if (!revoke) return revoke.error();
  if (keep->has_value() == revoke->value_or(false)) {
    return Error{ErrorCode::kMalformed, "keep, revoke: one of them: the run that is the node, or true"};
  }
  if (!*keep) return std::optional<std::uint64_t>();
  const auto run = parse_run(**keep);
  if (!run) return run.error();
  return std::optional(*run);
}

}  // namespace

Outcome get_clones(const Call& call) {
  Json answer = view_head(call);
  answer["clones"] = Json::array();
  if (call.view->clones) {
    for (const auto& clone : *call.view->clones) {
      if (within_scope(call.asker->principal, *call.view, clone.site)) answer["clones"].push_back(clone_json(clone, *call.view));
    }
  }
  if (call.asker->principal.scoped()) answer["scope"] = scope_text(call.asker->principal);
  return json_response(answer);
}

Outcome post_clone(const Call& call) {
  const auto id = parse_id<NodeId>(call.path_value);
  if (!id) return error_response(id.error());
  const auto keep = read_settlement(call.request.body);
  if (!keep) return error_response(keep.error());
  if (!*keep) return revoke_clone(call, *id);
  return Ask{.question = AdminRequest{.ticket = 0, .what = SettleClone{.node = *id, .keep_run = **keep}},
             .then = [](const Answer& answer) -> Outcome {
               if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
               const auto& what = std::get<AdminAnswer>(answer).what;
               if (const auto* error = std::get_if<Error>(&what)) return error_response(*error);
               const auto* settled = std::get_if<CloneSettled>(&what);
               if (settled == nullptr) return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was another"});
               return json_response({{"node", to_text(settled->node)}, {"kept", hex_text(settled->keep_run)}, {"revoked", false}});
             }};
}

}  // namespace capmap
