// What is ordered of whole sites and pools, and an admin's labels.
#include "controller/map/group_orders.hpp"

#include <catch2/catch.hpp>

#include "controller/map/rollup.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kNow = 1'790'000'000'000;

ServiceOrder order(ServiceState state, std::optional<std::uint64_t> from = {}, std::optional<std::uint64_t> until = {}) {
  return {.state = state, .from_unix_ms = from, .until_unix_ms = until, .who = "li", .why = "power works"};
}

struct OrdersWorld : World {
  OrdersWorld() {
    Pool pool;
    pool.id = numbered_id<PoolId>(5);
    pool.site = numbered_id<SiteId>(1);
    map.put_pool(pool);
  }
  MapAgent pooled(std::uint64_t number) {
    auto agent = this->agent(number, {});
    KnownNode node;
    node.id = agent.node;
    node.site = numbered_id<SiteId>(1);
    node.pool = numbered_id<PoolId>(5);
    map.add_node(node, false, now);
    return agent;
  }
  ServiceState state(const MapAgent& agent) { return row(agent).service; }
  void serve(std::uint64_t unix_ms) {
    while (map.advance_service(unix_ms)) {
    }
  }
};

}  // namespace

TEST_CASE("group orders: the strongest of site and pool holds, from when until when they say") {
  GroupOrders orders;
  const GroupOrders::Group site{GroupOrders::Kind::kSite, 1}, pool{GroupOrders::Kind::kPool, 2};
  CHECK(!orders.publish());
  orders.put(site, order(ServiceState::kDraining, 100, 200), 50);
  CHECK(orders.at(1, 0, 99) == ServiceState::kInService);
  CHECK(orders.at(1, 0, 100) == ServiceState::kDraining);
  CHECK(orders.at(3, 0, 100) == ServiceState::kInService);
  orders.put(pool, order(ServiceState::kMaintenance), 50);
  CHECK(orders.at(1, 2, 100) == ServiceState::kMaintenance);
  REQUIRE(orders.publish());
  CHECK(orders.publish()->size() == 2);
  CHECK(orders.take_due(99).empty());
  CHECK(orders.take_due(100) == std::vector{site});
  CHECK(orders.take_due(200) == std::vector{site});
  CHECK(orders.find(site) == nullptr);
  orders.put(pool, order(ServiceState::kInService), 300);
  CHECK(orders.empty());
  orders.put(site, order(ServiceState::kDraining, {}, 200), 300);
  CHECK(orders.empty());
}

TEST_CASE("map: a drained site takes its nodes along, those that join or move there later too, and gives them back") {
  OrdersWorld place;
  auto here = place.agent(1, {}), elsewhere = place.agent(2, {}, 2);
  place.introduce(here, {});
  place.introduce(elsewhere, {});
  REQUIRE(place.map.set_site_service(numbered_id<SiteId>(1), order(ServiceState::kDraining), kNow));
  place.serve(kNow);
  CHECK(place.state(here) == ServiceState::kDraining);
  CHECK(place.state(elsewhere) == ServiceState::kInService);
  CHECK(place.row(here).site_order->why == "power works");
  CHECK(!place.row(here).order);
  auto later = place.agent(3, {});
  place.introduce(later, {});
  CHECK(place.state(later) == ServiceState::kDraining);
  KnownNode moved;
  moved.id = elsewhere.node;
  moved.site = numbered_id<SiteId>(1);
  place.map.add_node(moved, false, place.now);
  CHECK(place.state(elsewhere) == ServiceState::kDraining);
  const auto view = place.map.view(place.now, kNow);
  CHECK(roll_up(*view, {}, place.now).total.available_nodes == 0);
  REQUIRE(view->group_orders);
  moved.site = numbered_id<SiteId>(2);
  place.map.add_node(moved, false, place.now);
  CHECK(place.state(elsewhere) == ServiceState::kInService);
  place.map.set_site_service(numbered_id<SiteId>(1), order(ServiceState::kInService), kNow);
  place.serve(kNow);
  CHECK(place.state(here) == ServiceState::kInService);
  CHECK(!place.map.view(place.now, kNow)->group_orders);
  CHECK(!place.map.set_site_service(numbered_id<SiteId>(77), order(ServiceState::kDraining), kNow));
}

