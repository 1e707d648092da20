#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "common/shape.hpp"
#include "controller/map/rollup.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

Shape some_shape() {
  Shape shape;
  shape.cpu.architecture = Architecture::kX86_64;
  shape.cpu.model = "model";
  shape.cpu.identity = "6-85-7";
  shape.cpu.packages = 2;
  shape.cpu.cores = 4;
  shape.cpu.pus = 8;
  shape.memory_bytes = std::uint64_t{64} << 30;
  shape.accelerators = {AcceleratorShape{
      .kind = AcceleratorKind::kGpu, .vendor_id = 0x10de, .device_id = 0x2330, .memory_bytes = std::uint64_t{80} << 30, .count = 4}};
  canonicalize(shape);
  return shape;
}

/// A parent's map with one child that may speak for sites 1 and 2.
struct Parent {
  World world;
  EncodedShape shape = pack_shape(some_shape());
  std::uint32_t seq = 0;
  KnownChild child{
      .id = numbered_id<ControllerId>(1), .public_key = {}, .name = "child", .sites = {numbered_id<SiteId>(1), numbered_id<SiteId>(2)}};

  explicit Parent(const MapOptions& options = MapOptions{.epoch = 7}) : world{.map = CapacityMap(options, nullptr, kStart), .now = kStart} {
    world.map.add_child(child, {1, 2, 3}, world.now);
  }
  [[nodiscard]] BatchNode node(std::uint64_t number, std::uint64_t site) const {
    return {.id = numbered_id<NodeId>(number),
            .site = numbered_id<SiteId>(site),
            .shape = shape.id,
            .memory_total_mib = 60'000,
            .pus_allowed = 8};
  }
  BatchAck say(ChildMessage message, std::uint64_t run = 9, std::uint64_t who = 1) {
    std::visit([&](auto& kind) { kind.envelope = {.run_id = run, .seq = ++seq}; }, message);
    ChildBatch batch{.received_boot_ms = world.now, .reports = {}};
    batch.reports.push_back({.child = numbered_id<ControllerId>(who), .route = {}, .message = std::move(message)});
    return world.map.apply(batch, world.now).at(0).ack;
  }
  BatchAck hello(std::uint32_t first, std::vector<std::uint64_t> sites, std::uint64_t run = 9, std::uint64_t who = 1) {
    BatchHello message{.envelope = {}, .first = first, .all_nodes = {}, .nodes = {}};
    for (std::size_t i = 0; i < sites.size(); ++i) {
      message.nodes.push_back(node(100 + first + i, sites[i]));
    }
    return say(std::move(message), run, who);
  }
  BatchAck teach() { return say(ShapeMessage{.envelope = {}, .shape = shape}); }
  static BatchStates states(std::uint32_t first, std::uint32_t count, bool full, std::uint32_t busy, std::uint32_t used_mib) {
    BatchStates out;
    out.first = first;
    out.count = count;
    out.full = full;
    out.liveness = BatchLiveness::kFresh;
    out.readings[0].assign(count, batch_entry(busy));
    out.readings[1].assign(count, batch_entry(used_mib));
    return out;
  }
  RollupGroup total() { return roll_up(*world.map.view(world.now, world.now), {}, world.now).total; }
  std::uint64_t refused(const std::string& word) {
    const auto& all = world.map.counters().refused;
    const auto at = all.find(word);
    return at == all.end() ? 0 : at->second;
  }
};

}  // namespace

