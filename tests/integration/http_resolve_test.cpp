#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

namespace {

std::shared_ptr<MapView> view_with_pool(std::uint64_t at_boot_ms) {
  auto view = small_view(at_boot_ms);
  Pool pool;
  pool.id = PoolId{{3}};
  pool.site = view->sites[1]->id;
  pool.name = "batch";
  view->pools = {nullptr, std::make_shared<const Pool>(pool)};
  auto hardware = std::make_shared<HardwareRow>(*view->hardware[1]);
  hardware->id = ShapeId{{4}};
  view->hardware[1] = hardware;
  return view;
}

}  // namespace

TEST_CASE("http: every kind of id is resolved to its record, where to read on, and who owns it") {
  HttpWorld world;
  world.view.publish(view_with_pool(world.clock.boot_ms()));
  const auto own = to_text(kOwnController);
  const auto resolve = [&world](const std::string& id) {
    const auto reply = get(world.port, "/v1/resolve/" + id);
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    auto answer = body_of(reply);
    CHECK(answer["id"] == id);
    return answer;
  };
  const auto node = resolve(to_text(node_row(2).id));
  CHECK(node["kind"] == "node");
  CHECK(node["owner"] == own);
  CHECK(node["href"] == "/v1/nodes/" + to_text(node_row(2).id));
  CHECK(node["record"] == body_of(get(world.port, node["href"].get<std::string>())));
  CHECK(resolve(to_text(node_row(4).id))["owner"] == to_text(kChildController));

  const auto site = resolve(to_text(SiteId{{1}}));
  CHECK(site["kind"] == "site");
  CHECK(site["record"] == body_of(get(world.port, "/v1/sites"))["sites"][0]);
  const auto pool = resolve(to_text(PoolId{{3}}));
  CHECK(pool["kind"] == "pool");
  CHECK(pool["record"]["name"] == "batch");

  const auto hardware = resolve(to_text(ShapeId{{4}}));
  CHECK(hardware["kind"] == "hardware");
  CHECK(hardware["record"]["cpu"]["model"] == "Example 9000");
  CHECK(hardware["record"]["nodes"] == json({{"installed", 4}, {"healthy", 3}, {"available", 3}}));
  CHECK(get(world.port, hardware["href"].get<std::string>()).status == 200);
  const auto shape = resolve(to_text(kSentShape));  // as agents sent it
  CHECK(shape["record"] == hardware["record"]);

  const auto self = resolve(own);
  CHECK(self["kind"] == "controller");
  CHECK(self["owner"] == own);
  CHECK(self["record"]["known_nodes"] == 5);
  const auto child = resolve(to_text(kChildController));
  CHECK(child["owner"] == to_text(kChildController));
  CHECK(child["record"]["nodes"] == 4);
  CHECK(child["record"]["sites"] == json({to_text(SiteId{{1}})}));
  CHECK(body_of(get(world.port, "/healthz"))["controller"] == own);
  CHECK(body_of(get(world.port, "/readyz"))["controller"] == own);
}

TEST_CASE("http: ids that nothing has are told to be unknown, leases with what they are, and other spellings are refused") {
  HttpWorld world;
  world.view.publish(view_with_pool(world.clock.boot_ms()));
  const auto ask = [&world](const std::string& id) { return get(world.port, "/v1/resolve/" + id); };
  for (const auto& id : {to_text(NodeId{{99}}), to_text(SiteId{{99}}), to_text(PoolId{{99}}), to_text(ControllerId{{99}}),
                         to_text(ShapeId{{99}}), to_text(LeaseId{{99}})}) {
    INFO(id);
    const auto reply = ask(id);
    CHECK(reply.status == 404);
    CHECK(body_of(reply)["type"] == (id[0] == 'l' ? "urn:capmap:problem:no-leases" : "urn:capmap:problem:no-such-id"));
  }
  auto upper = to_text(NodeId{{99}});
  upper[5] = 'A';
  auto spare = to_text(SiteId{{99}});
  spare.back() = 'b';  // a bit that no id has
  for (const auto& id : {upper, spare, to_text(PoolId{{3}}) + "a", std::string("c-"), std::string("h-short"), std::string("x-1"),
                         std::string("n"), std::string("node-1"), "l-" + std::string(26, '0')}) {
    INFO(id);
    const auto reply = ask(id);
    CHECK(reply.status == 400);
    CHECK(body_of(reply)["type"] == "urn:capmap:problem:bad-id");
    CHECK(body_of(reply)["detail"].get<std::string>().size() > 10);
  }
}
