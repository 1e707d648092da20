// The server changes its own key under agents that report: real programs, real links and files, kill -9 at each step.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "common/join_token.hpp"
#include "common/transport.hpp"
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

json server_of(const Deployment& deployment) {
  const auto keys = json::parse(deployment.ctl({"--json", "keys", "list"}).output, nullptr, false);
  return keys.contains("server") ? keys["server"] : json::object();
}

/// A controller that changes roles within seconds.
struct World {
  explicit World(std::vector<std::string> more = {}) : next_port(free_port()), deployment({}, flags(std::move(more))) {
    deployment.start();
  }
  std::vector<std::string> flags(std::vector<std::string> more) const {
    std::vector<std::string> all = {"--interval-ms", "500", "--messages-next-port", std::to_string(next_port), "--keys-server-move-s", "2"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  /// A node joins; its state folder.
  std::string join(const std::string& name) {
    const auto state = folder.path() + "/" + name;
    REQUIRE(run({"capmap-agent", "join", deployment.token(1), "--state", state}).code == 0);
    return state;
  }
  std::unique_ptr<RunningUplink> uplink(const std::string& state) {
    const auto token = *parse_join_token(deployment.token(1));
    auto ring = KeyRing::open(state + "/agent.key");
    REQUIRE(ring);
    auto server = KnownServer::open({.endpoint = tcp_endpoint("127.0.0.1", static_cast<std::uint16_t>(deployment.message_port)),
                                     .public_key = token.server_public_key,
                                     .next_port = static_cast<std::uint16_t>(next_port),
                                     .enrol_port = static_cast<std::uint16_t>(deployment.enrol_port),
                                     .file = state + "/server.keys"});
    REQUIRE(server);
    auto node = std::make_unique<RunningUplink>(DealerOptions{}, *ring, *server);
    node->give_facts();
    return node;
  }
  std::unique_ptr<Program> agent(const std::string& state) {
    return std::make_unique<Program>(std::vector<std::string>{"capmap-agent", "--state", state});
  }
  std::string phase() const { return server_of(deployment).value("phase", "?"); }
  bool reaches(const std::string& wanted, std::chrono::seconds within = 60s) {
    return eventually([&] { return phase() == wanted; }, within);
  }
  bool finish(std::chrono::seconds within = 60s) {
    return eventually([&] { return deployment.ctl({"keys", "rotate", "--server", "--finish"}).code == 0; }, within);
  }

  int next_port;
  TemporaryFolder folder;
  Deployment deployment;
};

}  // namespace

TEST_CASE("server key: a whole change with live agents, and none leaves fresh") {
  constexpr int kNodes = 12;
  World world;
  std::vector<std::string> states;
  std::vector<std::unique_ptr<RunningUplink>> nodes;
  for (int i = 0; i < kNodes; ++i) {
    states.push_back(world.join("n" + std::to_string(i)));
    nodes.push_back(world.uplink(states.back()));
  }
  const auto program = world.join("agent");
  auto agent = world.agent(program);
  REQUIRE(eventually([&] { return fresh(world.deployment) == kNodes + 1; }, 60s));
  const auto first = server_of(world.deployment);
  CHECK(first["phase"] == "one");
  CHECK(world.deployment.ctl({"keys", "rotate", "--server", "--finish"}).code != 0);

  double least = kNodes + 1;
  const auto all_fresh = [&] {
    least = std::min(least, fresh(world.deployment));
    return true;
  };
  REQUIRE(world.deployment.ctl({"keys", "rotate", "--server"}).code == 0);
  const auto early = world.deployment.ctl({"keys", "rotate", "--server", "--finish"});
  CHECK(early.code != 0);
  const bool known = eventually([&] { return all_fresh() && server_of(world.deployment)["heard_know_other_key"] == kNodes + 1; }, 60s);
  CHECK(known);
  REQUIRE(world.finish());
  CHECK(eventually([&] { return all_fresh() && server_of(world.deployment)["on_other_port"] == kNodes + 1; }, 60s));
  CHECK(eventually([&] { return all_fresh() && world.phase() == "both"; }, 60s));
  for (int i = 0; i < 20; ++i, std::this_thread::sleep_for(100ms)) all_fresh();
  INFO(world.deployment.controller().output());
  CHECK(least == kNodes + 1);
  const auto last = server_of(world.deployment);
  CHECK(last["public_key"] != first["public_key"]);
  CHECK(last["old_public_key"] == first["public_key"]);
  CHECK(last["enrolment_public_key"] == first["public_key"]);
  CHECK(last["on_message_port"] == kNodes + 1);
  CHECK(load_curve_keys(world.deployment.state() + "/server.key")->public_key == last["public_key"]);
  CHECK(world.deployment.metric("capmap_ingest_refused_total{reason=\"malformed\"}") == 0);
  CHECK(world.deployment.metric("capmap_zap_requests_total{answer=\"unknown\"}") == 0);

  agent->signal(SIGTERM);  // what it learned is on its disk: it comes to the new key at once
  agent->wait(10s);
  const auto told = world.deployment.metric("capmap_enrol_keys_told_total");
  agent = world.agent(program);
  CHECK(eventually([&] { return fresh(world.deployment) == kNodes + 1; }, 30s));
  CHECK(world.deployment.metric("capmap_enrol_keys_told_total") == told);

  CHECK(run({"capmap-agent", "join", world.deployment.token(1), "--state", world.folder.path() + "/later"}).code == 0);
  auto later = world.agent(world.folder.path() + "/later");
  CHECK(eventually([&] { return fresh(world.deployment) == kNodes + 2; }, 30s));
}

TEST_CASE("server key: who was off for a part of the change gets in at the other port, who was off for all of it at the enrolment port") {
  World world;
  const auto stays = world.join("stays"), away = world.join("away"), longer = world.join("longer"), revoked = world.join("revoked");
  auto staying = world.agent(stays);
  REQUIRE(eventually([&] { return fresh(world.deployment) == 1; }, 60s));
  const auto before = load_curve_keys(longer + "/agent.key")->public_key;
  REQUIRE(world.deployment.ctl({"keys", "rotate", "--server"}).code == 0);
  REQUIRE(world.finish());
  REQUIRE(world.reaches("both"));

  const auto told = world.deployment.metric("capmap_enrol_keys_told_total");
  auto back = world.agent(away);  // knows the old key alone, which is on the other port now
  CHECK(eventually([&] { return fresh(world.deployment) == 2; }, 60s));
  CHECK(world.deployment.metric("capmap_enrol_keys_told_total") == told);
  CHECK(eventually([&] { return server_of(world.deployment)["on_message_port"] == 2; }, 60s));  // it is sent to the message port

  REQUIRE(world.deployment.ctl({"keys", "revoke", load_curve_keys(revoked + "/agent.key")->public_key}).code == 0);
  auto refused = world.agent(revoked);  // by its old server key, on the other port
  CHECK(eventually([&] { return world.deployment.metric("capmap_zap_requests_total{answer=\"revoked\"}") > 0; }, 60s));
  CHECK(world.deployment.ctl({"keys", "rotate", "--server", "--finish"}).code != 0);
  REQUIRE(world.deployment.ctl({"keys", "rotate", "--server", "--finish", "--force"}).code == 0);
  CHECK(world.phase() == "one");
  CHECK(!std::filesystem::exists(world.deployment.state() + "/server.key.old"));
  auto last = world.agent(longer);
  CHECK(eventually([&] { return fresh(world.deployment) == 3; }, 60s));
  INFO(last->output());
  CHECK(world.deployment.metric("capmap_enrol_keys_told_total") > told);
  CHECK(load_curve_keys(longer + "/agent.key")->public_key == before);
  CHECK(world.deployment.metric("capmap_known_nodes") == 3);
}

TEST_CASE("server key: a controller killed at any step of the change goes on with it, and everybody is back") {
  std::mt19937_64 random(run_seed());
  World world({"--keys-server-window-days", "0"});
  const auto state = world.join("a");
  auto agent = world.agent(state);
  REQUIRE(eventually([&] { return fresh(world.deployment) == 1; }, 60s));
  const auto before = server_of(world.deployment)["public_key"];
  const auto kill = [&] {
    world.deployment.stop(SIGKILL);
    world.deployment.start();
  };
  REQUIRE(world.deployment.ctl({"keys", "rotate", "--server"}).code == 0);
  kill();
  int kills = 1;
  for (const auto until = std::chrono::steady_clock::now() + 150s; std::chrono::steady_clock::now() < until && world.phase() != "both";) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 14'000));
    if (kills < 6) {
      kill();
      ++kills;
    }
  }
  CHECK(world.phase() == "both");
  kill();
  CHECK(eventually([&] { return fresh(world.deployment) == 1; }, 90s));
  INFO(agent->output());
  const auto after = server_of(world.deployment);
  CHECK(after["public_key"] != before);
  CHECK(after["old_public_key"] == before);
  CHECK(world.deployment.metric("capmap_known_nodes") == 1);
}
