// What is told of nodes that say they are one machine.
#include <catch2/catch.hpp>

#include "controller/alerts.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

MapAgent introduced(World& world, std::uint64_t number, std::uint64_t site) {
  auto agent = world.agent(number, server_shape(8, 64, 0), site);
  world.introduce(agent, usage_of(busy(100, 100)));
  return agent;
}

std::vector<Alert> look(AlertWatch& watch, World& world) {
  return watch.look(*world.map.view(world.now, world.now + 5'000), nullptr, world.now + 5'000);
}

/// Two nodes that say the same of their machine.
void make_doubles(World& world, MapAgent& one, MapAgent& other, Fingerprint uuid) {
  for (auto* agent : {&one, &other}) {
    auto hello = agent->hello();
    hello.machine = {.uuid = uuid};
    world.say(*agent, hello);
    world.say(*agent, agent->heartbeat());
  }
  world.pass(1'000);
}

}  // namespace

TEST_CASE("alerts: a suspected double is told once and when it is settled, not in maintenance, and not again after a start") {
  World world;
  std::vector<MapAgent> agents;
  for (std::uint64_t i = 1; i <= 6; ++i) agents.push_back(introduced(world, i, 1));
  AlertWatch watch(kStart);
  CHECK(look(watch, world).empty());
  make_doubles(world, agents[0], agents[1], 77);
  auto told = look(watch, world);
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == Alert::Kind::kDouble);
  CHECK(told[0].firing);
  const auto first = std::min(agents[0].node, agents[1].node), second = std::max(agents[0].node, agents[1].node);
  CHECK(told[0].subject == to_text(first));
  CHECK(told[0].key == "double:" + to_text(first) + ":" + to_text(second));
  world.pass(5'000);
  CHECK(look(watch, world).empty());
  AlertWatch later(world.now + 1'000'000);
  CHECK(look(later, world).empty());

  REQUIRE(world.map.set_service(agents[2].node, {.state = ServiceState::kMaintenance}, world.now));
  make_doubles(world, agents[2], agents[3], 78);
  CHECK(look(watch, world).empty());
  REQUIRE(world.map.set_service(agents[2].node, {}, world.now));
  world.pass(1'000);
  told = look(watch, world);
  REQUIRE(told.size() == 1);
  CHECK(told[0].text.find("one machine") != std::string::npos);

  REQUIRE(world.map.settle_double({.node = first, .other = second, .same = false, .settled_unix_ms = world.now}));
  world.pass(1'000);
  told = look(watch, world);
  REQUIRE(told.size() == 1);
  CHECK_FALSE(told[0].firing);
  CHECK(look(later, world).empty());
  world.pass(5'000);
  CHECK(look(watch, world).empty());
}

TEST_CASE("alerts: many machines that are installed anew at once are one alert of doubles, and none when they are settled") {
  World world;
  std::vector<MapAgent> agents;
  for (std::uint64_t i = 1; i <= 2 * (AlertWatch::kMostDoubles + 1); ++i) agents.push_back(introduced(world, i, 1));
  AlertWatch watch(kStart);
  CHECK(look(watch, world).empty());
  for (std::size_t i = 0; i < agents.size(); i += 2) make_doubles(world, agents[i], agents[i + 1], 100 + i);
  auto told = look(watch, world);
  REQUIRE(told.size() == 1);
  CHECK(told[0].text.find("21 pairs") == 0);
  for (std::size_t i = 0; i < agents.size(); i += 2) {
    REQUIRE(world.map.settle_double({.node = agents[i].node, .other = agents[i + 1].node, .same = true, .settled_unix_ms = world.now}));
  }
  world.pass(1'000);
  CHECK(look(watch, world).empty());
}