TEST_CASE("child: its nodes are on the map with what it says of them, and short updates add up to the same as full ones") {
  Parent parent;
  auto ack = parent.hello(0, {1, 1, 2});
  CHECK(ack.session == 1);
  CHECK(ack.nodes == 3);
  REQUIRE(ack.need_shapes == std::vector<ShapeId>{parent.shape.id});
  CHECK(parent.total().nodes_by_liveness[static_cast<std::size_t>(Liveness::kResyncing)] == 3);
  const auto joined = parent.world.map.view(parent.world.now, 0)->changes->after(0, 100);
  REQUIRE(joined.size() == 3);
  CHECK_FALSE(joined[2].from);
  CHECK(parent.teach().need_shapes.empty());
  parent.say(Parent::states(0, 3, true, 1'000, 10'000));
  auto total = parent.total();
  CHECK(total.available_nodes == 3);
  CHECK(total.hardware_unknown_nodes == 0);
  CHECK(total.cpu_busy_millicores.value == 3'000);
  CHECK(total.cpu_free_millicores.value == 3 * 7'000);
  CHECK(total.memory_free_mib.value == 3 * 50'000);
  CHECK(total.accelerators == 12);
  CHECK(total.accelerators_use_unknown == 12);

  parent.world.pass(5'000);
  parent.say(Parent::states(1, 2, false, 3'500, 20'000));
  total = parent.total();
  CHECK(total.cpu_busy_millicores.value == 8'000);
  CHECK(total.cpu_free_millicores.value == 7'000 + 2 * 4'500);
  CHECK(total.memory_used_mib.value == 50'000);
  CHECK(total.memory_free_mib.value == 50'000 + 2 * 40'000);
  CHECK(total.age_max_ms >= 5'000);
  CHECK(parent.world.map.counters().refused.empty());
}

TEST_CASE("child: a node about a site outside its delegation is refused and counted, and its neighbours are not") {
  Parent parent;
  const auto ack = parent.hello(0, {1, 7, 2});
  CHECK(ack.nodes == 3);
  CHECK(ack.refused_nodes == 1);
  CHECK(parent.refused("foreign_site") == 1);
  parent.teach();
  parent.say(Parent::states(0, 3, true, 1'000, 10'000));
  CHECK(parent.total().installed_nodes == 2);
  CHECK(parent.total().cpu_busy_millicores.value == 2'000);
}

TEST_CASE("child: what cannot be true is unknown, and a reading that becomes unknown is no zero") {
  Parent parent;
  parent.hello(0, {1, 1});
  parent.teach();
  parent.say(Parent::states(0, 2, true, 1'000, 10'000));
  auto lie = Parent::states(0, 2, false, 900'000'000, 10'000);
  lie.readings[0][1] = 0;
  parent.say(lie);
  CHECK(parent.total().cpu_busy_millicores.unknown == 2);
  CHECK(parent.total().cpu_busy_millicores.value == 0);
  CHECK(parent.refused("insane_reading") == 1);
  auto devices = Parent::states(0, 2, false, 1'000, 10'000);
  devices.accelerators_used = {1, 3};
  devices.accelerators_free = {3, 3};
  devices.accelerators_unhealthy = {0, 0};
  parent.say(devices);
  CHECK(parent.total().accelerators_used == 1);
  CHECK(parent.total().accelerators_free == 3);
  CHECK(parent.total().accelerators_use_unknown == 4);  // six of four devices: not believed
}

TEST_CASE("child: a node that says more memory than its shape has is held against the shape, in short updates too") {
  Parent parent;
  auto liar = parent.node(100, 1);
  liar.memory_total_mib = 200'000;  // the shape has 65,536
  parent.say(BatchHello{.envelope = {}, .first = 0, .all_nodes = {}, .nodes = {liar}});
  parent.teach();
  parent.say(Parent::states(0, 1, true, 1'000, 5'000));
  CHECK(parent.total().memory_used_mib.value == 5'000);
  parent.say(Parent::states(0, 1, false, 1'000, 90'000));
  CHECK(parent.total().memory_used_mib.value == 0);
  CHECK(parent.total().memory_used_mib.unknown == 1);
  CHECK(parent.refused("insane_reading") == 1);
}

TEST_CASE("child: nodes it no longer speaks of go stale and lost, and those it says are lost are lost at once") {
  Parent parent;
  parent.hello(0, {1, 1});
  parent.teach();
  parent.say(Parent::states(0, 2, true, 1'000, 10'000));
  auto gone = Parent::states(1, 1, false, 1'000, 10'000);
  gone.liveness = BatchLiveness::kLost;
  parent.say(gone);
  CHECK(parent.total().nodes_by_liveness[static_cast<std::size_t>(Liveness::kLost)] == 1);
  parent.world.pass(61'000);
  CHECK(parent.total().nodes_by_liveness[static_cast<std::size_t>(Liveness::kLost)] == 2);
}

TEST_CASE("child: two children that name one node id are two nodes; a stranger, an old run, a gap in the numbers are refused by name") {
  Parent parent;
  parent.world.map.add_child({.id = numbered_id<ControllerId>(2), .public_key = {}, .name = "other", .sites = {numbered_id<SiteId>(1)}},
                             {9, 9, 9}, parent.world.now);
  parent.hello(0, {1});
  parent.hello(0, {1}, 8, 2);
  CHECK(parent.total().installed_nodes == 2);
  CHECK(parent.hello(0, {1}, 8, 3).session == 0);
  CHECK(parent.refused("unknown_child") == 1);
  CHECK(parent.hello(5, {1}).nodes == 1);
  CHECK(parent.refused("unknown_number") == 1);
  parent.say(Parent::states(1, 1, true, 1, 1));
  CHECK(parent.refused("unknown_number") == 2);
  CHECK(parent.hello(0, {1, 2}, 10).nodes == 2);  // the child has started anew
  CHECK(parent.total().installed_nodes == 3);
  parent.say(Parent::states(0, 1, true, 1, 1), 9);
  CHECK(parent.refused("old_session") == 1);
  parent.say(Parent::states(0, 1, true, 1, 1), 77);
  CHECK(parent.refused("unknown_run") == 1);
}

TEST_CASE("child: once a new run has named all its nodes, those it no longer names leave the map, and not before") {
  Parent parent;
  parent.hello(0, {1, 1, 2, 2});
  parent.teach();
  parent.say(Parent::states(0, 4, true, 1'000, 10'000));
  BatchHello half{.envelope = {}, .first = 0, .all_nodes = 2, .nodes = {parent.node(101, 1)}};
  parent.say(half, 10);
  CHECK(parent.total().installed_nodes == 4);
  // It starts anew once more before it was done: what it named meanwhile is as old as the rest.
  parent.say(half, 11);
  BatchHello rest{.envelope = {}, .first = 1, .all_nodes = 2, .nodes = {parent.node(107, 2)}};
  CHECK(parent.say(rest, 11).nodes == 2);
  CHECK(parent.total().installed_nodes == 2);
  CHECK(parent.world.map.view(parent.world.now, 0)->known_nodes == 2);
  parent.say(BatchHello{.envelope = {}, .first = 0, .all_nodes = 0, .nodes = {}}, 12);
  CHECK(parent.total().installed_nodes == 0);
}

TEST_CASE("child: one that does not say how many nodes it has is believed to have named them all ten minutes later, while it speaks") {
  Parent parent;
  parent.hello(0, {1, 1, 1});
  parent.teach();
  parent.hello(0, {1}, 10);
  parent.world.pass(599'000);
  parent.say(Parent::states(0, 1, true, 1, 1), 10);
  CHECK(parent.total().installed_nodes == 3);
  parent.world.pass(3'600'000);
  CHECK(parent.total().installed_nodes == 3);  // a silent child loses nothing
  parent.say(Parent::states(0, 1, true, 1, 1), 10);
  CHECK(parent.total().installed_nodes == 1);
}

TEST_CASE("child: a node that is gone leaves at once, one that is named twice counts once, and their old numbers mean nothing") {
  Parent parent;
  parent.hello(0, {1, 1, 1});
  parent.teach();
  parent.say(Parent::states(0, 3, true, 1'000, 10'000));
  auto gone = Parent::states(1, 1, false, 0, 0);
  gone.liveness = BatchLiveness::kGone;
  parent.say(gone);
  parent.say(gone);
  CHECK(parent.total().installed_nodes == 2);
  parent.say(BatchHello{.envelope = {}, .first = 3, .all_nodes = {}, .nodes = {parent.node(102, 2), parent.node(101, 2)}});
  CHECK(parent.total().installed_nodes == 3);  // 101 is back, 102 has moved
  parent.say(Parent::states(0, 3, true, 5'000, 10'000));
  CHECK(parent.total().cpu_busy_millicores.value == 5'000);
  parent.say(Parent::states(3, 2, true, 1'000, 10'000));
  CHECK(parent.total().cpu_busy_millicores.value == 7'000);
}

TEST_CASE("child: nodes at a site that it may no longer speak for leave the map at once, and what it says of them is not taken") {
  Parent parent;
  parent.hello(0, {1, 2, 1, 2});
  parent.teach();
  parent.say(Parent::states(0, 4, true, 1'000, 10'000));
  parent.child.sites = {numbered_id<SiteId>(1)};
  parent.world.map.add_child(parent.child, {7}, parent.world.now);
  CHECK(parent.total().installed_nodes == 2);
  CHECK(parent.refused("foreign_site") == 2);
  const auto ack = parent.say(Parent::states(0, 4, true, 2'000, 10'000));
  CHECK(ack.refused_nodes == 2);
  CHECK(parent.total().installed_nodes == 2);
  CHECK(parent.total().cpu_busy_millicores.value == 4'000);
  // A node that now stands at a foreign site is no more where it stood.
  parent.say(BatchHello{.envelope = {}, .first = 4, .all_nodes = {}, .nodes = {parent.node(100, 2)}});
  CHECK(parent.total().installed_nodes == 1);
}

TEST_CASE("child: a withdrawal in the midst of a new run takes rows of the earlier run with it, and the map stays in step") {
  Parent parent;
  parent.hello(0, {1, 2, 1, 2});
  parent.hello(0, {1}, 10);
  parent.child.sites = {numbered_id<SiteId>(1)};
  parent.world.map.add_child(parent.child, {7}, parent.world.now);
  CHECK(parent.total().installed_nodes == 2);
  parent.child.sites = {numbered_id<SiteId>(1), numbered_id<SiteId>(2)};
  parent.world.map.add_child(parent.child, {7}, parent.world.now);
  parent.say(BatchHello{.envelope = {}, .first = 1, .all_nodes = 2, .nodes = {parent.node(101, 2)}}, 10);
  CHECK(parent.total().installed_nodes == 2);
  CHECK(parent.total().nodes_by_liveness[static_cast<std::size_t>(Liveness::kResyncing)] == 2);
}

TEST_CASE("child: nodes beyond what a child, and all of them, may have are refused and counted; agents have room of their own") {
  Parent parent(MapOptions{.epoch = 7, .max_nodes = 8, .max_child_nodes = 5});
  auto ack = parent.hello(0, {1, 1, 1, 1, 1, 1, 1});
  CHECK(ack.nodes == 7);
  CHECK(ack.refused_nodes == 2);
  CHECK(parent.refused("too_many_nodes") == 2);
  CHECK(parent.say(Parent::states(0, 7, true, 1, 1)).applied_seq == parent.seq);
  CHECK(parent.total().installed_nodes == 5);
  parent.world.map.add_child({.id = numbered_id<ControllerId>(2), .public_key = {}, .name = "other", .sites = {numbered_id<SiteId>(1)}},
                             {9, 9, 9}, parent.world.now);
  CHECK(parent.hello(0, {1, 1, 1, 1}, 8, 2).refused_nodes == 2);
  CHECK(parent.total().installed_nodes == 7);
  // What a new run names goes before what only an earlier one named.
  ack = parent.say(BatchHello{.envelope = {}, .first = 0, .all_nodes = 2, .nodes = {parent.node(200, 1), parent.node(201, 2)}}, 10);
  CHECK(ack.refused_nodes == 0);
  CHECK(parent.total().installed_nodes == 4);
  for (std::uint64_t i = 0; i < 6; ++i) parent.world.agent(i, some_shape());
  CHECK(parent.refused("too_many_nodes") == 4 + 2);
  CHECK(parent.world.map.view(parent.world.now, 0)->known_nodes == 8);
}

TEST_CASE("child: one that has found out its mask cannot name an agent's node, nor another child's") {
  Parent parent;
  auto agent = parent.world.agent(5, some_shape());
  parent.world.introduce(agent, usage_of(busy(1'000, 1'000)));
  parent.world.map.add_child({.id = numbered_id<ControllerId>(2), .public_key = {}, .name = "other", .sites = {numbered_id<SiteId>(1)}}, {},
                             parent.world.now);
  parent.hello(0, {1}, 8, 2);
  BatchHello message{.envelope = {}, .first = 0, .all_nodes = {}, .nodes = {parent.node(5, 1), parent.node(100, 7)}};
  for (auto& node : message.nodes) {
    for (std::uint8_t i = 0; i < 3; ++i) node.id.bytes[i] ^= static_cast<std::uint8_t>(i + 1);
  }
  CHECK(parent.say(message).refused_nodes == 2);
  CHECK(parent.refused("foreign_node") == 2);
  CHECK(parent.world.row(agent).usage.readings.cpu_busy_millicores == 1'000U);
  CHECK(parent.total().installed_nodes == 2);
}

TEST_CASE("child: any number of unknown shapes is asked for bit by bit, and those that never come do not stand in the way") {
  Parent parent;
  constexpr std::uint32_t kShapes = 10'000, kNeverTaught = 1'000;
  std::map<ShapeId, EncodedShape> shapes;
  BatchHello message{.envelope = {}, .first = 0, .all_nodes = kShapes, .nodes = {}};
  for (std::uint32_t i = 0; i < kShapes; ++i) {
    auto node = parent.node(i, 1);
    auto packed = pack_shape(server_shape(i % 100 + 1, i / 100 + 1, 0));
    node.shape = packed.id;
    shapes.emplace(packed.id, std::move(packed));
    message.nodes.push_back(node);
  }
  std::set<ShapeId> withheld;
  for (const auto& [id, bytes] : shapes) {
    if (withheld.size() < kNeverTaught) withheld.insert(id);
  }
  auto ack = parent.say(std::move(message));
  for (int turn = 0; turn < 3'000 && parent.total().hardware_unknown_nodes > kNeverTaught; ++turn) {
    REQUIRE(ack.need_shapes.size() <= kMaxNeedShapes);
    for (const auto& id : ack.need_shapes) {
      if (!withheld.contains(id)) parent.say(ShapeMessage{.envelope = {}, .shape = shapes.at(id)});
    }
    if (turn % 20 == 0) parent.say(Parent::states(0, kShapes, true, 1, 1));
    ack = parent.say(Parent::states(0, 1, false, 1, 1));
  }
  CHECK(parent.total().hardware_unknown_nodes == kNeverTaught);
}
