// capmapctl nodes watch over a real controller and a real agent.
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/support/deployment.hpp"
#include "tests/support/http_peer.hpp"

using namespace capmap;
using namespace capmap::support;
using namespace std::chrono_literals;

TEST_CASE("ctl nodes watch: use and changes of state are told as they come, of all nodes, of one, and of those of a filter") {
  Deployment deployment;
  deployment.start();
  const TemporaryFolder state;
  REQUIRE(run({"capmap-agent", "join", deployment.token(1), "--state", state.path()}).code == 0);
  Program agent({"capmap-agent", "--state", state.path()});
  nlohmann::json node;
  const auto first_use = [&] {
    const auto nodes = nlohmann::json::parse(deployment.ctl({"nodes", "--json"}).output, nullptr, false);
    if (!nodes.is_object() || nodes["nodes"].empty() || nodes["nodes"][0]["cpu_busy_millicores"].is_null()) return false;
    node = nodes["nodes"][0];
    return true;
  };
  REQUIRE(soon(first_use));
  const auto id = node["id"].get<std::string>();
  const auto watch = [&deployment](std::vector<std::string> more) {
    std::vector<std::string> words = {
        "capmapctl", "--url", "http://127.0.0.1:" + std::to_string(deployment.http_port), "--state", deployment.state(), "nodes", "watch",
        "--every",   "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  Program all(watch({})), one(watch({id, "--json"})), none(watch({"--filter", "hostname = nobody"}));
  REQUIRE(all.wait_for_output("node.use        " + id, 20s));
  CHECK(all.wait_for_output("busy ", 5s));
  REQUIRE(one.wait_for_output("\"kind\":\"node.use\"", 20s));
  REQUIRE(deployment.ctl({"nodes", "drain", id, "--reason", "disk"}).code == 0);
  CHECK(all.wait_for_output("node.service", 20s));
  CHECK(all.wait_for_output("in_service → draining", 5s));
  CHECK(one.wait_for_output("\"kind\":\"node.service\"", 20s));
  CHECK(none.running());
  CHECK_FALSE(none.wait_for_output(id, 1s));
  const auto wrong = deployment.ctl({"nodes", "watch", "nobody"});
  CHECK(wrong.code == 4);
  CHECK(deployment.ctl({"nodes", "watch", "-o", "csv"}).code == 2);
}
