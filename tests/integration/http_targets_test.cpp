// GET /v1/sd/prometheus: which nodes Prometheus is sent to, with what labels, and to whom it is told.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"
#include "tests/support/scoped_world.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

namespace {

/// Ids of the nodes in an answer.
std::set<std::string> nodes_in(const json& answer) {
  std::set<std::string> ids;
  for (const auto& group : answer) ids.insert(group["labels"]["__meta_capmap_node"].get<std::string>());
  return ids;
}

}  // namespace

TEST_CASE("http targets: each node is one target with its labels; where a host is no name, nobody is sent there") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto by_name = get(world.port, "/v1/sd/prometheus");
  REQUIRE(by_name.status == 200);
  CHECK(by_name.headers.at("Content-Type") == "application/json");
  CHECK(by_name.headers.at("X-Capmap-Without-Host") == "10");  // their names are no UTF-8
  CHECK(body_of(by_name) == json::array());

  const auto by_label = get(world.port, "/v1/sd/prometheus?host=label.rack&port=9400");
  CHECK(by_label.headers.at("X-Capmap-Without-Host") == "1");  // that without the label
  const auto targets = body_of(by_label);
  REQUIRE(targets.size() == 9);
  CHECK(nodes_in(targets).size() == 9);
  const auto& first = targets[0];
  CHECK(first["targets"] == json::array({"r1:9400"}));
  const auto& labels = first["labels"];
  CHECK(labels["__meta_capmap_node"] == to_text(node_row(0).id));
  CHECK(labels["__meta_capmap_site"] == "北京 \"one\"");
  CHECK(labels["__meta_capmap_region"] == "110108");
  CHECK(labels["__meta_capmap_liveness"] == "fresh");
  CHECK(labels["__meta_capmap_service"] == "in_service");
  CHECK(labels["__meta_capmap_verdict"] == "unproven");
  CHECK(labels["__meta_capmap_model"] == "Example NPU");
  CHECK(labels["__meta_capmap_cpu_model"] == "Example 9000");
  CHECK(labels["__meta_capmap_label_rack"] == "r1");
  CHECK_FALSE(labels.contains("__meta_capmap_pool"));
}

TEST_CASE("http targets: a filter, a site and a liveness narrow them, and parts are all of them, each once") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto ask = [&world](const std::string& query) { return body_of(get(world.port, "/v1/sd/prometheus?host=label.rack" + query)); };
  CHECK(ask("&filter=label.rack%20%3D%20r1").size() == 2);
  CHECK(ask("&liveness=lost").size() == 4);
  CHECK(ask("&site=bare").empty());
  std::set<std::string> all;
  std::size_t count = 0;
  for (const char* const part : {"1/3", "2/3", "3/3"}) {
    const auto ids = nodes_in(ask(std::string("&part=") + part));
    CHECK(ids.size() == 3);
    count += ids.size();
    all.insert(ids.begin(), ids.end());
  }
  CHECK(count == 9);
  CHECK(all.size() == 9);
  for (const char* const wrong : {"port=0", "port=65536", "part=0/3", "part=4/3", "part=1", "part=1/1001", "part=1/", "host=address",
                                  "host=label.", "site=nowhere", "liveness=dead", "filter=(", "cursor=1"}) {
    INFO(wrong);
    CHECK(get(world.port, std::string("/v1/sd/prometheus?") + wrong).status == 400);
  }
}

TEST_CASE("http targets: who has a scope is told of what is in it alone") {
  ScopedWorld world(Scope{.regions = {"11"}, .sites = {}});
  CHECK(world.read("/v1/sd/prometheus?host=label.rack").size() == 9);
  world.give(Scope{.regions = {"31"}, .sites = {}});
  CHECK(world.read("/v1/sd/prometheus?host=label.rack").empty());
  CHECK(get(world.http.port, "/metrics", "Authorization: Bearer t\r\n").status == 403);
}
