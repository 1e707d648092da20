// What an admin does to one node: its service state, its pool, its removal.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/http/json.hpp"
#include "controller/http/node_json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"

namespace capmap {
namespace {

/// The response of a change that the store has carried out or refused.
template <class Changed, class Make>
Outcome ask_store(AdminRequest request, Make make) {
  return Ask{.question = std::move(request), .then = [make](const Answer& answer) -> Outcome {
               if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
               const auto& what = std::get<AdminAnswer>(answer).what;
               if (const auto* error = std::get_if<Error>(&what)) return error_response(*error);
               const auto* changed = std::get_if<Changed>(&what);
               if (changed == nullptr) return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was another"});
               return make(*changed);
             }};
}

Result<ServiceState> read_state(const BodyObject& object) {
  const auto word = object.text("state");
  if (!word) return word.error();
  const auto orders = std::span(kServiceStateNames).first<kServiceOrderCount>();
  const auto found = std::ranges::find(orders, word->value_or(""), [](const char* name) { return std::string_view(name); });
  if (found != orders.end()) return static_cast<ServiceState>(found - orders.begin());
  std::string words;
  for (const char* name : orders) words += (words.empty() ? "" : ", ") + std::string(name);
  return Error{ErrorCode::kMalformed, "state: must be one of " + words};
}

Result<ServiceOrder> read_order(const std::string& body) {
  const auto object = BodyObject::parse(body, {"state", "reason", "from", "until"});
  if (!object) return object.error();
  const auto state = read_state(*object);
  if (!state) return state.error();
  ServiceOrder order{.state = *state};
  const auto why = object->text("reason");
  if (!why) return why.error();
  order.why = why->value_or("");
  for (const auto& [name, place] : {std::pair{"from", &order.from_unix_ms}, std::pair{"until", &order.until_unix_ms}}) {
    const auto text = object->text(name);
    if (!text) return text.error();
    if (!*text) continue;
    const auto time = parse_rfc3339(name, **text);
    if (!time) return time.error();
    *place = *time;
  }
  return order;
}

}  // namespace

Outcome post_service(const Call& call) {
  const auto id = parse_id<NodeId>(call.path_value);
  if (!id) return error_response(id.error());
  auto order = read_order(call.request.body);
  if (!order) return error_response(order.error());
  return ask_store<ServiceOrdered>({.ticket = 0, .what = OrderService{.node = *id, .order = std::move(*order)}},
                                   [](const ServiceOrdered& ordered) {
                                     return json_response({{"node", to_text(ordered.node)}, {"service", service_json(ordered.order)}});
                                   });
}

Outcome post_node_pool(const Call& call) {
  const auto id = parse_id<NodeId>(call.path_value);
  if (!id) return error_response(id.error());
  const auto object = BodyObject::parse(call.request.body, {"pool"});
  if (!object) return error_response(object.error());
  const auto pool = object->text("pool");
  if (!pool) return error_response(pool.error());
  return ask_store<PoolAssigned>(
      {.ticket = 0, .what = AssignPool{.node = *id, .pool = pool->value_or("")}}, [](const PoolAssigned& assigned) {
        const auto& node = assigned.node;
        return json_response({{"node", to_text(node.id)}, {"pool", node.pool ? Json(to_text(*node.pool)) : Json(nullptr)}});
      });
}

Outcome delete_node(const Call& call) {
  const auto id = parse_id<NodeId>(call.path_value);
  if (!id) return error_response(id.error());
  return ask_store<NodeRemoved>({.ticket = 0, .what = RemoveNode{*id}}, [](const NodeRemoved& removed) {
    return json_response({{"node", to_text(removed.node.id)}, {"hostname", text_or_null(removed.node.hostname)}, {"removed", true}});
  });
}

}  // namespace capmap
