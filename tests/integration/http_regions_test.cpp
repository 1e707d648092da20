#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

TEST_CASE("http: all regions are listed with what stands there, and a site of an unknown division is refused") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto answer = body_of(get(world.port, "/v1/regions"));
  std::map<std::string, json> regions;
  std::string before;
  for (const auto& region : answer["regions"]) {
    const auto code = region["code"].get<std::string>();
    CHECK(before < code);
    before = code;
    regions[code] = region;
  }
  CHECK(regions["34"]["nodes"]["installed"] == 0);
  CHECK(regions["34"]["tile"] == json({{"column", 4}, {"row", 4}}));
  CHECK(regions["11"]["name_en"] == "Beijing");
  CHECK(regions["1307"]["hub_cluster"] == "张家口");
  for (const char* code : {"11", "1101", "110108"}) {
    CAPTURE(code);
    CHECK(regions[code]["sites"] == 1);
    CHECK(regions[code]["nodes"] == regions["11"]["nodes"]);
    CHECK(regions[code]["name"].is_null() == (code != std::string("11")));
  }
  const auto total = body_of(get(world.port, "/v1/map"))["total"]["nodes"];
  CHECK(regions["11"]["nodes"]["installed"].get<int>() + answer["undeclared"]["nodes"]["installed"].get<int>() == total["installed"]);
  CHECK(regions["11"]["nodes"]["available"] == total["available"]);
  CHECK(answer["undeclared"]["sites"] == 1);
  const auto refused = post(world.port, "/v1/sites", R"({"name":"c","region":"9901"})", kAdminToken);
  CHECK(refused.status == 400);
  CHECK(refused.body.find("11 北京, 12 天津") != std::string::npos);
  CHECK(post(world.port, "/v1/sites", R"({"name":"c","region":"469001"})", kAdminToken).status == 201);
}
