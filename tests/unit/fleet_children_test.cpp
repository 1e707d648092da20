#include <catch2/catch.hpp>

#include "common/shape.hpp"
#include "controller/map/rollup.hpp"
#include "tests/fleet/children.hpp"
#include "tests/support/map_world.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

TEST_CASE("fleet children: through servers that leave, return and fall silent, and new runs, a parent's map has who is there") {
  const auto seed = run_seed();
  INFO("seed " << seed);
  const auto plan = fleet::small_plan(3'000, seed, false);
  std::vector<SiteId> sites;
  for (std::size_t i = 0; i < plan.sites.size(); ++i) sites.push_back(numbered_id<SiteId>(i));
  std::vector<EncodedShape> shapes;
  std::vector<ShapeId> shape_ids;
  for (const auto& machine : plan.machines) shape_ids.push_back(shapes.emplace_back(pack_shape(machine.shape)).id);
  std::vector<std::uint32_t> numbers(3'000);
  for (std::uint32_t i = 0; i < numbers.size(); ++i) numbers[i] = i;
  fleet::Child child(plan, numbers, sites, seed);
  World world;
  world.map.add_child({.id = numbered_id<ControllerId>(1), .public_key = {}, .name = "child", .sites = sites}, {1, 2}, world.now);
  const auto say = [&](ChildMessage message) {
    ChildBatch batch{.received_boot_ms = world.now, .reports = {}};
    batch.reports.push_back({.child = numbered_id<ControllerId>(1), .route = {}, .message = std::move(message)});
    world.map.apply(batch, world.now);
  };
  std::uint32_t named = 0;
  for (int round = 0; round < 12; ++round) {
    INFO("round " << round);
    if (round % 4 == 3) {
      child.restart();
      named = 0;
    }
    for (; named < child.size(); named = std::min(named + fleet::Child::kHelloNodes, static_cast<std::uint32_t>(child.size()))) {
      say(child.hello(named, shape_ids));
    }
    if (round == 0) {
      for (const auto& shape : shapes) say(ShapeMessage{.envelope = child.envelope(), .shape = shape});
    }
    using State = fleet::Child::State;
    for (std::uint32_t first = 0; first < child.size(); first += fleet::Child::kHelloNodes) {
      for (const auto state : {State::kFresh, State::kStale, State::kLost, State::kGone}) {
        const auto message = child.full_states_of(first, state);
        if (message.count != 0) say(message);
      }
    }
    for (std::uint32_t first = 0; first < child.size(); first += 1'000) say(child.moved_states(first, 1'000));
    std::array<std::uint64_t, 4> are{};
    std::uint64_t busy = 0;
    for (std::size_t i = 0; i < child.servers().size(); ++i) {
      ++are[static_cast<std::size_t>(child.state(i))];
      if (child.state(i) == State::kFresh) busy += child.servers()[i].usage().readings.cpu_busy_millicores.value_or(0);
    }
    const auto total = roll_up(*world.map.view(world.now, 0), {}, world.now).total;
    CHECK(total.nodes_by_liveness == std::array<std::uint64_t, 4>{0, are[0], are[1], are[2]});
    CHECK(total.installed_nodes + are[3] == 3'000);
    CHECK(total.cpu_busy_millicores.value == busy);
    CHECK((round == 0 || are[3] > 0));
    child.churn(300, named);
  }
  CHECK(world.map.counters().refused.empty());
}
