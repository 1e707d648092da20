#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/catalog_chips.hpp"
#include "tests/support/scoped_world.hpp"
#include "tests/support/small_view.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

namespace {

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("http: the chip table comes in pages that hold together, and as CSV where that is wanted") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  json rows = json::array();
  std::string path = "/v1/chips?limit=100";
  for (json next = ""; !next.is_null(); path = "/v1/chips?limit=100&cursor=" + (next.is_null() ? "" : next.get<std::string>())) {
    const auto page = body_of(get(world.port, path));
    REQUIRE(page["chips"].is_array());
    for (const auto& row : page["chips"]) rows.push_back(row);
    next = page["next"];
  }
  const auto whole = catalog_chips()->list();
  REQUIRE(rows.size() == whole.size());
  for (std::size_t i = 0; i < whole.size(); ++i) CHECK(rows[i]["name"] == whole[i].name);
  const auto cards = body_of(get(world.port, "/v1/chips?part=npu&limit=1000"));
  for (const auto& row : cards["chips"]) CHECK(row["part"] == "npu");
  CHECK(body_of(get(world.port, "/v1/chips?standing=true"))["chips"].empty());
  const auto csv = get(world.port, "/v1/chips?limit=2", "Accept: text/csv\r\n");
  CHECK(csv.headers.at("Content-Type").starts_with("text/csv"));
  CHECK(csv.headers.at("Link").find("limit=2") != std::string::npos);
  CHECK(lines_of(csv.body) == 3);
  CHECK(get(world.port, "/v1/chips?cursor=1.5").status == 400);
  CHECK(get(world.port, "/v1/chips?part=disk").status == 400);
  CHECK(get(world.port, "/v1/chips?standing=1").status == 400);
}

TEST_CASE("http: what stands unrated is told with where, why and what would rate it, as far as a scope goes") {
  ScopedWorld world(Scope{.regions = {}, .sites = {SiteId{{2}}}});
  const auto all = body_of(get(world.http.port, "/v1/chips/unrated"));
  REQUIRE(all["unrated"].size() == 1);
  const auto& chip = all["unrated"][0];
  CHECK(chip["part"] == "npu");
  CHECK(chip["seen"]["pci_id"] == "19e5:d802");
  CHECK(chip["nodes"] == 4);
  CHECK(chip["parts"] == 32);
  CHECK(chip["sites"]["count"] == 2);
  CHECK(chip["why"] == "not in the chip table");
  CHECK(chip["would_identify"].get<std::string>().find("19e5:d802") != std::string::npos);
  CHECK(all["hardware_unknown_nodes"] == 1);
  const auto part = world.read("/v1/chips/unrated");
  REQUIRE(part["unrated"].size() == 1);
  CHECK(part["unrated"][0]["id"] == chip["id"]);
  CHECK(part["unrated"][0]["nodes"] == 1);
  CHECK(part["unrated"][0]["sites"]["names"] == json({"bare"}));
  CHECK(part["hardware_unknown_nodes"] == 0);
  CHECK(body_of(get(world.http.port, "/v1/chips/unrated?cursor=" + chip["id"].get<std::string>()))["unrated"].empty());
  CHECK(post(world.http.port, "/v1/chips", R"({"read_anew":true})", "t").status == 403);
}

TEST_CASE("http: kinds of hardware say what one server holds, and count nodes and sites of what a filter and a scope let through") {
  ScopedWorld world(Scope{.regions = {"11"}, .sites = {}});
  const auto all = body_of(get(world.http.port, "/v1/hardware"));
  REQUIRE(all["hardware"].size() == 1);
  const auto& kind = all["hardware"][0];
  CHECK(kind["cpu"]["model"] == "Example 9000");
  CHECK(kind["nodes"]["installed"] == 4);
  CHECK(kind["nodes"]["by_liveness"]["lost"] == 1);
  CHECK(kind["sites"] == 2);
  CHECK(kind["accelerators"][0]["count"] == 8);
  CHECK(kind["accelerators"][0]["vendor"] == "huawei");
  CHECK(kind["disks"].size() == 2);
  CHECK(kind["nics"][0]["speed_mbps"] == 100'000);
  CHECK(all["hardware_unknown_nodes"] == 1);
  const auto lost = body_of(get(world.http.port, "/v1/hardware?filter=liveness%20%3D%20lost"));
  CHECK(lost["hardware"][0]["nodes"]["installed"] == 1);
  CHECK(body_of(get(world.http.port, "/v1/hardware?filter=cores%20%3E%2099"))["hardware"].empty());
  CHECK(get(world.http.port, "/v1/hardware?filter=hostname%20%3D%20a").status == 400);
  CHECK(get(world.http.port, "/v1/hardware?filter=cores%20%3E").status == 400);
  CHECK(get(world.http.port, "/v1/hardware?cursor=x").status == 400);
  const auto part = world.read("/v1/hardware");
  CHECK(part["hardware"][0]["nodes"]["installed"] == 3);
  CHECK(part["hardware"][0]["sites"] == 1);
  CHECK(part["scope"] == "region 11");
  const auto csv = get(world.http.port, "/v1/hardware", "Accept: text/csv\r\n");
  CHECK(lines_of(csv.body) == 2);
  CHECK(csv.body.find("8 x Example NPU") != std::string::npos);
}
