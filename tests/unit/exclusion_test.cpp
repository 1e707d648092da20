#include "controller/map/exclusion.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

bool counted(World& world) {
  const auto cells = world.cells();
  REQUIRE(cells.size() == 1);
  CHECK((cells[0].key.service == ServiceState::kQuarantined) == (cells[0].key.verdict == Verdict::kContradicted));
  return cells[0].key.service == ServiceState::kInService;
}

std::string reasons_of(World& world, const MapAgent& agent) {
  std::string all;
  for (const auto& reason : texts_of(world.row(agent).findings)) all += reason + "\n";
  return all;
}

}  // namespace

TEST_CASE("exclusion: hardware that no server has is named, whatever its numbers, and real hardware is not") {
  const PeakRating none;
  CHECK_FALSE(absurd_hardware(server_shape(128, 2'048, 16), none));
  Shape shape = server_shape(8, 64, 0);
  shape.memory_bytes = std::uint64_t{1} << 63;
  CHECK(absurd_hardware(shape, none) == "memory_bytes is 9223372036854775808, over 1125899906842624");
  shape = server_shape(8, 64, 8);
  shape.accelerators[0].count = std::numeric_limits<std::uint32_t>::max();
  CHECK(absurd_hardware(shape, none) == "accelerators is 4294967295, over 255");
  shape = server_shape(8, 64, 0);
  DiskShape disk;
  disk.bytes = std::uint64_t{1} << 62;
  disk.count = 1'000;
  shape.disks = {disk};
  CHECK(absurd_hardware(shape, none) == "disk bytes is 18446744073709551615, over 1000000000000000000");
  shape = server_shape(70'000, 64, 0);
  CHECK(absurd_hardware(shape, none));
  PeakRating peak;
  peak.accelerators[0] = 1'000'000'000'001;
  CHECK(absurd_hardware(server_shape(8, 64, 8), peak) == "peak fp64_mflops is 1000000000001, over 1000000000000");
}

TEST_CASE("exclusion: a server of 2^63 bytes is in no total, its reason is shown, and with other hardware it is counted again") {
  World world;
  auto shape = server_shape(8, 64, 0);
  shape.memory_bytes = std::uint64_t{1} << 63;
  auto agent = world.agent(1, shape);
  world.introduce(agent, usage_of(busy(100, 100)));
  CHECK_FALSE(counted(world));
  CHECK(reasons_of(world, agent).find("not counted: memory_bytes is 9223372036854775808") != std::string::npos);
  agent.shape = server_shape(8, 64, 0);
  world.introduce(agent, usage_of(busy(100, 100)));
  CHECK(counted(world));
}

TEST_CASE("exclusion: a node that names other hardware again and again is left out for an hour, others are untouched") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  world.introduce(agent, usage_of(busy(100, 100)));
  for (std::uint32_t i = 0; i < 5; ++i) {
    CHECK(counted(world));
    agent.shape = server_shape(i % 2 == 0 ? 16 : 8, 64, 0);
    world.introduce(agent, usage_of(busy(100, 100)));
  }
  CHECK_FALSE(counted(world));
  CHECK(reasons_of(world, agent).find("more than 4 times within an hour") != std::string::npos);
  world.now += 3'600'000;
  world.say(agent, agent.usage(usage_of(busy(100, 100))));
  CHECK(counted(world));
}

TEST_CASE("exclusion: a clock more than a day ahead leaves a node out until it says hello with a better one") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  auto hello = agent.hello();
  hello.time_unix_ms = (world.now + 5'000) + 2 * kMostAheadMs;
  world.say(agent, hello);
  CHECK_FALSE(counted(world));
  CHECK(reasons_of(world, agent).find("172800 s ahead of ours") != std::string::npos);
  hello = agent.hello();
  hello.time_unix_ms = (world.now + 5'000) + 60'000;
  world.say(agent, hello);
  CHECK(world.cells()[0].key.service == ServiceState::kInService);
}

TEST_CASE("exclusion: a flooding node is left out until ten minutes after it last did; an admin's own state stays") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  world.introduce(agent, usage_of(busy(100, 100)));
  world.map.apply({.received_boot_ms = world.now, .reports = {}, .flooding = {agent.node, numbered_id<NodeId>(77)}}, (world.now + 5'000));
  CHECK_FALSE(counted(world));
  CHECK(world.row(agent).service == ServiceState::kInService);
  world.now += kFloodMarkMs - 1;
  world.say(agent, agent.usage(usage_of(busy(100, 100))));
  CHECK_FALSE(counted(world));
  world.now += 1;
  world.say(agent, agent.usage(usage_of(busy(100, 100))));
  CHECK(counted(world));
}
