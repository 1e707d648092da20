// Nodes change their keys while they report: with the real controller, real links and files, and kill -9 on both sides.
#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "tests/support/keys_world.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::support;
using nlohmann::json;
using namespace std::chrono_literals;

TEST_CASE("key rotation: all connected nodes change their keys on demand, none leaves fresh, and the old keys let nobody in") {
  constexpr int kNodes = 24;
  KeysWorld world({}, 1'000);
  auto& deployment = world.deployment;
  std::vector<std::unique_ptr<RunningUplink>> nodes;
  std::vector<std::string> states, first_keys;
  for (int i = 0; i < kNodes; ++i) {
    states.push_back(world.join(std::to_string(i)));
    first_keys.push_back(public_key_of(states.back()));
    nodes.push_back(world.uplink(states.back()));
  }
  REQUIRE(eventually([&] { return fresh(deployment) == kNodes; }, 60s));
  const auto accepted = deployment.metric("capmap_zap_requests_total{answer=\"accepted\"}");
  const auto old_keys = *load_curve_keys(states[0] + "/agent.key");
  REQUIRE(deployment.ctl({"keys", "rotate", "--all"}).code == 0);
  double least = kNodes;
  const bool all = eventually(
      [&] {
        least = std::min(least, fresh(deployment));
        for (int i = 0; i < kNodes; ++i) {
          if (public_key_of(states[static_cast<std::size_t>(i)]) == first_keys[static_cast<std::size_t>(i)]) return false;
        }
        return keys_of(deployment)["nodes_changing"] == 0;
      },
      60s);
  CHECK(all);
  CHECK(least == kNodes);
  CHECK(fresh(deployment) == kNodes);
  CHECK(deployment.metric("capmap_known_nodes") == kNodes);
  // Who let them in tells so twice a second.
  CHECK(eventually([&] { return deployment.metric("capmap_zap_requests_total{answer=\"accepted\"}") >= accepted + kNodes; }, 10s));
  CHECK(deployment.metric("capmap_ingest_refused_total{reason=\"malformed\"}") == 0);

  const auto unknown = deployment.metric("capmap_zap_requests_total{answer=\"unknown\"}");
  zmq::context_t context(1);
  const auto stranger = open_dealer(context, {.endpoint = tcp_endpoint("127.0.0.1", static_cast<std::uint16_t>(deployment.message_port)),
                                              .server_public_key = server_of(deployment)["public_key"].get<std::string>(),
                                              .keys = old_keys});
  REQUIRE(stranger);
  CHECK(eventually([&] { return deployment.metric("capmap_zap_requests_total{answer=\"unknown\"}") > unknown; }, 20s));

  deployment.stop(SIGKILL);  // what it knows of keys is on disk
  deployment.start();
  CHECK(eventually([&] { return fresh(deployment) == kNodes; }, 60s));
  CHECK(deployment.metric("capmap_zap_requests_total{answer=\"unknown\"}") <= 2);  // the stranger alone
}

TEST_CASE("key rotation: whoever is killed at whatever moment, the node comes back as itself") {
  std::mt19937_64 random(run_seed());
  KeysWorld world;
  auto& deployment = world.deployment;
  const auto state = world.join("a"), id = world.ids.at(state);
  auto agent = world.agent(state);
  REQUIRE(eventually([&] { return fresh(deployment) == 1; }, 30s));
  std::set<std::string> seen = {public_key_of(state)};
  for (int round = 0; round < 6; ++round) {
    REQUIRE(deployment.ctl({"keys", "rotate", id}).code == 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 6'000));
    const bool end_agent = round % 3 != 1, end_controller = round % 3 != 0;
    if (end_agent) agent->signal(SIGKILL);
    if (end_controller) deployment.stop(SIGKILL);
    if (end_agent) agent->wait(10s);
    if (end_controller) deployment.start();
    if (end_agent) agent = world.agent(state);
    INFO(agent->output());
    REQUIRE(eventually([&] { return fresh(deployment) == 1; }, 120s));
    CHECK(deployment.metric("capmap_known_nodes") == 1);
    seen.insert(public_key_of(state));
  }
  CHECK(eventually([&] { return seen.insert(public_key_of(state)).second || seen.size() > 1; }, 60s));
  const auto node = json::parse(http_get(deployment.http_port, "/v1/nodes/" + id), nullptr, false);
  CHECK(node["liveness"] == "fresh");
}
