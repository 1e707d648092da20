// Any id that this controller knows, and what it names: kind, record, where to read on, and which controller owns it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/http/json.hpp"
#include "controller/http/node_json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/record_json.hpp"
#include "controller/http/resources.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {
namespace {

/// What goes on after a question to the map thread, as far as an answer needs it.
struct Asked {
  std::string id;
  std::string controller;
  std::shared_ptr<const MapView> view;
  std::uint64_t now_boot_ms = 0;
};

Asked asked_of(const Call& call) {
  return {.id = call.path_value, .controller = call.controller_id, .view = call.view, .now_boot_ms = call.now_boot_ms};
}

HttpResponse resolved(const Asked& asked, const char* kind, const std::string& owner, const std::string& href, Json record) {
  return json_response(
      {{"id", asked.id}, {"kind", kind}, {"owner", text_or_null(owner)}, {"href", text_or_null(href)}, {"record", std::move(record)}});
}

HttpResponse unknown_id(const Asked& asked, const char* kind) {
  return problem_response({.status = 404, .word = "no-such-id", .detail = std::string("no ") + kind + " has the id " + asked.id});
}

HttpResponse malformed(const Error& error) {
  return problem_response({.status = 400, .word = "bad-id", .detail = error.what});
}

/// Asks the map thread; make(answer) is the response.
template <class Make>
Outcome ask_map(NodeQuery query, Make make) {
  return Ask{.question = std::move(query), .then = [make = std::move(make)](const Answer& answer) -> Outcome {
               if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
               return make(std::get<NodeAnswer>(answer));
             }};
}

Outcome resolve_node(const Call& call) {
  const auto id = parse_id<NodeId>(call.path_value);
  if (!id) return malformed(id.error());
  return ask_map({.ticket = 0, .id = *id, .resolve = true}, [asked = asked_of(call)](const NodeAnswer& answer) {
    if (answer.rows.empty()) return unknown_id(asked, "node");
    const auto& row = answer.rows.front();
    const auto owner = row.child ? to_text(*row.child) : asked.controller;
    return resolved(asked, "node", owner, "/v1/nodes/" + to_text(row.id), node_detail(row, *asked.view, asked.now_boot_ms));
  });
}

Outcome resolve_site(const Call& call) {
  const auto id = parse_id<SiteId>(call.path_value);
  if (!id) return malformed(id.error());
  for (std::size_t i = 0; i < call.view->sites.size(); ++i) {
    const auto& site = call.view->sites[i];
    if (!site || site->id != *id) continue;
    auto record = site_json(*site, false);
    record["service_order"] = group_order_json(*call.view, GroupOrders::Kind::kSite, i);
    return resolved(asked_of(call), "site", call.controller_id, "/v1/sites", std::move(record));
  }
  return unknown_id(asked_of(call), "site");
}

Outcome resolve_pool(const Call& call) {
  const auto id = parse_id<PoolId>(call.path_value);
  if (!id) return malformed(id.error());
  for (std::size_t i = 0; i < call.view->pools.size(); ++i) {
    const auto& pool = call.view->pools[i];
    if (!pool || pool->id != *id) continue;
    auto record = pool_json(*pool);
    record["service_order"] = group_order_json(*call.view, GroupOrders::Kind::kPool, i);
    return resolved(asked_of(call), "pool", call.controller_id, "/v1/pools", std::move(record));
  }
  return unknown_id(asked_of(call), "pool");
}

/// A kind of server, with how many there are.
HttpResponse hardware_found(const Asked& asked, const HardwareRow& hardware) {
  const auto id = to_text(hardware.id);
  const RollupQuery query{
      .by = {}, .filter = *parse_filter("hardware = " + id), .measures = Measures().set(static_cast<std::size_t>(Measure::kNodes))};
  const auto total = roll_up_query(*asked.view, query, asked.now_boot_ms).total;
  Json record = hardware_json(&hardware);
  record["nodes"] = {{"installed", total.installed_nodes}, {"healthy", total.healthy_nodes}, {"available", total.available_nodes}};
  return resolved(asked, "hardware", asked.controller, "/v1/nodes?filter=hardware%20%3D%20" + id, std::move(record));
}

/// The id of a kind of server, or of a shape that agents sent and that this controller reads as one.
Outcome resolve_shape(const Call& call) {
  const auto id = parse_id<ShapeId>(call.path_value);
  if (!id) return malformed(id.error());
  for (const auto& hardware : call.view->hardware) {
    if (hardware && hardware->id == *id) return hardware_found(asked_of(call), *hardware);
  }
  return ask_map({.ticket = 0, .id = {}, .shape = *id}, [asked = asked_of(call)](const NodeAnswer& answer) {
    const auto& rows = asked.view->hardware;
    const bool known = answer.hardware && *answer.hardware < rows.size() && rows[*answer.hardware];
    return known ? hardware_found(asked, *rows[*answer.hardware]) : unknown_id(asked, "kind of hardware");
  });
}

Json child_json(const ChildRow& child) {
  Json sites = Json::array();
  for (const auto& site : child.sites) sites.push_back(to_text(site));
  return {{"id", to_text(child.id)},
          {"name", text_or_null(child.name)},
          {"sites", std::move(sites)},
          {"joined_at", rfc3339_ms(child.joined_unix_ms)},
          {"nodes", child.nodes}};
}

Outcome resolve_controller(const Call& call) {
  const auto id = parse_id<ControllerId>(call.path_value);
  if (!id) return malformed(id.error());
  if (call.path_value == call.controller_id) {
    return resolved(asked_of(call), "controller", call.controller_id, "/healthz",
                    {{"id", call.controller_id},
                     {"version", call.version},
                     {"epoch", hex_text(call.view->epoch)},
                     {"known_nodes", call.view->known_nodes}});
  }
  return ask_map({.ticket = 0, .id = {}, .child = *id}, [asked = asked_of(call)](const NodeAnswer& answer) {
    if (!answer.child) return unknown_id(asked, "controller");
    return resolved(asked, "controller", asked.id, "", child_json(*answer.child));
  });
}

Outcome resolve_lease(const Call& call) {
  const auto id = parse_id<LeaseId>(call.path_value);
  if (!id) return malformed(id.error());
  return problem_response({.status = 404,
                           .word = "no-leases",
                           .detail = "l-… ids name leases, promises of capacity to somebody from a time until a time: this controller "
                                     "makes none"});
}

}  // namespace

Outcome get_resolve(const Call& call) {
  const std::string_view prefix = std::string_view(call.path_value).substr(0, 2);
  if (prefix == "n-") return resolve_node(call);
  if (prefix == "s-") return resolve_site(call);
  if (prefix == "p-") return resolve_pool(call);
  if (prefix == "c-") return resolve_controller(call);
  if (prefix == "h-") return resolve_shape(call);
  if (prefix == "l-") return resolve_lease(call);
  return problem_response({.status = 400,
                           .word = "bad-id",
                           .detail = "an id begins with its kind and has 26 characters behind it",
                           .known = {"n-… node", "s-… site", "p-… pool", "c-… controller", "h-… hardware", "l-… lease"}});
}

}  // namespace capmap
