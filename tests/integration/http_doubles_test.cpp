// Nodes that say they run on one machine, over HTTP.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/join_token.hpp"
#include "tests/support/contract_doubles.hpp"
#include "tests/support/small_view.hpp"

using namespace capmap;
using namespace capmap::support;
using nlohmann::json;

namespace {

struct DoublesWorld {
  HttpWorld http;
  DoublesWorld() {
    auto view = small_view(http.clock.boot_ms());
    view->doubles = some_doubles();
    http.view.publish(view);
  }
  [[nodiscard]] json read(const std::string& path, const std::string& headers = {}) const { return body_of(get(http.port, path, headers)); }
  [[nodiscard]] Reply settle(std::uint8_t node, std::uint8_t other, bool same) const {
    return post(http.port, "/v1/doubles", settlement_of(node, other, same), kAdminToken);
  }
};

}  // namespace

TEST_CASE("http doubles: pairs are listed with both sides, page by page, and the map says how many nodes there are") {
  const DoublesWorld world;
  const auto all = world.read("/v1/doubles");
  REQUIRE(all["doubles"].size() == 2);
  const auto& pair = all["doubles"][0];
  CHECK(pair["state"] == "suspected");
  CHECK(pair["node"]["id"] == to_text(node_row(1).id));
  CHECK(pair["node"]["site"]["name"] == "北京 \"one\"");
  CHECK(pair["node"]["liveness"] == "fresh");
  CHECK(pair["other"]["hostname"] == "two\xEF\xBF\xBD");
  CHECK(pair["alike"] == json::array({"uuid"}));
  CHECK(pair["since"] == "2026-09-21T14:13:20.000Z");
  CHECK(pair["settled"].is_null());
  CHECK(all["doubles"][1]["left_out"] == true);
  CHECK(all["doubles"][1]["other"]["hostname"].is_null());
  CHECK(all["doubles"][1]["since"].is_null());
  CHECK(all["complete"] == true);
  CHECK(all["next"].is_null());
  const auto first = world.read("/v1/doubles?limit=1");
  CHECK(first["doubles"] == json::array({all["doubles"][0]}));
  const auto second = world.read("/v1/doubles?limit=1&cursor=" + first["next"].get<std::string>());
  CHECK(second["doubles"] == json::array({all["doubles"][1]}));
  CHECK(second["next"].is_null());
  CHECK(world.read("/v1/map")["doubles"] == json({{"suspected_nodes", 2}, {"left_out_nodes", 1}}));
  CHECK(get(world.http.port, "/metrics").body.find("\ncapmap_suspected_double_nodes 2\n") != std::string::npos);
}

TEST_CASE("http doubles: a pair that is listed is settled either way round, any other is not known") {
  const DoublesWorld world;
  const auto done = world.settle(2, 1, true);
  CHECK(done.status == 200);
  CHECK(body_of(done)["node"] == to_text(node_row(2).id));
  CHECK(body_of(done)["other"] == to_text(node_row(1).id));
  CHECK(body_of(done)["same"] == true);
  CHECK(world.settle(3, 4, false).status == 200);
  const auto stranger = world.settle(1, 3, true);
  CHECK(stranger.status == 404);
  CHECK(body_of(stranger)["detail"].get<std::string>().find("capmapctl nodes doubles") != std::string::npos);
  for (const char* body : {R"({"node":"n-x","other":"n-y","same":true})", R"({"same":true})", "[]"}) {
    CHECK(post(world.http.port, "/v1/doubles", body, kAdminToken).status == 400);
  }
  const auto unsaid = R"({"node":")" + to_text(node_row(1).id) + R"(","other":")" + to_text(node_row(2).id) + R"("})";
  CHECK(body_of(post(world.http.port, "/v1/doubles", unsaid, kAdminToken))["detail"].get<std::string>().starts_with("same: "));
}

TEST_CASE("http doubles: who has a scope sees pairs of which both are within it, and counts of those") {
  DoublesWorld world;
  User user;
  user.name = "li";
  user.role = Role::kOperator;
  user.scope = *make_scope({"11"}, {});
  const ApiToken token{.id = "t", .user = "li", .secret_hash = secret_hash("t"), .role = Role::kOperator};
  world.http.access.publish(std::make_shared<const AccessTable>(std::vector{user}, std::vector{token}));
  const std::string bearer = "Authorization: Bearer t\r\n";
  const auto seen = world.read("/v1/doubles", bearer);
  REQUIRE(seen["doubles"].size() == 1);
  CHECK(seen["doubles"][0]["state"] == "suspected");
  CHECK(seen["suspected_nodes"] == 2);
  CHECK(seen["left_out_nodes"] == 0);
  CHECK(seen.contains("scope"));
  CHECK(world.read("/v1/map", bearer)["doubles"]["left_out_nodes"] == 0);
}
