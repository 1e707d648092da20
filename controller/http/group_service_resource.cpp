// What an admin orders of a whole site or pool.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/http/json.hpp"
#include "controller/http/node_json.hpp"
#include "controller/http/record_json.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/service_body.hpp"

namespace capmap {

Json group_order_json(const MapView& view, GroupOrders::Kind kind, std::size_t index) {
  if (!view.group_orders) return nullptr;
  const GroupOrders::Group group{kind, static_cast<std::uint32_t>(index)};
  const auto found = std::ranges::lower_bound(*view.group_orders, group, {}, &GroupOrders::List::value_type::first);
  return found == view.group_orders->end() || found->first != group ? Json(nullptr) : service_json(found->second);
}

namespace {

Outcome order(OrderGroupService request) {
  return ask_store<GroupServiceOrdered>({.ticket = 0, .what = std::move(request)}, [](const GroupServiceOrdered& ordered) {
    const auto& pool = ordered.pool;
    return json_response({{"site", {{"id", to_text(ordered.site.id)}, {"name", text_or_null(ordered.site.name)}}},
                          {"pool", pool ? Json{{"id", to_text(pool->id)}, {"name", text_or_null(pool->name)}} : Json(nullptr)},
                          {"service", service_json(ordered.order)}});
  });
}

}  // namespace

Outcome post_site_service(const Call& call) {
  auto wanted = read_service_order(call.request.body);
  if (!wanted) return error_response(wanted.error());
  return order({.site = call.path_value, .order = std::move(*wanted)});
}

Outcome post_pool_service(const Call& call) {
  const auto id = parse_id<PoolId>(call.path_value);
  if (!id) return error_response(id.error());
  auto wanted = read_service_order(call.request.body);
  if (!wanted) return error_response(wanted.error());
  return order({.site = {}, .pool = call.path_value, .order = std::move(*wanted)});
}

}  // namespace capmap
