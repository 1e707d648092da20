// One machine under two keys counts once, when an admin has said so.
#include <catch2/catch.hpp>

#include "controller/map/rollup.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

const Shape kShape = server_shape(64, 512, 8);

/// Nodes that say hello with marks of their machines.
struct DoubleWorld : World {
  void hello(MapAgent& agent, MachineMarks machine) {
    auto hello = agent.hello();
    hello.hostname = "host-" + std::to_string(agent.run_id);
    hello.virtualization = "none";
    hello.machine = machine;
    say(agent, hello);
    say(agent, agent.shape_message());
    say(agent, agent.usage(usage_of(busy(100, 100))));
  }
  /// A machine is installed anew: its old agent is silent for good, another one speaks with another key.
  std::pair<MapAgent, MapAgent> reinstalled() {
    auto before = agent(1, kShape);
    hello(before, {.uuid = 7, .ports = 70});
    say(before, before.bye());
    pass(10'000'000);
    auto after = agent(2, kShape);
    hello(after, {.uuid = 7, .ports = 70});
    return {before, after};
  }
  std::shared_ptr<const DoubleList> doubles() {
    pass(1'000);
    return map.view(now, now)->doubles;
  }
  std::uint64_t installed() { return roll_up(*map.view(now, now), {}, now).total.installed_nodes; }
  bool confirm(const MapAgent& node, const MapAgent& other) {
    return map.settle_double({.node = node.node, .other = other.node, .same = true, .settled_unix_ms = now});
  }
  bool dismiss(const MapAgent& node, const MapAgent& other) {
    return map.settle_double({.node = node.node, .other = other.node, .same = false, .settled_unix_ms = now});
  }
};

}  // namespace

TEST_CASE("map doubles: a machine that was installed anew is suspected with its old node, and both count") {
  DoubleWorld world;
  const auto [before, after] = world.reinstalled();
  const auto list = world.doubles();
  REQUIRE(list);
  REQUIRE(list->pairs.size() == 1);
  const auto& pair = list->pairs[0];
  CHECK(std::min(pair.node.node, pair.other.node) == std::min(before.node, after.node));
  const auto& old = pair.node.node == before.node ? pair.node : pair.other;
  CHECK(old.liveness == Liveness::kLost);
  CHECK(old.hostname == "host-1001");
  CHECK(pair.state == DoubleState::kSuspected);
  CHECK(pair.uuid);
  CHECK(pair.ports);
  CHECK_FALSE(pair.left_out);
  CHECK(pair.since_unix_ms == world.now + 5'000 - 1'000);
  CHECK(list->suspected_nodes == 2);
  CHECK(list->complete);
  CHECK(world.installed() == 2);
}

TEST_CASE("map doubles: the old node is confirmed to be the new one: totals fall by it, and it counts again when the new one is removed") {
  DoubleWorld world;
  const auto [before, after] = world.reinstalled();
  CHECK(world.confirm(before, after));
  CHECK(world.installed() == 1);
  const auto row = world.row(before);
  CHECK(row.counted_in == after.node);
  CHECK(row.same_machine);
  CHECK(row.counted_service == ServiceState::kCountedElsewhere);
  CHECK(row.service == ServiceState::kInService);
  CHECK_FALSE(world.row(after).counted_in);
  const auto list = world.doubles();
  CHECK(list->suspected_nodes == 0);
  CHECK(list->left_out_nodes == 1);
  CHECK(list->pairs.at(0).left_out);
  CHECK(list->pairs.at(0).node.node == before.node);

  SECTION("removed") {
    world.map.remove_node(after.node, world.now);
    CHECK(world.installed() == 1);
    CHECK_FALSE(world.row(before).counted_in);
    CHECK_FALSE(world.doubles());
  }
  SECTION("retired, and in service again") {
    world.map.set_service(after.node, {.state = ServiceState::kRetired}, world.now);
    CHECK(world.installed() == 1);
    CHECK_FALSE(world.row(before).counted_in);
    world.map.set_service(after.node, {}, world.now);
    CHECK(world.installed() == 1);
    CHECK(world.row(before).counted_in == after.node);
  }
  SECTION("dismissed after all, and suspected no more") {
    CHECK(world.dismiss(after, before));
    CHECK(world.installed() == 2);
    CHECK(world.doubles()->suspected_nodes == 0);
    CHECK(world.doubles()->pairs.at(0).state == DoubleState::kDismissed);
  }
  SECTION("the old one is removed, and its row given to another machine") {
    world.map.remove_node(before.node, world.now);
    auto next = world.agent(9, kShape);
    world.hello(next, {.uuid = 9});
    CHECK(world.installed() == 2);
    CHECK_FALSE(world.row(next).counted_in);
  }
}

