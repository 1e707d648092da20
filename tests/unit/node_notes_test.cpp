// What the map notes of nodes' messages: that they came back, and which of their messages did not come.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "controller/map/losses.hpp"
#include "controller/map/returns.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

TEST_CASE("losses: a gap is noted message by message, and forgotten when all of the last 128 came") {
  LossNotes notes;
  notes.came(7, 0, 1'000);
  CHECK(notes.empty());
  notes.came(7, 2, 2'000);
  REQUIRE(notes.find(7));
  CHECK(notes.find(7)->lost.to_string().substr(124) == "0110");
  CHECK(notes.find(7)->total == 2);
  CHECK(notes.find(7)->last_boot_ms == 2'000);
  notes.came(7, 1, 3'000);
  CHECK(notes.find(7)->lost.count() == 3);
  CHECK(notes.find(7)->lost.test(1));
  CHECK(notes.find(7)->total == 3);
  for (std::size_t i = 0; i < 124; ++i) notes.came(7, 0, 4'000);
  CHECK(notes.find(7)->lost.count() == 2);  // the oldest of the three is the 129th now
  notes.came(7, 0, 4'000);
  notes.came(7, 0, 4'000);
  notes.came(7, 0, 4'000);
  CHECK(!notes.find(7));
  notes.came(8, 1'000'000, 5'000);
  CHECK(notes.find(8)->lost.count() == 127);
  CHECK(notes.total() == 1'000'003);
}

TEST_CASE("returns: the newest sixteen are kept with their times, those of a day ago make room") {
  ReturnNotes notes;
  for (std::uint64_t i = 1; i <= 20; ++i) notes.came_back(3, i * 10'000);
  CHECK(notes.since(3, 0).size() == ReturnNotes::kTimes);
  CHECK(notes.since(3, 0).front() == 50'000);
  CHECK(notes.since(3, 180'000) == std::vector<std::uint64_t>{180'000, 190'000, 200'000});
  CHECK(notes.since(4, 0).empty());
  for (RowIndex row = 10; row < 10 + ReturnNotes::kMost; ++row) notes.came_back(row, 200'000);
  CHECK(notes.refused() == 1);
  notes.came_back(5, 200'000 + 2 * ReturnNotes::kKeepMs);
  CHECK(notes.refused() == 1);
  CHECK(!notes.has(3));
  CHECK(notes.has(5));
}

TEST_CASE("map: who is no longer fresh and is heard again has come back; who said goodbye has not") {
  World world;
  auto flapper = world.agent(1, {}), stopped = world.agent(2, {});
  world.introduce(flapper, {});
  CHECK(world.row(flapper).returns_boot_ms.empty());
  for (int i = 0; i < 3; ++i) {
    world.pass(40'000);
    CHECK(world.row(flapper).liveness == Liveness::kStale);
    world.say(flapper, flapper.heartbeat({}));
  }
  CHECK(world.row(flapper).returns_boot_ms.size() == 3);
  world.introduce(stopped, {});
  world.say(stopped, stopped.bye());
  world.pass(1'000);
  stopped.run_id += 1;
  stopped.seq = 0;
  world.introduce(stopped, {});
  CHECK(world.row(stopped).returns_boot_ms.empty());
  NodeSelection selection;
  selection.noted = NodeSelection::Noted::kReturns;
  selection.least = 3;
  const auto rows = world.map.chunk(0, selection);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].id == flapper.node);
  world.map.remove_node(flapper.node, world.now);
  CHECK(world.map.chunk(0, selection).empty());
}

TEST_CASE("map: numbers that are missing are messages that did not come; a new start of an agent is no gap") {
  World world;
  auto agent = world.agent(1, {});
  world.introduce(agent, {});
  CHECK(!world.row(agent).lost_messages);
  agent.seq += 4;
  world.say(agent, agent.heartbeat({}));
  REQUIRE(world.row(agent).lost_messages);
  CHECK(world.row(agent).lost_messages->lost.count() == 4);
  agent.run_id += 1;
  agent.seq = 0;
  world.introduce(agent, {});
  CHECK(world.row(agent).lost_messages->total == 4);
  NodeSelection selection;
  selection.noted = NodeSelection::Noted::kLosses;
  selection.least = 5;
  CHECK(world.map.chunk(0, selection).empty());
  selection.least = 4;
  CHECK(world.map.chunk(0, selection).size() == 1);
}

TEST_CASE("map: a clock that is off by so much is found among all nodes") {
  World world;
  auto agent = world.agent(1, {}), other = world.agent(2, {});
  for (auto* one : {&agent, &other}) {
    auto hello = one->hello();
    hello.time_unix_ms = world.now + 65'000;  // the controller's own clock is 5 s beyond world.now
    world.say(*one, hello);
  }
  const auto skew = world.row(agent).clock_skew_ms;
  REQUIRE(skew);
  CHECK(*skew == 60'000);
  NodeSelection selection;
  selection.least = static_cast<std::uint64_t>(std::abs(*skew)) + 1;
  CHECK(world.map.chunk(0, selection).empty());
  selection.least -= 1;
  CHECK(world.map.chunk(0, selection).size() == 2);
}
