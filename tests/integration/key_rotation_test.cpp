// Nodes change their keys while they report: with the real controller, real links and files, and kill -9 on both sides.
#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "common/join_token.hpp"
#include "tests/support/deployment.hpp"
#include "tests/support/running_uplink.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::support;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

double fresh(const Deployment& deployment) {
  return deployment.metric("capmap_nodes{liveness=\"fresh\"}");
}

std::string public_key_of(const std::string& state) {
  const auto keys = load_curve_keys(state + "/agent.key");
  return keys ? keys->public_key : std::string();
}

json keys_of(const Deployment& deployment) {
  return json::parse(deployment.ctl({"--json", "keys", "list"}).output, nullptr, false);
}

}  // namespace

TEST_CASE("key rotation: all connected nodes change their keys on demand, none leaves fresh, and the old keys let nobody in") {
  constexpr int kNodes = 24;
  Deployment deployment({}, {"--interval-ms", "1000"});
  deployment.start();
  const TemporaryFolder folder;
  const auto token_text = deployment.token(kNodes);
  const auto token = *parse_join_token(token_text);
  std::vector<std::unique_ptr<RunningUplink>> nodes;
  std::vector<std::string> states, first_keys;
  for (int i = 0; i < kNodes; ++i) {
    states.push_back(folder.path() + "/" + std::to_string(i));
    REQUIRE(run({"capmap-agent", "join", token_text, "--state", states.back()}).code == 0);
    auto ring = KeyRing::open(states.back() + "/agent.key");
    REQUIRE(ring);
    first_keys.push_back(ring->in_use().public_key);
    nodes.push_back(std::make_unique<RunningUplink>(
        DealerOptions{.endpoint = tcp_endpoint("127.0.0.1", static_cast<std::uint16_t>(deployment.message_port)),
                      .server_public_key = token.server_public_key,
                      .keys = {}},
        *ring));
    nodes.back()->give_facts();
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
  CHECK(deployment.metric("capmap_zap_requests_total{answer=\"accepted\"}") >= accepted + kNodes);
  CHECK(deployment.metric("capmap_ingest_refused_total{reason=\"malformed\"}") == 0);

  const auto unknown = deployment.metric("capmap_zap_requests_total{answer=\"unknown\"}");
  zmq::context_t context(1);
  const auto stranger = open_dealer(context, {.endpoint = tcp_endpoint("127.0.0.1", static_cast<std::uint16_t>(deployment.message_port)),
                                              .server_public_key = token.server_public_key,
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
  Deployment deployment({}, {"--interval-ms", "500"});
  deployment.start();
  const TemporaryFolder folder;
  const auto state = folder.path() + "/a";
  const auto joined = run({"capmap-agent", "join", deployment.token(1), "--state", state});
  REQUIRE(joined.code == 0);
  const auto id = joined.output.substr(joined.output.find("n-"), 28);
  const auto start = [&] { return std::make_unique<Program>(std::vector<std::string>{"capmap-agent", "--state", state}); };
  auto agent = start();
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
    if (end_agent) agent = start();
    INFO(agent->output());
    REQUIRE(eventually([&] { return fresh(deployment) == 1; }, 120s));
    CHECK(deployment.metric("capmap_known_nodes") == 1);
    seen.insert(public_key_of(state));
  }
  CHECK(eventually([&] { return seen.insert(public_key_of(state)).second || seen.size() > 1; }, 60s));
  const auto node = json::parse(http_get(deployment.http_port, "/v1/nodes/" + id), nullptr, false);
  CHECK(node["liveness"] == "fresh");
}
