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
  for (const auto& reason : texts_of(world.row(agent).findings)) {
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

TEST_CASE("conduct: one key at two places is in no total, with the reason, until an admin says which of them is the node") {
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
  for (int i = 0; i < 50; ++i) {  // one of them may be away for long
    world.pass(kIntervalMs);
    world.say(second, second.heartbeat());
    CHECK_FALSE(counted(world));
  }
  const auto clones = world.map.clones();
  REQUIRE(clones.size() == 1);
  CHECK(clones[0].node == first.node);
  REQUIRE(clones[0].runs.size() == 2);
  CHECK(clones[0].runs[0].run_id == first.run_id);
  CHECK(clones[0].runs[1].run_id == second.run_id);
  CHECK(clones[0].runs[1].last_unix_ms > clones[0].runs[0].last_unix_ms);
  CHECK_FALSE(world.map.settle_clone(first.node, 99, world.now));
  CHECK_FALSE(world.map.settle_clone(numbered_id<NodeId>(99), second.run_id, world.now));
  CHECK(world.map.settle_clone(first.node, second.run_id, world.now));
  CHECK(counted(world));
  CHECK(world.map.clones().empty());
  CHECK_FALSE(says(world, first, "two places"));
  // Who was refused speaks on, and nothing comes of it, also when it says hello.
  for (int i = 0; i < 20; ++i) {
    world.pass(kIntervalMs / 2);
    const auto answer = i % 4 == 3 ? world.say(first, first.hello()) : world.say(first, first.heartbeat());
    CHECK(answer.refused == "clone_run");
    CHECK_FALSE(answer.need_hello);
    world.pass(kIntervalMs / 2);
    CHECK(world.say(second, second.heartbeat()).refused.empty());
    CHECK(counted(world));
  }
}

TEST_CASE("conduct: the place that was silenced may be the one that an admin keeps; one that starts anew is found again") {
  World world;
  auto first = introduced(world);
  auto second = clone_of(first);
  world.introduce(second, usage_of(busy(100, 100)));
  const auto speak = [&](MapAgent& one, MapAgent& other) {
    for (int i = 0; i < 8; ++i) {
      world.pass(kIntervalMs / 2);
      auto& speaker = i % 2 == 0 ? one : other;
      world.say(speaker, speaker.heartbeat());
    }
  };
  speak(first, second);
  REQUIRE(world.map.settle_clone(first.node, first.run_id, world.now));
  CHECK(counted(world));
  CHECK(world.say(second, second.heartbeat()).refused == "clone_run");
  CHECK(world.say(first, first.heartbeat()).need_hello);
  world.introduce(first, usage_of(busy(100, 100)));
  CHECK(world.say(first, first.heartbeat()).refused.empty());
  auto third = clone_of(second);
  world.introduce(third, usage_of(busy(100, 100)));
  CHECK(counted(world));  // a restart, for all that is known yet
  speak(first, third);
  CHECK_FALSE(counted(world));
  REQUIRE(world.map.clones().size() == 1);
  CHECK(world.map.clones()[0].runs.size() == 3);
}

TEST_CASE("conduct: what was held and refused before a restart of the controller is so after it") {
  World world;
  auto agent = introduced(world);
  const Clone held{.node = agent.node,
                   .since_unix_ms = 5,
                   .runs = {{.run_id = 7, .hostname = "a", .product = {}}, {.run_id = 8, .hostname = "b", .product = {}}}};
  World again;
  auto same = again.agent(1, server_shape(8, 64, 0));
  CHECK(again.map.restore_clone(held));
  again.introduce(same, usage_of(busy(100, 100)));
  CHECK_FALSE(counted(again));
  CHECK(again.map.clones().at(0).runs == held.runs);
  World settled;
  same = settled.agent(1, server_shape(8, 64, 0));
  Clone past = held;
  past.settled_unix_ms = 6;
  past.runs[0].refused = true;
  CHECK(settled.map.restore_clone(past));
  same.run_id = 7;
  CHECK(settled.say(same, same.hello()).refused == "clone_run");
  CHECK(settled.say(same, same.heartbeat()).refused == "clone_run");
  same.run_id = 8;
  settled.introduce(same, usage_of(busy(100, 100)));
  CHECK(counted(settled));
  CHECK_FALSE(settled.map.restore_clone({.node = numbered_id<NodeId>(99), .runs = {}}));
}

TEST_CASE("conduct: the place that was silenced speaks again when the other has gone, and is counted once that is settled") {
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
  CHECK_FALSE(counted(world));
  CHECK(world.row(first).liveness == Liveness::kFresh);
  CHECK(world.map.settle_clone(first.node, first.run_id, world.now));
  CHECK(counted(world));
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
