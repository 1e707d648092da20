// Whole sites and pools out of service, nodes that move and get labels: asked over HTTP, kept, on the map, and there after a restart.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/http_peer.hpp"
#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"
#include "tests/support/whole_controller.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

namespace {

/// A controller that knows two nodes at one of two sites, and a pool at the other.
struct Park {
  TemporaryFolder folder;
  Site lab = some_site("lab"), far = some_site("far");
  KnownNode first = some_node(lab.id), second = some_node(lab.id);
  std::unique_ptr<WholeController> controller;
  std::string token;

  Park() {
    Site site;
    site.name = "first";
    REQUIRE(create_state(state(), site));
    {
      auto store = open_store(state(), NoStore::kRefuse);
      REQUIRE(store);
      for (const auto& place : {lab, far}) REQUIRE((*store)->put_site(place));
      Pool pool;
      pool.id = random_id<PoolId>();
      pool.site = far.id;
      pool.name = "batch";
      REQUIRE((*store)->put_pool(pool));
      for (const auto& node : {first, second}) REQUIRE((*store)->put_node(node));
    }
    token = *load_admin_token(state());
    start();
  }
  [[nodiscard]] std::string state() const { return folder.path() + "/state"; }
  void start() {
    controller.reset();
    controller = std::make_unique<WholeController>(state());
  }
  [[nodiscard]] json read(const std::string& path) const { return body_of(get(controller->port, path)); }
  Reply change(const std::string& path, const std::string& body) const { return post(controller->port, path, body, token); }
  [[nodiscard]] std::string path_of(const KnownNode& node) const { return "/v1/nodes/" + to_text(node.id); }
  [[nodiscard]] std::string service(const KnownNode& node) const { return read(path_of(node))["service_state"]; }
};

}  // namespace

TEST_CASE("http: a drained site takes its nodes along, who comes later too, and shows it; undrained they are back") {
  Park park;
  const auto done = park.change("/v1/sites/lab/service", R"({"state":"draining","reason":"power works","until":"2100-01-01T00:00:00Z"})");
  INFO(done.body);
  REQUIRE(done.status == 200);
  CHECK(body_of(done)["service"]["reason"] == "power works");
  CHECK(park.service(park.first) == "draining");
  CHECK(park.service(park.second) == "draining");
  const auto node = park.read(park.path_of(park.first));
  CHECK(node["service"].is_null());
  CHECK(node["site_service"]["state"] == "draining");
  const auto sites = park.read("/v1/sites")["sites"];
  CHECK(std::ranges::all_of(sites, [](const json& site) { return site["service_order"].is_null() == (site["name"] != "lab"); }));
  park.start();
  CHECK(park.service(park.first) == "draining");
  CHECK(park.change(park.path_of(park.second) + "/site", R"({"site":"far","pool":"batch"})").status == 200);
  CHECK(park.service(park.second) == "in_service");
  CHECK(park.read(park.path_of(park.second))["pool"]["name"] == "batch");
  const auto pool = park.read("/v1/pools")["pools"][0]["id"].get<std::string>();
  CHECK(park.change("/v1/pools/" + pool + "/service", R"({"state":"maintenance"})").status == 200);
  CHECK(park.service(park.second) == "maintenance");
  CHECK(park.read("/v1/pools")["pools"][0]["service_order"]["state"] == "maintenance");
  CHECK(park.change("/v1/sites/lab/service", R"({"state":"in_service"})").status == 200);
  CHECK(park.service(park.first) == "in_service");
  CHECK(park.change("/v1/sites/lab/service", R"({"state":"retired"})").status == 400);
  CHECK(park.change("/v1/sites/none/service", R"({"state":"draining"})").status == 404);
}

TEST_CASE("http: labels of an admin are in filters and groups, and there after a restart") {
  Park park;
  REQUIRE(park.change(park.path_of(park.first) + "/labels", R"({"labels":{"rack":"r1","contract":"2026-3"}})").status == 200);
  const auto answer = body_of(park.change(park.path_of(park.first) + "/labels", R"({"labels":{"contract":""}})"));
  CHECK(answer["admin_labels"] == json({{"rack", "r1"}}));
  CHECK(park.read("/v1/nodes?filter=label.rack%20%3D%20r1")["nodes"].size() == 1);
  park.start();
  CHECK(park.read(park.path_of(park.first))["labels"] == json({{"rack", "r1"}}));
  CHECK(park.read(park.path_of(park.first))["admin_labels"] == json({{"rack", "r1"}}));
  CHECK(park.change(park.path_of(park.first) + "/labels", R"({"labels":{"BAD KEY":"x"}})").status == 400);
  CHECK(park.change(park.path_of(park.first) + "/labels", R"({"labels":{}})").status == 400);
}
