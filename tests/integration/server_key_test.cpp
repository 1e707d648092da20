// The server changes its own key under agents that report: real programs, real links and files, kill -9 at each step.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <random>
#include <thread>

#include "tests/support/keys_world.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::support;
using namespace std::chrono_literals;

TEST_CASE("server key: a whole change with live agents, and none leaves fresh") {
  constexpr int kNodes = 12;
  KeysWorld world;
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
  KeysWorld world;
  const auto stays = world.join("stays"), away = world.join("away"), longer = world.join("longer"), revoked = world.join("revoked");
  auto staying = world.agent(stays);
  REQUIRE(eventually([&] { return fresh(world.deployment) == 1; }, 60s));
  const auto before = public_key_of(longer);
  REQUIRE(world.deployment.ctl({"keys", "rotate", "--server"}).code == 0);
  REQUIRE(world.finish());
  REQUIRE(world.reaches("both"));

  const auto told = world.deployment.metric("capmap_enrol_keys_told_total");
  auto back = world.agent(away);  // knows the old key alone, which is on the other port now
  CHECK(eventually([&] { return fresh(world.deployment) == 2; }, 60s));
  CHECK(world.deployment.metric("capmap_enrol_keys_told_total") == told);
  CHECK(eventually([&] { return server_of(world.deployment)["on_message_port"] == 2; }, 60s));  // it is sent to the message port

  REQUIRE(world.deployment.ctl({"keys", "revoke", public_key_of(revoked)}).code == 0);
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
  CHECK(public_key_of(longer) == before);
  CHECK(world.deployment.metric("capmap_known_nodes") == 3);
}

TEST_CASE("server key: a controller killed at any step of the change goes on with it, and everybody is back") {
  std::mt19937_64 random(run_seed());
  KeysWorld world({"--keys-server-window-days", "0"});
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
