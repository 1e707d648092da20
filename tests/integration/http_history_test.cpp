#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;
using Catch::Contains;

TEST_CASE("http: history tells how use went, by steps and groups, with what is not known as null") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto answer = body_of(get(world.port, "/v1/history?group_by=region_2&measure=cpu_use,memory_use&grain=5m"));
  CHECK(answer["grain"] == "5m");
  CHECK(answer["step_ms"] == 300'000);
  CHECK(answer["sampled_by"] == "1m");
  CHECK(answer["why_coarser"].is_null());
  CHECK(answer["extremes"] == "met");
  const auto steps = answer["steps"].get<std::size_t>();
  CHECK(steps >= 24);
  CHECK(answer["samples"].size() == steps);
  REQUIRE(answer["groups"].size() == 2);
  CHECK(answer["groups"][0]["key"] == nlohmann::json({{"region_2", nullptr}}));
  const auto& beijing = answer["groups"][1];
  CHECK(beijing["key"] == nlohmann::json({{"region_2", "11"}}));
  const auto& used = beijing["figures"]["cpu_used_millicores"];
  for (const char* of : {"mean", "min", "max"}) {
    REQUIRE(used[of].size() == steps);
    CHECK(used[of][3] == 30'000);
  }
  CHECK(used["unknown_nodes"][3] == 1);
  CHECK(beijing["figures"]["memory_used_bytes"]["mean"][3].is_null());
  CHECK(beijing["figures"].size() == 4);
  const auto total = body_of(get(world.port, "/v1/map"))["total"];
  const auto all = body_of(get(world.port, "/v1/history?measure=nodes,accelerator_use"));
  REQUIRE(all["groups"].size() == 1);
  CHECK(all["groups"][0]["key"].empty());
  CHECK(all["groups"][0]["figures"]["nodes_installed"]["max"][3] == total["nodes"]["installed"]);
  CHECK(all["groups"][0]["figures"]["accelerators_installed"]["mean"][3] == total["accelerators"]["installed"]);
  CHECK(all["groups"][0]["figures"]["accelerators_used"]["mean"][3] == total["accelerators"]["used"]);
}

TEST_CASE("http: history of a site goes by its name or id, and sizes are decimal texts") {
  HttpWorld world;
  auto view = small_view(world.clock.boot_ms());
  Cell cell;
  cell.key = {.site = 1, .hardware = 1, .liveness = Liveness::kFresh};
  cell.nodes = 1;
  cell.memory_used_mib = {.sum = 2, .known = 1};
  view->cells = {cell};
  world.view.publish(view);
  const auto id = to_text(view->sites[1]->id);
  for (const auto& name : {id, std::string("%E5%8C%97%E4%BA%AC%20%22one%22")}) {
    const auto answer = body_of(get(world.port, "/v1/history?measure=memory_use&site=" + name));
    CHECK(answer["grain"] == "15m");
    REQUIRE(answer["groups"].size() == 1);
    CHECK(answer["groups"][0]["key"]["site"] == id);
    CHECK(answer["groups"][0]["figures"]["memory_used_bytes"]["mean"][0] == "2097152");
  }
}

TEST_CASE("http: questions to history without meaning are refused with what would be right") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const std::map<std::string, std::string> wrong = {
      {"grain=2m", "28d"},
      {"measure=cpu", "accelerator_use"},
      {"group_by=site", "compute_class"},
      {"group_by=region_2,region_2", "stands there twice"},
      {"region=1101", "2 digits"},
      {"region=x1", "2 digits"},
      {"site=nowhere", "no site has the name or id"},
      {"site=s-aaaaaaaaaaaaaaaaaaaaaaaaaa&region=11", "as a whole"},
      {"from=yesterday", "from"},
      {"from=2026-11-22T21:00:00Z&to=2026-11-22T21:00:00Z", "must be before to"},
  };
  for (const auto& [query, text] : wrong) {
    CAPTURE(query);
    const auto reply = get(world.port, "/v1/history?" + query);
    CHECK(reply.status == 400);
    CHECK_THAT(reply.body, Contains(text));
  }
  const auto long_ago = body_of(get(world.port, "/v1/history?from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00Z"));
  CHECK(long_ago["steps"] == 0);
  CHECK(long_ago["groups"].empty());
}
