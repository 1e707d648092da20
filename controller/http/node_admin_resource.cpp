// What an admin does to one node: its service state, its pool and site, its labels, its removal.
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/http/json.hpp"
#include "controller/http/node_json.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/service_body.hpp"

namespace capmap {

Outcome post_service(const Call& call) {
  const auto id = parse_id<NodeId>(call.path_value);
  if (!id) return error_response(id.error());
  auto order = read_service_order(call.request.body);
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

Outcome post_node_site(const Call& call) {
  const auto id = parse_id<NodeId>(call.path_value);
  if (!id) return error_response(id.error());
  const auto object = BodyObject::parse(call.request.body, {"site", "pool"});
  if (!object) return error_response(object.error());
  const auto site = object->text("site"), pool = object->text("pool");
  if (!site) return error_response(site.error());
  if (!pool) return error_response(pool.error());
  if (!*site) return error_response(Error{ErrorCode::kMalformed, "site: is missing: the name or id of where the node stands now"});
  return ask_store<NodeMoved>(
      {.ticket = 0, .what = MoveNode{.node = *id, .site = **site, .pool = pool->value_or("")}}, [](const NodeMoved& moved) {
        const auto& node = moved.node;
        return json_response(
            {{"node", to_text(node.id)}, {"site", to_text(node.site)}, {"pool", node.pool ? Json(to_text(*node.pool)) : Json(nullptr)}});
      });
}

Outcome post_node_labels(const Call& call) {
  const auto id = parse_id<NodeId>(call.path_value);
  if (!id) return error_response(id.error());
  const auto object = BodyObject::parse(call.request.body, {"labels.*"});
  if (!object) return error_response(object.error());
  LabelNode request{.node = *id};
  for (const auto& key : object->names_below("labels.")) {
    const auto value = object->text(("labels." + key).c_str());
    if (!value) return error_response(value.error());
    request.labels.push_back({.key = key, .value = value->value_or("")});
  }
  if (request.labels.empty()) {
    return error_response(
        Error{ErrorCode::kMalformed, "labels: name some, as {\"labels\":{\"rack\":\"r12\"}}; an empty text takes one back"});
  }
  return ask_store<NodeLabelled>({.ticket = 0, .what = std::move(request)}, [](const NodeLabelled& labelled) {
    Json labels = Json::object();
    for (const auto& [key, value] : labelled.labels) labels[key] = value;
    return json_response({{"node", to_text(labelled.node)}, {"admin_labels", std::move(labels)}});
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
