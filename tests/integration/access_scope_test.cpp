// What of the map somebody with a scope is told, by regions and sites.
#include <catch2/catch.hpp>

#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

/// A world whose token "t" is of a user with that scope.
struct ScopedWorld {
  explicit ScopedWorld(const Scope& scope) {
    User user;
    user.name = "li";
    user.role = Role::kOperator;
    user.scope = scope;
    ApiToken token{.id = "t1", .user = "li", .secret_hash = secret_hash("t"), .role = Role::kOperator};
    http.access.publish(std::make_shared<const AccessTable>(std::vector{user}, std::vector{token}));
    http.view.publish(small_view(http.clock.boot_ms()));
  }
  [[nodiscard]] nlohmann::json read(const std::string& target) const {
    const auto reply = get(http.port, target, "Authorization: Bearer t\r\n");
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    return body_of(reply);
  }
  HttpWorld http;
};

}  // namespace

TEST_CASE("scope: the map, nodes and sites are those of the scope, whatever the question asks for beside it") {
  const ScopedWorld world(*make_scope({"11"}, {}));
  CHECK(world.read("/v1/map")["total"]["nodes"]["installed"] == 4);
  CHECK(world.read("/v1/map?by=site")["group_count"] == 1);
  CHECK(world.read("/v1/map?filter=site%20%3D%20bare")["total"]["nodes"]["installed"] == 0);
  CHECK(world.read("/v1/map?filter=not%20site%20%3D%20x%20or%20site%20%3D%20bare")["total"]["nodes"]["installed"] == 4);
  CHECK(world.read("/v1/map?by=os")["scope"] == "region 11");
  CHECK(world.read("/v1/sites")["sites"].size() == 1);
  CHECK(world.read("/v1/nodes")["scope"] == "region 11");
  CHECK(world.read("/v1/nodes?site=bare")["nodes"].empty());
}

TEST_CASE("scope: who may see one site by its id sees no other") {
  const ScopedWorld world(*make_scope({}, {SiteId{{2}}}));
  CHECK(world.read("/v1/map")["total"]["nodes"]["installed"] == 1);
  CHECK(world.read("/v1/nodes")["nodes"].empty());  // all nodes that the world hands out are of the other site
  const auto node = "/v1/nodes/" + to_text(node_row(1).id);
  CHECK(get(world.http.port, node, "Authorization: Bearer t\r\n").status == 403);
  CHECK(post(world.http.port, node + "/benchmark", "{}", "t").status == 403);
  CHECK(world.read("/v1/sites")["sites"][0]["name"] == "bare");
}

TEST_CASE("scope: a site that is gone leaves nothing to see") {
  const ScopedWorld world(*make_scope({}, {SiteId{{9}}}));
  CHECK(world.read("/v1/map")["total"]["nodes"]["installed"] == 0);
  CHECK(world.read("/v1/sites")["sites"].empty());
  CHECK(world.read("/v1/nodes")["nodes"].empty());
}

TEST_CASE("scope: tags of one scope's map are not those of another's") {
  const ScopedWorld region(*make_scope({"11"}, {})), site(*make_scope({}, {SiteId{{2}}}));
  const auto tag = [](const ScopedWorld& world) {
    return get(world.http.port, "/v1/map", "Authorization: Bearer t\r\n").headers.at("ETag");
  };
  CHECK(tag(region) != tag(site));
  CHECK(tag(region) != get(region.http.port, "/v1/map").headers.at("ETag"));
}
