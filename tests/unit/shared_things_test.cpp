#include "controller/map/shared_things.hpp"

#include <catch2/catch.hpp>

#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

Usage mounting(const std::string& source, std::uint64_t size_mb, std::uint64_t used_mb) {
  Usage usage = usage_of(busy(1'000, 100));
  usage.file_systems.push_back({.source = source, .type = "nfs4", .size_mb = size_mb, .used_mb = used_mb});
  return usage;
}

std::vector<std::shared_ptr<const SharedThing>> shared_of(World& world) {
  world.now += 1'000;
  return world.map.view(world.now, world.now)->shared->things;
}

}  // namespace

TEST_CASE("shared: a hundred nodes of a site that mount one export count it once, and the same name at another site is another thing") {
  World world;
  std::vector<MapAgent> agents;
  for (std::uint64_t i = 0; i < 100; ++i) {
    agents.push_back(world.agent(i, server_shape(8, 64, 0), i < 99 ? 1 : 2));
    world.introduce(agents.back(), mounting("server:/export", 1'000'000 + i, 10));
  }
  auto shared = shared_of(world);
  REQUIRE(shared.size() == 2);
  const auto& big = shared[0]->reporters > 1 ? *shared[0] : *shared[1];
  CHECK(big.reporters == 99);
  CHECK(big.size_mb == 1'000'098U);  // what was said last
  CHECK(big.source == "server:/export");

  world.say(agents[0], agents[0].usage(usage_of(busy(1'000, 100))));  // mounts nothing any more
  REQUIRE(world.map.remove_node(agents[99].node, world.now));
  shared = shared_of(world);
  REQUIRE(shared.size() == 1);
  CHECK(shared[0]->reporters == 98);
}

TEST_CASE("shared: a node takes what it mounts along to another site, and one that is not believed has no say") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  world.introduce(agent, mounting("server:/export", 500, 10));
  const auto site_before = shared_of(world).at(0)->site;
  KnownNode moved;
  moved.id = agent.node;
  moved.site = numbered_id<SiteId>(2);
  world.map.add_node(moved, false, world.now);
  auto shared = shared_of(world);
  REQUIRE(shared.size() == 1);
  CHECK(shared[0]->site != site_before);

  ReportBatch flood{.received_boot_ms = world.now, .reports = {}, .flooding = {agent.node}};
  world.map.apply(flood, world.now);
  CHECK(shared_of(world).empty());
  world.say(agent, agent.usage(mounting("server:/export", 900, 10)));
  CHECK(shared_of(world).empty());
  world.pass(3'600'000);
  world.say(agent, agent.usage(mounting("server:/export", 900, 10)));
  shared = shared_of(world);
  REQUIRE(shared.size() == 1);
  CHECK(shared[0]->size_mb == 900U);
}

TEST_CASE("shared: an absurd size is unknown, and a size that hangs on one node is what another tells") {
  World world;
  auto first = world.agent(1, server_shape(8, 64, 0)), second = world.agent(2, server_shape(8, 64, 0));
  world.introduce(first, mounting("server:/export", UINT64_MAX, 10));
  CHECK_FALSE(shared_of(world).at(0)->size_mb);
  world.introduce(second, mounting("server:/export", 700, 10));
  Usage hanging = mounting("server:/export", 0, 0);
  hanging.file_systems[0].size_mb = hanging.file_systems[0].used_mb = std::nullopt;
  world.say(first, first.usage(hanging));
  const auto shared = shared_of(world);
  REQUIRE(shared.size() == 1);
  CHECK(shared[0]->size_mb == 700U);
  CHECK(shared[0]->reporters == 2);
}

TEST_CASE("shared: a change that waits for its second moves the revision when the second is over") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  world.introduce(agent, mounting("server:/export", 500, 10));
  CHECK(shared_of(world).at(0)->used_mb == 10U);
  world.say(agent, agent.usage(mounting("server:/export", 500, 20)));
  CHECK(world.map.view(world.now, 0)->shared->things.at(0)->used_mb == 10U);
  const auto revision = world.map.revision();
  world.now += 1'000;
  world.map.advance(world.now);
  CHECK(world.map.revision() > revision);
  CHECK(world.map.view(world.now, 0)->shared->things.at(0)->used_mb == 20U);
}

TEST_CASE("shared: a site has so many and no more; what is refused is counted, and taken when there is room") {
  SharedThings shared;
  std::vector<SharedFileSystem> many(SharedThings::kMostASite + 10);
  for (std::size_t i = 0; i < many.size(); ++i)
    many[i] = {.source = "server:/" + std::to_string(i), .type = "nfs4", .size_mb = 5, .used_mb = 1};
  shared.report(1, 7, many, 1'000);
  auto table = shared.publish(1'000);
  CHECK(table->things.size() == SharedThings::kMostASite);
  CHECK(table->sites.at(7).full);
  CHECK(shared.refused() == 10);
  shared.report(1, 7, {}, 3'000);
  shared.report(2, 7, {many.back()}, 3'000);
  table = shared.publish(3'000);
  CHECK(table->things.size() == 1);
  CHECK_FALSE(table->sites.at(7).full);
  CHECK(table->sites.at(7).size_mb == 5);
}

TEST_CASE("shared: a source that is said twice in one message is mounted once") {
  SharedThings shared;
  const SharedFileSystem export_said{.source = "server:/x", .type = "nfs4", .size_mb = 5, .used_mb = 1};
  shared.report(1, 7, {export_said, export_said}, 1'000);
  CHECK(shared.publish(1'000)->things.at(0)->reporters == 1);
  shared.report(1, 7, {}, 3'000);
  CHECK(shared.publish(3'000)->things.empty());
}
