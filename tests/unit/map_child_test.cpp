#include <catch2/catch.hpp>

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

  Parent() { world.map.add_child(child, {1, 2, 3}, world.now); }
  BatchAck say(ChildMessage message, std::uint64_t run = 9, std::uint64_t who = 1) {
    std::visit([&](auto& kind) { kind.envelope = {.run_id = run, .seq = ++seq}; }, message);
    ChildBatch batch{.received_boot_ms = world.now, .reports = {}};
    batch.reports.push_back({.child = numbered_id<ControllerId>(who), .route = {}, .message = std::move(message)});
    return world.map.apply(batch, world.now).at(0).ack;
  }
  BatchAck hello(std::uint32_t first, std::vector<std::uint64_t> sites, std::uint64_t run = 9, std::uint64_t who = 1) {
    BatchHello message{.envelope = {}, .first = first, .nodes = {}};
    for (std::size_t i = 0; i < sites.size(); ++i) {
      message.nodes.push_back({.id = numbered_id<NodeId>(100 + first + i),
                               .site = numbered_id<SiteId>(sites[i]),
                               .shape = shape.id,
                               .memory_total_mib = 60'000,
                               .pus_allowed = 8});
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
