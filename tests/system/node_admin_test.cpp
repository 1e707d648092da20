// Stories about an admin and a node: drained, mended, removed for good; and a controller that starts again between.
#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/support/deployment.hpp"

using namespace capmap::support;
using nlohmann::json;

namespace {

json nodes_of(const Deployment& deployment) {
  const json answer = json::parse(http_get(deployment.http_port, "/v1/nodes"), nullptr, false);
  return answer.is_object() ? answer["nodes"] : json::array();
}

json node_of(const Deployment& deployment, const std::string& id) {
  return json::parse(http_get(deployment.http_port, "/v1/nodes/" + id), nullptr, false);
}

json totals(const Deployment& deployment) {
  const json map = json::parse(http_get(deployment.http_port, "/v1/map"), nullptr, false);
  return map.is_object() ? map["total"]["nodes"] : json::object();
}

}  // namespace

TEST_CASE("nodes: what an admin orders of a node holds over a restart, and a removed one stays out until it joins anew") {
  Deployment deployment({}, {"--interval-ms", "500"});
  deployment.start();
  const TemporaryFolder folder;
  Program fleet({"capmap-fleet", "--join", deployment.token(4), "--agents", "4", "--seed", "4", "--seconds", "0", "--keys-file",
                 folder.path() + "/keys"});
  REQUIRE(eventually([&] { return totals(deployment)["available"] == 4; }, std::chrono::seconds(60)));
  std::vector<std::string> ids;
  for (const auto& node : nodes_of(deployment)) ids.push_back(node["id"]);
  REQUIRE(ids.size() == 4);

  CHECK(deployment.ctl({"nodes", "maintenance", ids[0], "--reason", "new fans", "--until", "2100-01-01T00:00:00Z"}).code == 0);
  CHECK(deployment.ctl({"nodes", "drain", ids[1]}).code == 0);
  CHECK(deployment.ctl({"nodes", "undrain", ids[1]}).code == 0);
  CHECK(deployment.ctl({"nodes", "quarantine", ids[2]}).code == 0);
  CHECK(deployment.ctl({"nodes", "drain", ids[1], "--until", "tomorrow"}).code != 0);
  CHECK(deployment.ctl({"nodes", "remove", ids[3]}).code == 5);  // not a terminal, and no --yes
  REQUIRE(
      eventually([&] { return totals(deployment)["installed"] == 3 && totals(deployment)["available"] == 2; }, std::chrono::seconds(10)));
  REQUIRE(deployment.ctl({"nodes", "remove", ids[3], "--yes"}).code == 0);
  CHECK(deployment.ctl({"nodes", "remove", ids[3], "--yes"}).code == 4);
  CHECK(eventually([&] { return nodes_of(deployment).size() == 3; }, std::chrono::seconds(10)));

  CHECK(deployment.stop(SIGKILL) == 128 + SIGKILL);
  deployment.start();
  CHECK(eventually([&] { return totals(deployment)["available"] == 1 && totals(deployment)["installed"] == 2; }, std::chrono::seconds(90)));
  CHECK(nodes_of(deployment).size() == 3);
  // Its key is refused for good, also by a controller that has started since.
  CHECK(eventually([&] { return deployment.metric("capmap_zap_requests_total{answer=\"revoked\"}") >= 1; }, std::chrono::seconds(30)));
  const json mended = node_of(deployment, ids[0]);
  CHECK(mended["service_state"] == "maintenance");
  CHECK(mended["service"]["reason"] == "new fans");
  CHECK(mended["service"]["until"] == "2100-01-01T00:00:00.000Z");
  CHECK(node_of(deployment, ids[1])["service_state"] == "in_service");
  CHECK(deployment.ctl({"nodes", "show", ids[0]}).output.find("until 2100-01-01T00:00:00.000Z (new fans)") != std::string::npos);
  CHECK(deployment.ctl({"nodes", "show", ids[3]}).code == 4);
  CHECK(deployment.stop(SIGTERM) == 0);
}
