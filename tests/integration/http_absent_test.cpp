#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

TEST_CASE("http: nodes that are lost are listed page by page with when they were last seen, and sites with what they declare") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  std::set<std::string> ids;
  std::string cursor;
  for (int page = 0; page < 10; ++page) {
    const auto answer = body_of(get(world.port, "/v1/absent?limit=2" + cursor));
    CHECK(answer["revision"] == 41);
    CHECK(answer["nodes"].size() <= 2);
    for (const auto& node : answer["nodes"]) {
      CHECK(ids.insert(node["id"].get<std::string>()).second);
      CHECK(node["absence"] == "lost");
      CHECK(node["age_ms"] == 1'000);
      CHECK(node["last_seen_coarse_ms"] == 0);
      CHECK(node["site"]["region"] == "110108");
      CHECK(node["service_state"] == "in_service");
    }
    CHECK(answer.contains("sites") == cursor.empty());
    if (cursor.empty()) {
      REQUIRE(answer["sites"].size() == 1);
      const auto& site = answer["sites"][0];
      CHECK(site["declared_nodes"] == 5);
      CHECK(site["installed_nodes"] == 4);
      CHECK(site["lost_nodes"] == 0);
      CHECK(site["difference"] == -1);
      CHECK(answer["sites_left_out"] == 0);
    }
    if (answer["next"].is_null()) break;
    cursor = "&cursor=" + answer["next"].get<std::string>();
  }
  CHECK(ids.size() == 5);  // every second of the ten
}

TEST_CASE("http: absent nodes are filtered as others are, and a wrong question is refused") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto racks = body_of(get(world.port, "/v1/absent?filter=label.rack%20%3D%20r1%20or%20label.rack%20%3D%20%22%22"));
  REQUIRE(racks["nodes"].size() == 2);
  CHECK(racks["nodes"][0]["labels"]["rack"] == "r1");
  for (const char* query : {"?liveness=fresh", "?filter=(", "?limit=0", "?cursor=1", "?site=nowhere"}) {
    INFO(query);
    CHECK(get(world.port, std::string("/v1/absent") + query).status == 400);
  }
}
