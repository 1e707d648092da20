// When a node was last seen outlives a restart, and who never came is told apart.
#include <catch2/catch.hpp>

#include "controller/map/rollup.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kSeen = 1'790'000'000'000;

KnownNode known(std::uint64_t number) {
  KnownNode node;
  node.id = numbered_id<NodeId>(number);
  node.site = numbered_id<SiteId>(1);
  node.hostname = "joined-as";
  return node;
}

}  // namespace

TEST_CASE("absent: what the store noted is told of a node until it is heard, and never of one that was not seen") {
  World world;
  world.map.add_node(known(1), true, world.now, {}, kSeen);
  world.map.add_node(known(2), true, world.now);
  world.map.add_node(known(3), false, world.now);
  CHECK(world.map.node(known(1).id)->last_seen_unix_ms == kSeen);
  CHECK_FALSE(world.map.node(known(2).id)->last_seen_unix_ms);
  world.pass(100'000);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const auto row = *world.map.node(known(i).id);
    CHECK(row.liveness == Liveness::kLost);
    CHECK_FALSE(row.last_heard_boot_ms);
    CHECK(row.last_seen_unix_ms.value_or(0) == (i == 1 ? kSeen : 0));
  }
  const auto total = roll_up(*world.map.view(world.now, world.now), {}, world.now).total;
  CHECK(total.age_known_nodes == 0);  // a time of before the start is no age

  MapAgent agent{.node = known(1).id, .run_id = 9, .shape = server_shape(8, 64, 0)};
  world.introduce(agent, {});
  auto row = world.row(agent);
  CHECK(row.last_heard_boot_ms == world.now);
  CHECK_FALSE(row.last_seen_unix_ms);
  world.pass(1'000'000);
  row = world.row(agent);
  CHECK(row.liveness == Liveness::kLost);
  CHECK(row.last_heard_boot_ms == world.now - 1'000'000);
}

TEST_CASE("absent: a node that is let in again keeps what is known of it, and a removed one leaves nothing behind") {
  World world;
  world.map.add_node(known(1), true, world.now, {}, kSeen);
  auto moved = known(1);
  moved.site = numbered_id<SiteId>(2);
  world.map.add_node(moved, false, world.now);
  CHECK(world.map.node(known(1).id)->last_seen_unix_ms == kSeen);
  REQUIRE(world.map.remove_node(known(1).id, world.now));
  world.map.add_node(known(4), false, world.now);  // gets its row
  CHECK_FALSE(world.map.node(known(4).id)->last_seen_unix_ms);
}
