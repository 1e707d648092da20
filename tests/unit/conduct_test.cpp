#include "controller/map/conduct.hpp"

#include <catch2/catch.hpp>

#include "controller/map/exclusion.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kIntervalMs = 10'000;

bool counted(World& world) {
  return world.cells().at(0).key.service == ServiceState::kInService;
}

bool says(World& world, const MapAgent& agent, const std::string& words) {
  for (const auto& reason : world.row(agent).verdict_reasons) {
    if (reason.find(words) != std::string::npos) return true;
  }
  return false;
}

MapAgent introduced(World& world, std::uint64_t number = 1) {
  auto agent = world.agent(number, server_shape(8, 64, 0));
  world.introduce(agent, usage_of(busy(100, 100)));
  return agent;
}

/// The same key once more, at another place.
MapAgent clone_of(const MapAgent& agent) {
  auto clone = agent;
  clone.run_id += 500;
  clone.seq = 0;
  return clone;
}

}  // namespace

TEST_CASE("conduct: one key at two places is in no total, with the reason, until one of them alone has spoken for its time to live") {
  World world;
  auto first = introduced(world);
  auto second = clone_of(first);
  world.introduce(second, usage_of(busy(100, 100)));
  CHECK(counted(world));
  for (int i = 0; i < 4; ++i) {
    world.pass(kIntervalMs / 2);
    CHECK(world.say(first, first.heartbeat()).refused == "old_session");
    world.pass(kIntervalMs / 2);
    CHECK(world.say(second, second.heartbeat()).refused.empty());
  }
  CHECK_FALSE(counted(world));
  CHECK(says(world, first, "its key speaks from two places"));
  CHECK_FALSE(says(world, first, "old messages"));
  for (int i = 0; i < 5; ++i) {
    world.pass(kIntervalMs);
    world.say(second, second.heartbeat());
    CHECK_FALSE(counted(world));
  }
  world.pass(kIntervalMs);
  world.say(second, second.heartbeat());
  CHECK(counted(world));
  CHECK_FALSE(says(world, first, "two places"));
}

TEST_CASE("conduct: the place that was silenced comes back when the other has gone, and is counted") {
  World world;
  auto first = introduced(world);
  auto second = clone_of(first);
  world.introduce(second, usage_of(busy(100, 100)));
  for (int i = 0; i < 8; ++i) {
    world.pass(kIntervalMs / 2);
    auto& speaker = i % 2 == 0 ? first : second;
    world.say(speaker, speaker.heartbeat());
  }
  CHECK_FALSE(counted(world));
  bool asked = false;
  for (int i = 0; i < 8 && !asked; ++i) {
    world.pass(kIntervalMs);
    asked = world.say(first, first.heartbeat()).need_hello;
  }
  REQUIRE(asked);
  world.introduce(first, usage_of(busy(100, 100)));
  world.pass(kIntervalMs);
  world.say(first, first.heartbeat());
  CHECK(counted(world));
  CHECK(world.row(first).liveness == Liveness::kFresh);
}

