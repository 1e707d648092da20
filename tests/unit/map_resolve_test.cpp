#include <catch2/catch.hpp>

#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::array<std::uint8_t, 16> kMask = {1, 2, 3};

/// A map with an agent and a child that has named one node.
struct Parent {
  World world;
  MapAgent agent = world.agent(1, server_shape(8, 64, 0));
  KnownChild child{
      .id = numbered_id<ControllerId>(1), .public_key = {}, .name = "child", .sites = {numbered_id<SiteId>(1)}, .joined_unix_ms = 77};
  NodeId named = numbered_id<NodeId>(100);

  Parent() {
    world.introduce(agent, {});
    world.map.add_child(numbered(2), {7, 7, 7}, world.now);
    world.map.add_child(child, kMask, world.now);
    BatchHello hello{.envelope = {.run_id = 9, .seq = 1}, .first = 0, .all_nodes = {}, .nodes = {}};
    hello.nodes.push_back(
        {.id = named, .site = numbered_id<SiteId>(1), .shape = agent.encoded().id, .memory_total_mib = {}, .pus_allowed = {}});
    ChildBatch batch{.received_boot_ms = world.now, .reports = {}};
    batch.reports.push_back({.child = child.id, .route = {}, .message = std::move(hello)});
    REQUIRE(world.map.apply(batch, world.now).at(0).ack.nodes == 1);
  }
  static KnownChild numbered(std::uint64_t number) {
    return {.id = numbered_id<ControllerId>(number), .public_key = {}, .name = "other", .sites = {numbered_id<SiteId>(1)}};
  }
};

}  // namespace

TEST_CASE("resolve: a child's node is found by the id it has there, and by the one it has here, with the child that speaks for it") {
  const Parent parent;
  const auto row = parent.world.map.resolve(parent.named);
  REQUIRE(row);
  CHECK(row->child == parent.child.id);
  NodeId here = parent.named;
  for (std::size_t i = 0; i < here.bytes.size(); ++i) here.bytes[i] ^= kMask[i];
  CHECK(row->id == here);
  CHECK(parent.world.map.resolve(here)->child == parent.child.id);
  CHECK_FALSE(parent.world.map.node(parent.named));
}

TEST_CASE("resolve: an agent's node is its controller's own, and an id that nobody has names nothing") {
  const Parent parent;
  const auto row = parent.world.map.resolve(parent.agent.node);
  REQUIRE(row);
  CHECK_FALSE(row->child);
  CHECK_FALSE(parent.world.map.resolve(numbered_id<NodeId>(5)));
}

TEST_CASE("resolve: shapes lead to the hardware they are of, and children are told by their id") {
  const Parent parent;
  const auto hardware = parent.world.map.hardware_of(parent.agent.encoded().id);
  REQUIRE(hardware);
  CHECK(*hardware == parent.world.map.resolve(parent.agent.node)->hardware);
  CHECK_FALSE(parent.world.map.hardware_of(ShapeId{{5}}));
  const auto child = parent.world.map.child(parent.child.id);
  REQUIRE(child);
  CHECK(child->name == "child");
  CHECK(child->nodes == 1);
  CHECK(child->sites == parent.child.sites);
  CHECK(child->joined_unix_ms == 77);
  CHECK_FALSE(parent.world.map.child(numbered_id<ControllerId>(9)));
}
