#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/record_json.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"

namespace capmap {

Json pool_json(const Pool& pool) {
  return {{"id", to_text(pool.id)},
          {"site", to_text(pool.site)},
          {"name", text_or_null(pool.name)},
          {"compute_class", text_or_null(pool.compute_class)}};
}

namespace {

Outcome pool_answer(const Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
  const auto& what = std::get<AdminAnswer>(answer).what;
  if (const auto* pool = std::get_if<Pool>(&what)) return json_response(pool_json(*pool), 201);
  const auto* error = std::get_if<Error>(&what);
  if (error == nullptr) return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was not a pool"});
  if (error->code != ErrorCode::kDenied) return error_response(*error);
  return problem_response({.status = 409, .word = "pool-exists", .detail = error->what});
}

}  // namespace

Outcome get_pools(const Call& call) {
  const auto sees = [&call](const SiteId& id) {
    if (!call.asker->principal.scoped()) return true;
    return std::ranges::any_of(call.view->sites, [&](const auto& site) { return site && site->id == id && may_see(call, *site); });
  };
  Json pools = Json::array();
  for (std::size_t i = 0; i < call.view->pools.size(); ++i) {
    const auto& pool = call.view->pools[i];
    if (!pool || !sees(pool->site)) continue;
    pools.push_back(pool_json(*pool));
    pools.back()["service_order"] = group_order_json(*call.view, GroupOrders::Kind::kPool, i);
  }
  return json_response({{"revision", call.view->revision}, {"epoch", hex_text(call.view->epoch)}, {"pools", std::move(pools)}});
}

Outcome post_pool(const Call& call) {
  const auto object = BodyObject::parse(call.request.body, {"site", "name", "compute_class"});
  if (!object) return error_response(object.error());
  AddPool add;
  for (const auto& [name, place] :
       {std::pair{"site", &add.site}, std::pair{"name", &add.pool.name}, std::pair{"compute_class", &add.pool.compute_class}}) {
    const auto text = object->text(name);
    if (!text) return error_response(text.error());
    *place = text->value_or("");
  }
  return Ask{.question = AdminRequest{.ticket = 0, .what = std::move(add)}, .then = pool_answer};
}

}  // namespace capmap
