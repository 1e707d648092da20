#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;
using nlohmann::json;

TEST_CASE("http: what a site declares is taken strictly, shown with it, and set beside what is installed where groups are of sites alone") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto made =
      post(world.port, "/v1/sites/x%20y/declared",
           R"({"nodes":0,"storage_bytes":"9007199254740993","peak_fp16_mflops":7,"accelerators_by_model":{"A.b=c":3}})", kAdminToken);
  REQUIRE(made.status == 200);
  CHECK(json::parse(made.body)["name"] == "x y");
  CHECK(json::parse(made.body)["declared"] == json::parse(R"({"nodes":0,"storage_bytes":"9007199254740993","peak_fp16_mflops":"7",
                                                             "accelerators_by_model":{"A.b=c":3}})"));
  CHECK(json::parse(post(world.port, "/v1/sites", R"({"name":"b","declared":{"cores":8}})", kAdminToken).body)["declared"]["cores"] == 8);
  CHECK(json::parse(post(world.port, "/v1/sites", R"({"name":"b","declared":null})", kAdminToken).body)["declared"].is_null());
  for (const auto& [wrong, place] : std::map<std::string, std::string>{
           {R"({"declared":5})", "declared"},
           {R"({"declared":{"cores":"8x"}})", "declared.cores"},
           {R"({"declared":{"cores":-1}})", "declared.cores"},
           {R"({"declared":{"nodes":1000000001}})", "declared.nodes"},
           {R"({"declared":{"cores":2,"packages":3}})", "declared.cores"},
           {R"({"declared":{"gpus":2}})", "declared.gpus"},
           {R"({"declared.cores":2})", "declared.cores"},
           {R"({"declared":{"cores":{"a":2}}})", "declared.cores"},
           {R"({"declared":{},"declared":{}})", "declared"},
           {R"({"declared":{"accelerators_by_model":{"A":9},"accelerators":8}})", "declared.accelerators_by_model"}}) {
    INFO(wrong);
    const auto refused = post(world.port, "/v1/sites", R"({"name":"c",)" + wrong.substr(1), kAdminToken);
    CHECK(refused.status == 400);
    CHECK(refused.body.find(place) != std::string::npos);
  }

  const auto sites = json::parse(get(world.port, "/v1/sites").body)["sites"];
  CHECK(sites[0]["declared"]["memory_bytes"] == "2199023255552");
  CHECK(sites[1]["declared"].is_null());
  const auto map = json::parse(get(world.port, "/v1/map?group_by=region_2&measure=declared").body);
  CHECK(map["declared_why"].is_null());
  const auto& total = map["total"]["declared"];
  CHECK(total["sites"] == 2);
  CHECK(total["nodes"] == json::parse(R"({"declared":5,"sites_not_declared":1,"installed":4,"difference":-1,"beyond":0,"sites_beyond":0,
                                          "installed_complete":true})"));
  // One of its nodes has no known hardware: the sum is a lower bound, and says so.
  CHECK(total["memory_bytes"] == json::parse(R"({"declared":"2199023255552","sites_not_declared":1,"installed":"3298534883328",
                                                 "difference":"1099511627776","beyond":"1099511627776","sites_beyond":1,
                                                 "installed_complete":false})"));
  CHECK(total["power_watts"]["declared"] == 9'000);
  CHECK(total["power_watts"]["difference"].is_null());
  CHECK(total["cores"].is_null());
  CHECK(total["accelerators_by_model"]["Example NPU"]["difference"] == 24 - 30);
  CHECK(map["groups"][1]["key"]["region_2"] == "11");
  CHECK(map["groups"][1]["declared"]["nodes"]["declared"] == 5);
  CHECK(map["groups"][0]["declared"]["nodes"].is_null());

  const auto by_nodes = json::parse(get(world.port, "/v1/map?group_by=liveness&measure=nodes,declared").body);
  CHECK(by_nodes["declared_why"].is_string());
  CHECK(by_nodes["groups"][0]["declared"].is_null());
  CHECK(by_nodes["total"]["declared"]["sites"] == 2);
  const auto scanned = json::parse(get(world.port, "/v1/map?group_by=os&measure=declared").body);
  CHECK(scanned["declared_why"].is_string());
  CHECK(scanned["total"]["declared"].is_null());
  CHECK_FALSE(json::parse(get(world.port, "/v1/map").body).contains("declared_why"));
}