TEST_CASE("map: a node's own order stands beside its pool's, and time alone begins and ends both") {
  OrdersWorld place;
  auto pooled = place.pooled(1), other = place.agent(2, {});
  place.introduce(pooled, {});
  place.introduce(other, {});
  REQUIRE(place.map.set_pool_service(numbered_id<PoolId>(5), order(ServiceState::kMaintenance, kNow + 10, kNow + 20), kNow));
  place.map.set_service(pooled.node, order(ServiceState::kDraining), kNow);
  place.serve(kNow);
  CHECK(place.state(pooled) == ServiceState::kDraining);
  place.serve(kNow + 10);
  CHECK(place.state(pooled) == ServiceState::kMaintenance);
  CHECK(place.state(other) == ServiceState::kInService);
  place.map.set_service(pooled.node, order(ServiceState::kInService), kNow + 11);
  CHECK(place.state(pooled) == ServiceState::kMaintenance);
  place.map.set_service(pooled.node, order(ServiceState::kQuarantined), kNow + 12);
  CHECK(place.state(pooled) == ServiceState::kQuarantined);
  place.map.set_service(pooled.node, order(ServiceState::kDraining), kNow + 13);
  place.serve(kNow + 20);
  CHECK(place.state(pooled) == ServiceState::kDraining);
  CHECK(!place.row(pooled).pool_order);
}

TEST_CASE("map: thousands of nodes of a site follow step by step, and all of them in the end") {
  OrdersWorld place;
  std::vector<MapAgent> agents;
  for (std::uint64_t i = 1; i <= 6'000; ++i) {
    agents.push_back(place.agent(i, {}));
    place.say(agents.back(), agents.back().hello());
  }
  place.map.set_site_service(numbered_id<SiteId>(1), order(ServiceState::kDrained), kNow);
  std::size_t calls = 1;
  while (place.map.advance_service(kNow)) ++calls;
  CHECK(calls > 1);
  const auto rollup = roll_up(*place.map.view(place.now, kNow), {Dimension::kServiceState}, place.now);
  REQUIRE(rollup.groups.size() == 1);
  CHECK(rollup.groups[0].key[0] == "drained");
  CHECK(rollup.groups[0].installed_nodes == 6'000);
}

TEST_CASE("map: an admin's labels stand over an agent's, and leave with the node") {
  OrdersWorld world;
  auto agent = world.agent(1, {});
  auto hello = agent.hello();
  hello.labels = {{"owner", "a"}, {"rack", "r1"}};
  world.say(agent, hello);
  REQUIRE(world.map.set_labels(agent.node, {{"contract", "2026-3"}, {"rack", "r9"}}));
  const auto row = world.row(agent);
  CHECK(row.labels == std::vector<Label>{{"contract", "2026-3"}, {"owner", "a"}, {"rack", "r9"}});
  CHECK(row.admin_labels.size() == 2);
  const auto filter = parse_filter("label.rack = r9 and label.owner = a");
  REQUIRE(filter);
  NodeSelection selection;
  selection.filter.emplace(*filter, *dictionaries_of(*world.map.view(world.now, world.now)));
  CHECK(world.map.chunk(0, selection).size() == 1);
  world.map.set_labels(agent.node, {});
  CHECK(world.row(agent).labels.size() == 2);
  world.map.set_labels(agent.node, {{"x", "y"}});
  world.map.remove_node(agent.node, world.now);
  world.agent(1, {});
  CHECK(world.row(agent).labels.empty());
  CHECK(!world.map.set_labels(numbered_id<NodeId>(99), {{"x", "y"}}));
}
