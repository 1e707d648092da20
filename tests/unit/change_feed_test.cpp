#include "controller/map/change_feed.hpp"

#include <catch2/catch.hpp>

#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

NodeChange change(std::uint64_t revision) {
  return {.revision = revision, .at_boot_ms = revision, .node = numbered_id<NodeId>(revision), .from = {}, .to = CellKey{.site = 1}};
}

}  // namespace

TEST_CASE("change feed: readers keep what they were given, and get what follows a revision up to a limit") {
  ChangeFeed feed;
  CHECK(feed.publish()->after(0, 10).empty());
  for (std::uint64_t i = 1; i <= 10; ++i) feed.add(change(2 * i));
  const auto early = feed.publish();
  CHECK(feed.publish() == early);
  feed.add(change(30));
  const auto late = feed.publish();
  CHECK(early->after(0, 100).size() == 10);
  CHECK(late->after(0, 100).size() == 11);
  CHECK(late->after(19, 100).front() == change(20));
  CHECK(late->after(20, 100).size() == 1);
  CHECK(late->after(30, 100).empty());
  CHECK(late->after(0, 3).back() == change(6));
  CHECK(late->complete_after() == 0);
}

TEST_CASE("change feed: the oldest go first, and it says from where on it is complete") {
  ChangeFeed feed;
  constexpr std::uint64_t kAll = ChangeFeed::kBlocks * NodeChanges::kBlockChanges;
  for (std::uint64_t i = 1; i <= kAll; ++i) feed.add(change(i));
  CHECK(feed.publish()->complete_after() == 0);
  CHECK(feed.publish()->after(0, SIZE_MAX).size() == kAll);
  feed.add(change(kAll + 1));
  const auto log = feed.publish();
  CHECK(log->complete_after() == NodeChanges::kBlockChanges);
  CHECK(log->after(log->complete_after(), SIZE_MAX).front().revision == NodeChanges::kBlockChanges + 1);
  feed.skip_to(kAll + 9);
  CHECK(feed.publish()->complete_after() == kAll + 9);
}

TEST_CASE("map: joining, hardware, liveness, service and removal are changes; readings that move and heartbeats are none") {
  World world;
  const auto changes = [&world](std::uint64_t after) { return world.map.view(world.now, world.now)->changes->after(after, 100); };
  auto agent = world.agent(1, server_shape(8, 64, 2));
  CHECK(changes(0).empty());
  world.introduce(agent, usage_of(busy(1'000, 100), "uf"));
  const auto first = changes(0);
  REQUIRE(first.size() == 3);  // hello, its shape, its usage
  CHECK_FALSE(first[0].from);
  CHECK(first[0].to->hardware == kNoHardware);
  CHECK(first[1].to->hardware != kNoHardware);
  CHECK(first[2].to->verdict == Verdict::kConsistent);
  auto seen = world.map.revision();
  world.say(agent, agent.heartbeat(busy(2'000, 200)));
  CHECK(world.map.revision() > seen);
  CHECK(changes(seen).empty());

  seen = world.map.revision();
  REQUIRE(world.map.set_service(agent.node, {.state = ServiceState::kDrained, .why = "disk"}, world.now));
  REQUIRE(changes(seen).size() == 1);
  CHECK(changes(seen)[0].from->service == ServiceState::kInService);
  CHECK(changes(seen)[0].to->service == ServiceState::kDrained);
  CHECK(changes(seen)[0].node == agent.node);

  seen = world.map.revision();
  world.now += 3'600'000;
  while (world.map.advance(world.now)) {
  }
  REQUIRE(changes(seen).size() == 1);
  CHECK(changes(seen)[0].to->liveness == Liveness::kLost);
  CHECK(changes(seen)[0].at_boot_ms == world.now);

  seen = world.map.revision();
  REQUIRE(world.map.remove_node(agent.node, world.now));
  REQUIRE(changes(seen).size() == 1);
  CHECK_FALSE(changes(seen)[0].to);
}

TEST_CASE("map: when hardware is forgotten its number means nothing in older changes any more, so these are not handed out") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 2));
  world.introduce(agent, usage_of(busy(1'000, 100), "uf"));
  REQUIRE(world.map.remove_node(agent.node, world.now));
  CHECK(world.map.view(world.now, 0)->changes->complete_after() == 0);
  world.pass(2 * 86'400'000);
  world.pass(2 * 86'400'000);
  CHECK(world.map.counters().hardware_rows == 0);
  const auto view = world.map.view(world.now, 0);
  CHECK(view->changes->complete_after() == view->revision);
}

TEST_CASE("map: nodes known before a start are no news, and who asks from before them has to begin anew") {
  World world;
  KnownNode known;
  known.id = numbered_id<NodeId>(7);
  known.site = numbered_id<SiteId>(1);
  world.map.add_node(known, true, world.now);
  const auto view = world.map.view(world.now, world.now);
  CHECK(view->changes->after(0, 10).empty());
  CHECK(view->changes->complete_after() == view->revision);
}
