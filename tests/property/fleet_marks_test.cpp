// Simulated servers say what tells their machines from all others, as real agents do: none of a hundred thousand is taken for another one,
// and what that costs the map.
#include <malloc.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "common/shape.hpp"
#include "controller/map/capacity_map.hpp"
#include "tests/fleet/plan.hpp"
#include "tests/fleet/server.hpp"
#include "tests/support/map_agent.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kStart = 1'000'000;

/// Of a hundred thousand; fewer where it is counted by instructions (CAPMAP_MARKED_NODES).
std::uint32_t node_count() {
  const char* const given = std::getenv("CAPMAP_MARKED_NODES");
  return given == nullptr ? 100'000U : static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10));
}

struct Told {
  std::shared_ptr<const DoubleList> doubles;
  double heap_mb = 0, us_a_hello = 0;
};

/// A map that all of them have said hello to.
Told told_map(const fleet::Plan& plan, std::uint64_t seed, bool with_marks) {
  const auto before = mallinfo2().uordblks + mallinfo2().hblkhd;
  CapacityMap map(MapOptions{.epoch = 7}, nullptr, kStart);
  std::vector<EncodedShape> shapes;
  for (const auto& machine : plan.machines) shapes.push_back(pack_shape(machine.shape));
  std::chrono::steady_clock::duration took{};
  for (std::uint32_t i = 0; i < plan.machine_of.size(); ++i) {
    KnownNode node;
    node.id = numbered_id<NodeId>(i);
    node.site = numbered_id<SiteId>(plan.site_of[i]);
    map.add_node(node, false, kStart);
    const auto& shape = shapes[plan.machine_of[i]];
    auto hello = fleet::Server(plan, i, seed).hello(kStart);
    hello.envelope = {.run_id = i + 1, .seq = 1};
    hello.shape_id = shape.id;
    if (!with_marks) hello.machine = {};
    const auto began = std::chrono::steady_clock::now();
    const auto answer = map.apply(node.id, hello, kStart, kStart);
    took += std::chrono::steady_clock::now() - began;
    if (answer.need_shape) map.apply(node.id, ShapeMessage{.envelope = {i + 1, 2}, .shape = shape}, kStart, 0);
  }
  map.advance(kStart + 2'000);
  const auto after = mallinfo2().uordblks + mallinfo2().hblkhd;
  return {.doubles = map.view(kStart + 2'000, kStart + 2'000)->doubles,
          .heap_mb = static_cast<double>(after - before) / 1e6,
          .us_a_hello = std::chrono::duration<double, std::micro>(took).count() / static_cast<double>(plan.machine_of.size())};
}

}  // namespace

TEST_CASE("fleet marks: no two of a hundred thousand servers say the same of their machine, and a second agent on one is found") {
  const auto seed = run_seed();
  const auto nodes = node_count();
  const auto plan = fleet::small_plan(nodes, seed, true);
  std::set<Fingerprint> uuids, ports;
  for (std::uint32_t i = 0; i < nodes; ++i) {
    const auto marks = fleet::Server(plan, i, seed).marks();
    REQUIRE(marks.uuid);
    REQUIRE(marks.ports);
    uuids.insert(*marks.uuid);
    ports.insert(*marks.ports);
  }
  CHECK(uuids.size() == nodes);
  CHECK(ports.size() == nodes);
  const fleet::Server one(plan, nodes / 2, seed), again(plan, nodes / 2, seed);
  CHECK(one.marks() == again.marks());
  CHECK(one.hello(1).machine == one.marks());

  const auto without = told_map(plan, seed, false), with = told_map(plan, seed, true);
  CHECK_FALSE(without.doubles);
  CHECK_FALSE(with.doubles);
  std::printf("%u nodes: %.1f bytes of marks each, a hello %.2f us with them and %.2f without\n", nodes,
              (with.heap_mb - without.heap_mb) * 1e6 / nodes, with.us_a_hello, without.us_a_hello);
}
