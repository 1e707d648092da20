#include <catch2/catch.hpp>

#include "controller/map/service.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

TEST_CASE("map: a removed node leaves its cell, its id means nothing any more, and the next node takes its row as new") {
  World world;
  auto first = world.agent(1, server_shape(8, 64, 2));
  auto second = world.agent(2, server_shape(8, 64, 2));
  world.introduce(first, usage_of(busy(1'000, 100), "uf"));
  world.introduce(second, usage_of(busy(2'000, 100), "uu"));
  REQUIRE(world.map.set_service(first.node, {.state = ServiceState::kDrained, .why = "disk"}, world.now));
  CHECK(world.map.view(world.now, world.now)->known_nodes == 2);
  const auto revision = world.map.revision();
  REQUIRE(world.map.remove_node(first.node, world.now));
  CHECK(world.map.revision() > revision);
  CHECK_FALSE(world.map.remove_node(first.node, world.now));
  CHECK_FALSE(world.map.node(first.node));
  CHECK(world.say(first, first.heartbeat()).refused == "unknown_node");
  CHECK(world.map.view(world.now, world.now)->known_nodes == 1);
  REQUIRE(world.cells().size() == 1);
  CHECK(world.cells()[0].nodes == 1);
  CHECK(world.map.chunk(0).size() == 1);

  const auto third = world.agent(3, server_shape(4, 16, 0));
  CHECK(world.map.chunk_count() == 1);
  REQUIRE(world.map.chunk(0).size() == 2);
  const auto row = world.row(third);
  CHECK(row.slot == 0);
  CHECK(row.hostname == "joined-as");
  CHECK(row.service == ServiceState::kInService);
  CHECK_FALSE(row.order);
  CHECK_FALSE(row.last_heard_boot_ms);
  CHECK(row.session == 0);
  CHECK(row.usage == Usage{});
  CHECK(row.hardware == kNoHardware);
}

TEST_CASE("map: other nodes keep their place in the chunk when one is removed, so pages neither skip nor repeat them") {
  World world;
  for (std::uint64_t i = 0; i < 6; ++i) world.agent(i, server_shape(8, 64, 0));
  world.map.remove_node(numbered_id<NodeId>(2), world.now);
  std::vector<std::uint32_t> slots;
  for (const auto& row : world.map.chunk(0)) slots.push_back(row.slot);
  CHECK(slots == std::vector<std::uint32_t>{0, 1, 3, 4, 5});
}

TEST_CASE("map: a service order holds from its time until its time, and says who and why") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  world.introduce(agent, usage_of(busy(1'000, 100)));
  const ServiceOrder order{
      .state = ServiceState::kMaintenance, .from_unix_ms = 10'000, .until_unix_ms = 20'000, .who = "admin", .why = "new fans"};
  REQUIRE(world.map.set_service(agent.node, order, 5'000));
  CHECK(world.row(agent).service == ServiceState::kInService);
  CHECK(world.row(agent).order == order);
  world.map.advance_service(9'999);
  CHECK(world.row(agent).service == ServiceState::kInService);
  world.map.advance_service(10'000);
  CHECK(world.row(agent).service == ServiceState::kMaintenance);
  CHECK(world.cells()[0].key.service == ServiceState::kMaintenance);
  world.map.advance_service(20'000);
  CHECK(world.row(agent).service == ServiceState::kInService);
  CHECK_FALSE(world.row(agent).order);
  CHECK_FALSE(world.map.set_service(numbered_id<NodeId>(99), order, 5'000));
}

TEST_CASE("service orders: a new one replaces the moments of the old one, and one that is over is not kept") {
  ServiceOrders orders;
  orders.put(7, {.state = ServiceState::kMaintenance, .from_unix_ms = 100, .until_unix_ms = 200}, 0);
  orders.put(7, {.state = ServiceState::kDrained, .until_unix_ms = 300}, 0);
  CHECK(orders.take_due(250, 10).empty());
  CHECK(orders.take_due(300, 10) == std::vector<RowIndex>{7});
  orders.put(8, {.state = ServiceState::kDrained, .until_unix_ms = 300}, 400);
  CHECK(orders.find(8) == nullptr);
  orders.put(7, {}, 400);
  CHECK(orders.find(7) == nullptr);
}
