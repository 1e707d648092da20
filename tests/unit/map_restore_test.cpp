#include <catch2/catch.hpp>

#include "controller/map/capacity_map.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

TEST_CASE("capacity map: after a restart a node's hardware is on the map before it has spoken, and its hello changes nothing of it") {
  World world;
  const MapAgent kept{.node = numbered_id<NodeId>(9), .run_id = 7, .shape = server_shape(16, 128, 2)};
  KnownNode node;
  node.id = kept.node;
  node.site = numbered_id<SiteId>(1);
  CHECK(world.map.restore_shape(kept.encoded(), world.now));
  world.map.expect_nodes(5'000);
  world.map.add_node(node, true, world.now, kept.encoded().id);
  auto cells = world.cells();
  REQUIRE(cells.size() == 1);
  CHECK(cells[0].key.hardware != kNoHardware);
  CHECK(cells[0].key.liveness == Liveness::kResyncing);
  const auto hardware = cells[0].key.hardware;
  auto agent = kept;
  const auto answer = world.say(agent, agent.hello());
  CHECK_FALSE(answer.need_shape);
  cells = world.cells();
  REQUIRE(cells.size() == 1);
  CHECK(cells[0].key.hardware == hardware);
  CHECK(cells[0].key.liveness == Liveness::kFresh);
  node.id = numbered_id<NodeId>(10);
  world.map.add_node(node, true, world.now, pack_shape(server_shape(99, 9, 0)).id);
  CHECK(world.cells().size() == 2);
  EncodedShape broken = kept.encoded();
  broken.body.resize(3);
  CHECK_FALSE(world.map.restore_shape(broken, world.now));
}