TEST_CASE("map doubles: a node counts again once the two say other machines, and does not when one may read less") {
  DoubleWorld world;
  auto [before, after] = world.reinstalled();
  world.confirm(before, after);
  SECTION("an agent that is begun by hand reads no UUID; one that was not told yet what it is says nothing") {
    world.hello(after, {.uuid = {}, .ports = 70});
    CHECK(world.installed() == 1);
    world.hello(after, {});
    CHECK(world.installed() == 1);
    CHECK(world.doubles()->pairs.at(0).uuid);
  }
  SECTION("another card: the ports differ, the UUID does not") {
    world.hello(after, {.uuid = 7, .ports = 71});
    CHECK(world.installed() == 1);
    CHECK_FALSE(world.doubles()->pairs.at(0).ports);
  }
  SECTION("its disk is in another machine") {
    world.hello(after, {.uuid = {}, .ports = 71});
    CHECK(world.installed() == 2);
    CHECK(world.doubles()->pairs.at(0).state == DoubleState::kConfirmed);
    CHECK_FALSE(world.doubles()->pairs.at(0).left_out);
    world.hello(after, {.uuid = 7, .ports = 70});
    CHECK(world.installed() == 1);
  }
}

TEST_CASE("map doubles: one mark suffices, of either kind; nodes that say none, or retired ones, are suspected of nothing") {
  DoubleWorld world;
  auto one = world.agent(1, kShape), two = world.agent(2, kShape, 2), three = world.agent(3, kShape), bare = world.agent(4, kShape);
  world.hello(one, {.uuid = 5, .ports = 6});
  world.hello(two, {.uuid = {}, .ports = 6});
  world.hello(three, {.uuid = 5, .ports = {}});
  world.hello(bare, {});
  CHECK(world.doubles()->pairs.size() == 2);
  CHECK(world.doubles()->suspected_nodes == 3);
  world.map.set_service(one.node, {.state = ServiceState::kRetired}, world.now);
  CHECK_FALSE(world.doubles());
  CHECK(world.confirm(two, one));  // at another site, and retired: it is counted nowhere else
  CHECK(world.installed() == 3);
  world.map.set_service(one.node, {}, world.now);
  CHECK(world.installed() == 3);
  CHECK(world.row(two).counted_in == one.node);
  const MapAgent stranger{.node = numbered_id<NodeId>(99), .shape = {}};
  CHECK_FALSE(world.confirm(two, stranger));
  CHECK_FALSE(world.confirm(two, two));
}

TEST_CASE("map doubles: of three keys two are the newest one, also one through the other; rings leave all counted") {
  DoubleWorld world;
  std::vector<MapAgent> keys;
  for (std::uint64_t i = 0; i < 3; ++i) {
    keys.push_back(world.agent(i, kShape));
    world.hello(keys.back(), {.uuid = 5});
  }
  world.confirm(keys[0], keys[1]);
  world.confirm(keys[1], keys[2]);
  CHECK(world.installed() == 1);
  CHECK_FALSE(world.row(keys[2]).counted_in);
  world.confirm(keys[2], keys[0]);
  CHECK(world.installed() == 3);
  world.dismiss(keys[2], keys[0]);
  CHECK(world.installed() == 1);
  world.map.remove_node(keys[2].node, world.now);
  CHECK(world.installed() == 1);
  CHECK(world.row(keys[0]).counted_in == keys[1].node);
}

TEST_CASE("map doubles: a host cannot be counted in its own guest, whatever is confirmed") {
  DoubleWorld world;
  auto host = world.agent(1, kShape), guest = world.agent(2, kShape);
  auto hello = host.hello();
  hello.virtualization = "none";
  hello.guest_fingerprints = {9};
  hello.machine.uuid = 5;
  world.say(host, hello);
  hello = guest.hello();
  hello.virtualization = "kvm";
  hello.fingerprints = {9};
  hello.machine.uuid = 5;
  world.say(guest, hello);
  CHECK(world.installed() == 1);
  CHECK_FALSE(world.doubles());  // they are not counted twice
  world.confirm(host, guest);
  CHECK(world.installed() == 1);
  CHECK_FALSE(world.row(host).counted_in);
  CHECK(world.row(guest).counted_in == host.node);
  CHECK_FALSE(world.row(guest).same_machine);
}

TEST_CASE("map doubles: what was noted before a restart holds before anybody has spoken") {
  for (const bool same : {true, false}) {
    World world;
    world.map.expect_nodes(5'000);
    const auto before = numbered_id<NodeId>(1), after = numbered_id<NodeId>(2), third = numbered_id<NodeId>(3);
    for (const auto& id : {before, after, third}) {
      KnownNode node;
      node.id = id;
      node.site = numbered_id<SiteId>(1);
      world.map.add_node(node, true, world.now);
      world.map.restore_machine(id, {.uuid = 7, .ports = {}});
    }
    const auto changes = world.map.view(world.now, world.now)->changes;
    CHECK(world.map.restore_double({.node = before, .other = after, .same = same, .settled_unix_ms = 5}));
    const auto view = world.map.view(world.now + 1'000, world.now);
    CHECK(roll_up(*view, {}, world.now).total.installed_nodes == (same ? 2 : 3));
    REQUIRE(view->doubles);
    CHECK(view->doubles->suspected_nodes == (same ? 2 : 3));
    CHECK(view->doubles->pairs.size() == (same ? 2 : 3));
    CHECK(view->doubles->pairs.back().state == (same ? DoubleState::kConfirmed : DoubleState::kDismissed));
    CHECK(view->doubles->pairs.front().since_unix_ms == 0);
    CHECK(world.map.machine(before) == MachineMarks{.uuid = 7, .ports = {}});
    CHECK_FALSE(world.map.restore_double({.node = before, .other = numbered_id<NodeId>(9), .same = true, .settled_unix_ms = 5}));
  }
}