TEST_CASE("conduct: an agent that starts again and again is no clone, nor is a late message of the run before") {
  World world;
  auto agent = introduced(world);
  for (int i = 0; i < 20; ++i) {
    auto late = agent;
    agent = clone_of(agent);
    world.introduce(agent, usage_of(busy(100, 100)));
    if (i < 2) world.say(late, late.heartbeat());
    world.pass(3'000);
    world.say(agent, agent.heartbeat());
    CHECK(counted(world));
  }
}

TEST_CASE("conduct: messages that come again are refused; beyond twenty a minute the node is marked for ten minutes") {
  World world;
  auto agent = introduced(world);
  const auto old = agent.heartbeat();
  world.say(agent, old);
  for (std::uint32_t i = 0; i < 4 * ConductNotes::kMostRepeated; ++i) {
    world.pass(4'000);  // fifteen a minute
    if (i % 3 == 0) world.say(agent, agent.heartbeat());
    CHECK(world.say(agent, old).refused == "old_seq");
  }
  CHECK(counted(world));
  world.pass(ConductNotes::kMinuteMs);
  for (std::uint32_t i = 0; i <= ConductNotes::kMostRepeated; ++i) world.say(agent, old);
  CHECK_FALSE(counted(world));
  CHECK(says(world, agent, "old messages of it came again, more than 20 within a minute"));
  world.pass(ConductNotes::kReplayMarkMs - 1);
  world.say(agent, agent.heartbeat());
  CHECK_FALSE(counted(world));
  world.pass(1);
  world.say(agent, agent.heartbeat());
  CHECK(counted(world));
}

TEST_CASE("conduct: a session that is over and is played back marks the node, and others are untouched") {
  World world;
  auto agent = introduced(world);
  auto other = world.agent(2, server_shape(16, 64, 0), 2);
  world.introduce(other, usage_of(busy(100, 100)));
  std::vector<AgentMessage> recorded;
  for (int i = 0; i < 30; ++i) {
    recorded.push_back(agent.heartbeat());
    world.say(agent, recorded.back());
    world.pass(kIntervalMs);
    world.say(other, other.heartbeat());
  }
  agent = clone_of(agent);
  world.introduce(agent, usage_of(busy(100, 100)));
  for (const auto& message : recorded) {
    world.pass(50);
    CHECK(world.say(agent, message).refused == "old_session");
  }
  CHECK(says(world, agent, "old messages of it came again"));
  CHECK(world.row(agent).counted_service == ServiceState::kQuarantined);
  CHECK(world.row(other).counted_service == ServiceState::kInService);
}

TEST_CASE("conduct: who came from the future is asked for hello each three minutes, and counted once its clock is right") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  auto hello = agent.hello();
  hello.time_unix_ms = world.now + 5'000 + 2 * kMostAheadMs;
  CHECK_FALSE(world.say(agent, hello).need_hello);
  world.say(agent, agent.shape_message());
  world.say(agent, agent.usage(usage_of(busy(100, 100))));
  int asked = 0;
  for (int i = 0; i < 60; ++i) {
    world.pass(kIntervalMs);
    if (!world.say(agent, agent.heartbeat()).need_hello) continue;
    ++asked;
    CHECK_FALSE(counted(world));
    hello = agent.hello();
    hello.time_unix_ms = world.now + 5'000 + (asked < 3 ? 2 * kMostAheadMs : 0);
    CHECK_FALSE(world.say(agent, hello).need_hello);
  }
  CHECK(asked == 3);
  CHECK(counted(world));
}

TEST_CASE("conduct: a skew that is shown is asked after too, one node at a time, and no longer once it is small") {
  World world;
  std::vector<MapAgent> agents = {introduced(world, 1), introduced(world, 2)};
  for (auto& agent : agents) {
    auto hello = agent.hello();
    hello.time_unix_ms = world.now + 5'000 + 3'600'000;
    world.say(agent, hello);
    CHECK(world.row(agent).clock_skew_ms == 3'600'000);
  }
  world.pass(ConductNotes::kAskClockMs);
  CHECK(world.say(agents[0], agents[0].heartbeat()).need_hello);
  CHECK_FALSE(world.say(agents[1], agents[1].heartbeat()).need_hello);
  world.pass(ConductNotes::kAskGapMs);
  CHECK(world.say(agents[1], agents[1].heartbeat()).need_hello);
  auto hello = agents[0].hello();
  hello.time_unix_ms = world.now + 5'000;
  world.say(agents[0], hello);
  CHECK(world.row(agents[0]).clock_skew_ms == 0);
  for (int i = 0; i < 60; ++i) {
    world.pass(kIntervalMs);
    CHECK_FALSE(world.say(agents[0], agents[0].heartbeat()).need_hello);
  }
}
