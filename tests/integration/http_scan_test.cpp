// Questions that look at nodes: groups, filters and pages by what only nodes know, and how many go on at once.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

TEST_CASE("http: labels and names of nodes group and filter; a filter that asks them makes a scan, with the measures that were asked for") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto racks = body_of(get(world.port, "/v1/map?group_by=label.rack&measure=nodes,peak_fp64"));
  CHECK(racks["by"] == json::array({"label.rack"}));
  REQUIRE(racks["groups"].size() == 3);
  CHECK(racks["groups"][0]["key"]["label.rack"].is_null());
  CHECK(racks["groups"][1]["key"]["label.rack"] == "r1");
  CHECK(racks["groups"][2]["nodes"]["installed"] == 7);
  CHECK(racks["groups"][2]["peak"]["cpu"]["fp64_mflops"] == "21000000");
  CHECK(racks["groups"][2]["peak"]["unrated"]["accelerators"] == 56);
  CHECK_FALSE(racks["total"].contains("memory"));
  const auto filtered = body_of(get(world.port, "/v1/map?by=region&filter=label.rack%20%3D%20r1%20and%20liveness%20%3D%20fresh"));
  CHECK(filtered["answered_from"] == "node_scan");
  CHECK(filtered["nodes_looked_at"] == 10);
  CHECK(filtered["total"]["nodes"]["installed"] == 1);
  CHECK(filtered["groups"][0]["key"]["region"] == "110108");
  CHECK(filtered["total"]["storage"]["installed_bytes"] == "7680000000000");
  CHECK(filtered["total"]["storage"]["unknown_disks"] == 1);
  CHECK(filtered["total"]["storage"]["shared"]["file_systems"].is_null());
  CHECK(filtered["total"]["network"]["nics"] == 2);
  CHECK(filtered["total"]["power"]["watts"].is_null());
  CHECK(filtered["total"]["age_ms"]["known_nodes"] == 1);
  CHECK(filtered["total"]["cpu"]["available"]["cores"] == 48);
  const auto page = body_of(get(world.port, "/v1/nodes?filter=hostname%20prefix%20node-%20and%20label.rack%20!%3D%20r2"));
  REQUIRE(page["nodes"].size() == 2);
  CHECK(page["nodes"][0]["labels"] == json({{"rack", "r1"}}));
  CHECK(get(world.port, "/v1/map?group_by=os,os").status == 400);
  CHECK(get(world.port, "/v1/map?group_by=label.Rack").status == 400);
}

TEST_CASE("http: filtered pages miss none and repeat none, whatever the filter asks") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  for (const auto& [filter, expected] : std::map<std::string, std::size_t>{
           {"label.rack%20%3D%20r2", 7}, {"label.rack%20%3D%20%22%22", 1}, {"not%20label.rack%20%3D%20r1", 8}, {"cores%20%3D%2048", 10}}) {
    std::vector<std::string> ids;
    std::string cursor;
    for (int pages = 0; pages < 20; ++pages) {
      const auto page = body_of(get(world.port, "/v1/nodes?limit=2&filter=" + filter + cursor));
      for (const auto& node : page["nodes"]) ids.push_back(node["id"]);
      CHECK(page["nodes"].size() <= 2);
      if (page["next"].is_null()) break;
      cursor = "&cursor=" + page["next"].get<std::string>();
    }
    CAPTURE(filter);
    CHECK(ids.size() == expected);
    std::sort(ids.begin(), ids.end());
    CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
  }
}

TEST_CASE("http: four scans of all nodes go on at once; the fifth is told to come again, and may once one has ended") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  world.map_silent = true;
  std::vector<std::future<int>> scans;
  for (int i = 0; i < 4; ++i) {
    scans.push_back(std::async(std::launch::async, [&world] { return get(world.port, "/v1/map?group_by=os").status; }));
  }
  while (world.queries < 4) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const auto fifth = get(world.port, "/v1/map?group_by=os");
  CHECK(fifth.status == 503);
  CHECK(fifth.headers.at("Retry-After") == "1");
  CHECK(body_of(fifth)["type"] == "urn:capmap:problem:too-many-scans");
  CHECK(get(world.port, "/v1/map?group_by=site").status == 200);
  world.clock.advance_ms(10'000);
  for (auto& scan : scans) CHECK(scan.get() == 504);
  world.map_silent = false;
  for (int i = 0; i < 6; ++i) CHECK(get(world.port, "/v1/map?group_by=os").status == 200);
}
