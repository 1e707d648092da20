#include "controller/map/liveness.hpp"

#include <catch2/catch.hpp>

#include "controller/map/capacity_map.hpp"
#include "tests/support/map_agent.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kStart = 1'000'000;
constexpr std::uint64_t kGrace = 90'000;

KnownNode known(std::uint64_t number) {
  KnownNode node;
  node.id = numbered_id<NodeId>(number);
  node.site = numbered_id<SiteId>(1);
  return node;
}

Liveness liveness_of(const CapacityMap& map, const MapAgent& agent) {
  return map.node(agent.node)->liveness;
}

}  // namespace

TEST_CASE("liveness: fresh to two intervals and 5 s, stale to six intervals but at least 60 s, then lost") {
  const auto ten = LivenessLimits::of_interval(10'000);
  CHECK(ten.of_age(25'000) == Liveness::kFresh);
  CHECK(ten.of_age(25'001) == Liveness::kStale);
  CHECK(ten.of_age(60'000) == Liveness::kStale);
  CHECK(ten.of_age(60'001) == Liveness::kLost);
  CHECK(LivenessLimits::of_interval(1'000).ttl_ms == 60'000);
  CHECK(LivenessLimits::of_interval(30'000).ttl_ms == 180'000);
}

TEST_CASE("liveness: a silent node goes from fresh to stale to lost exactly at its limits, and back when it speaks") {
  CapacityMap map({}, nullptr, kStart);
  map.add_node(known(1), false, kStart);
  MapAgent agent{.node = known(1).id, .shape = server_shape(8, 64, 0)};
  map.apply(agent.node, agent.hello(), kStart, 0);
  map.advance(kStart + 25'000);
  CHECK(liveness_of(map, agent) == Liveness::kFresh);
  map.advance(kStart + 25'001);
  CHECK(liveness_of(map, agent) == Liveness::kStale);
  map.advance(kStart + 60'001);
  CHECK(liveness_of(map, agent) == Liveness::kLost);
  map.apply(agent.node, agent.heartbeat(), kStart + 70'000, 0);
  CHECK(liveness_of(map, agent) == Liveness::kFresh);
  map.advance(kStart + 200'000);
  CHECK(liveness_of(map, agent) == Liveness::kLost);
}

TEST_CASE("liveness: messages applied before a late advance keep their nodes alive") {
  CapacityMap map({}, nullptr, kStart);
  std::vector<MapAgent> agents;
  for (std::uint64_t i = 0; i < 3; ++i) {
    map.add_node(known(i), false, kStart);
    agents.push_back({.node = known(i).id, .shape = server_shape(8, 64, 0)});
    map.apply(agents[i].node, agents[i].hello(), kStart + i, 0);
  }
  const auto after_stall = kStart + 300'000;
  map.apply(agents[0].node, agents[0].heartbeat(), after_stall, 0);
  map.apply(agents[2].node, agents[2].heartbeat(), after_stall, 0);
  map.advance(after_stall);
  CHECK(liveness_of(map, agents[0]) == Liveness::kFresh);
  CHECK(liveness_of(map, agents[1]) == Liveness::kLost);
  CHECK(liveness_of(map, agents[2]) == Liveness::kFresh);
}

TEST_CASE("liveness: nodes known at start are resyncing until heard, and lost only when the grace period is over") {
  CapacityMap map({.resync_grace_ms = kGrace}, nullptr, kStart);
  for (std::uint64_t i = 0; i < 3; ++i) map.add_node(known(i), true, kStart);
  MapAgent agent{.node = known(1).id, .shape = server_shape(8, 64, 0)};
  auto view = map.view(kStart, 0);
  CHECK(view->known_nodes == 3);
  CHECK(view->resyncing_nodes == 3);
  CHECK_FALSE(view->resync_over);
  REQUIRE(view->cells.size() == 1);
  CHECK(view->cells.ordered()[0].nodes == 3);
  CHECK(view->cells.ordered()[0].heard_nodes == 0);

  map.apply(agent.node, agent.hello(), kStart + 10'000, 0);
  map.advance(kStart + kGrace - 1);
  view = map.view(kStart + kGrace - 1, 0);
  CHECK(view->resyncing_nodes == 2);
  map.advance(kStart + kGrace);
  view = map.view(kStart + kGrace, 0);
  CHECK(view->resyncing_nodes == 0);
  CHECK(view->resync_over);
  CHECK(map.node(known(0).id)->liveness == Liveness::kLost);
  CHECK_FALSE(map.node(known(0).id)->last_heard_boot_ms);
  CHECK(map.node(known(1).id)->liveness == Liveness::kLost);  // heard 80 s ago
}

TEST_CASE("liveness: the map is complete at once when all known nodes were heard") {
  CapacityMap map({}, nullptr, kStart);
  CHECK(map.view(kStart, 0)->resync_over);
  map.add_node(known(1), true, kStart);
  CHECK_FALSE(map.view(kStart, 0)->resync_over);
  MapAgent agent{.node = known(1).id, .shape = server_shape(8, 64, 0)};
  map.apply(agent.node, agent.hello(), kStart + 1, 0);
  CHECK(map.view(kStart + 1, 0)->resync_over);
}

TEST_CASE("liveness: bye makes a node lost at once, with its reason, until it speaks again") {
  CapacityMap map({}, nullptr, kStart);
  map.add_node(known(1), false, kStart);
  MapAgent agent{.node = known(1).id, .shape = server_shape(8, 64, 0)};
  map.apply(agent.node, agent.hello(), kStart, 0);
  const auto late = agent.heartbeat();
  CHECK(map.apply(agent.node, agent.bye("package removed"), kStart + 1, 0).refused.empty());
  CHECK(liveness_of(map, agent) == Liveness::kLost);
  REQUIRE(map.node(agent.node)->problems.size() == 1);
  CHECK(map.node(agent.node)->problems[0].what == "said goodbye: package removed");
  CHECK(map.apply(agent.node, late, kStart + 2, 0).refused == "old_seq");
  CHECK(liveness_of(map, agent) == Liveness::kLost);
  map.apply(agent.node, agent.hello(), kStart + 3, 0);
  CHECK(liveness_of(map, agent) == Liveness::kFresh);
  CHECK(map.node(agent.node)->problems.empty());
}

TEST_CASE("liveness: a clock that steps back counts as standing still") {
  CapacityMap map({}, nullptr, kStart);
  map.add_node(known(1), false, kStart);
  MapAgent agent{.node = known(1).id, .shape = server_shape(8, 64, 0)};
  map.apply(agent.node, agent.hello(), kStart + 50'000, 0);
  map.apply(agent.node, agent.heartbeat(), kStart, 0);
  CHECK(map.node(agent.node)->last_heard_boot_ms == kStart + 50'000);
  map.advance(kStart - 1);
  CHECK(liveness_of(map, agent) == Liveness::kFresh);
}

TEST_CASE("liveness: each node is judged by the interval that it was given") {
  CapacityMap map({}, nullptr, kStart);
  std::vector<MapAgent> agents;
  for (std::uint64_t i = 0; i < 2; ++i) {
    map.add_node(known(i), false, kStart);
    agents.push_back({.node = known(i).id, .shape = server_shape(8, 64, 0)});
  }
  map.apply(agents[0].node, agents[0].hello(), kStart, 0);
  map.set_interval(60'000);
  map.apply(agents[1].node, agents[1].hello(), kStart, 0);
  map.advance(kStart + 60'001);
  CHECK(liveness_of(map, agents[0]) == Liveness::kLost);
  CHECK(liveness_of(map, agents[1]) == Liveness::kFresh);
  map.advance(kStart + 125'001);
  CHECK(liveness_of(map, agents[1]) == Liveness::kStale);
  map.advance(kStart + 360'001);
  CHECK(liveness_of(map, agents[1]) == Liveness::kLost);
}

TEST_CASE("liveness: when many are lost at once, one call does a part and the calls after it the rest") {
  constexpr std::uint64_t kMany = 5'000;
  CapacityMap map({}, nullptr, kStart);
  for (std::uint64_t i = 0; i < kMany; ++i) map.add_node(known(i), true, kStart);
  std::size_t calls = 1;
  while (map.advance(kStart + kGrace)) ++calls;
  CHECK(calls > 1);
  CHECK(calls < 20);
  const auto view = map.view(kStart + kGrace, 0);
  CHECK(view->resyncing_nodes == 0);
  CHECK(view->cells.ordered()[0].nodes == kMany);
}

TEST_CASE("liveness: a block is due by its earliest row, and looked at once") {
  DueTimes due;
  due.note(5, 700);
  due.note(3, 900);
  due.note(DueTimes::kBlockRows * 2, 800);
  CHECK_FALSE(due.take(699));
  CHECK(due.take(750) == 0U);
  CHECK_FALSE(due.take(750));
  CHECK(due.take(800) == 2U);
  CHECK_FALSE(due.take(UINT64_MAX - 1));
}
