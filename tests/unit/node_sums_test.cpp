// Groups summed node by node say what groups of cells say.
#include "controller/map/node_sums.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tests/support/map_world.hpp"
#include "tests/support/seed.hpp"

namespace capmap {
namespace {

using test::server_shape;
using test::World;

NodeSums sum_of(const CapacityMap& map, const Dictionaries& dictionaries) {
  NodeSums sums;
  for (const auto& row : map.chunk(0)) {
    const bool counted = row.counted && row.counted_service != ServiceState::kRetired && row.counted_service != ServiceState::kQuarantined;
    if (counted) sums.add(row, dictionaries.figures());
  }
  return sums;
}

void check_amount(const Amount& got, const Amount& wanted) {
  CHECK(decimal(got.value) == decimal(wanted.value));
  CHECK(got.unknown == wanted.unknown);
}

void check_hardware(const HardwareSums& got, const HardwareSums& wanted) {
  CHECK(got.packages == wanted.packages);
  CHECK(got.cores == wanted.cores);
  CHECK(got.pus == wanted.pus);
  CHECK(got.accelerators == wanted.accelerators);
  check_amount(got.memory_bytes, wanted.memory_bytes);
  CHECK(got.accelerator_peak.mflops == wanted.accelerator_peak.mflops);
}

void check_same(const RollupGroup& got, const RollupGroup& wanted) {
  CHECK(got.installed_nodes == wanted.installed_nodes);
  CHECK(got.healthy_nodes == wanted.healthy_nodes);
  CHECK(got.available_nodes == wanted.available_nodes);
  CHECK(got.nodes_by_liveness == wanted.nodes_by_liveness);
  CHECK(got.hardware_unknown_nodes == wanted.hardware_unknown_nodes);
  CHECK(got.unrated_nodes == wanted.unrated_nodes);
  CHECK(got.unrated_why == wanted.unrated_why);
  check_hardware(hardware_of(got), hardware_of(wanted));
  check_hardware(got.healthy, wanted.healthy);
  check_hardware(got.available, wanted.available);
  for (const auto amount : {&RollupGroup::cpu_busy_millicores, &RollupGroup::cpu_free_millicores, &RollupGroup::memory_used_mib,
                            &RollupGroup::memory_free_mib, &RollupGroup::power_watts, &RollupGroup::storage_used_mb,
                            &RollupGroup::storage_free_mb, &RollupGroup::receive_kbps, &RollupGroup::transmit_kbps}) {
    check_amount(got.*amount, wanted.*amount);
  }
  CHECK(got.storage_bytes_by_media == wanted.storage_bytes_by_media);
  check_amount(got.storage_bytes, wanted.storage_bytes);
  CHECK(got.nics == wanted.nics);
  CHECK(got.rdma_nics == wanted.rdma_nics);
  for (const auto count : {&RollupGroup::accelerators_used, &RollupGroup::accelerators_free, &RollupGroup::accelerators_use_unknown,
                           &RollupGroup::accelerators_unhealthy, &RollupGroup::age_mean_ms, &RollupGroup::age_known_nodes}) {
    CHECK(got.*count == wanted.*count);
  }
  CHECK(got.accelerators_by_model == wanted.accelerators_by_model);
  CHECK(got.used_by_model == wanted.used_by_model);
  CHECK(got.free_by_model == wanted.free_by_model);
  CHECK(got.free_peak.mflops == wanted.free_peak.mflops);
  CHECK(got.free_peak.offered == wanted.free_peak.offered);
  for (const auto largest :
       {&RollupGroup::largest_free_cores, &RollupGroup::largest_free_memory_gib, &RollupGroup::largest_free_accelerators}) {
    CHECK(got.*largest == wanted.*largest);
  }
}

TEST_CASE("node sums: every measure of random nodes is what their cells say") {
  std::mt19937_64 random(run_seed());
  const auto below = [&random](std::uint64_t limit) { return random() % limit; };
  World world;
  std::vector<test::MapAgent> agents;
  for (std::uint64_t i = 1; i <= 80; ++i) {
    auto shape = server_shape(below(2) == 0 ? 64 : 8, 64, below(3) == 0 ? 8 : 0, static_cast<std::uint32_t>(below(3)));
    if (below(4) == 0) shape.memory_bytes.reset();
    agents.push_back(world.agent(i, shape, 1 + i % 3));
    auto& agent = agents.back();
    if (below(10) == 0) {
      if (below(2) == 0) world.say(agent, agent.hello());
      continue;  // its shape is not known, or it never spoke
    }
    Usage usage = test::usage_of({}, agent.shape.accelerators.empty() ? "" : below(2) == 0 ? "uuff?xff" : "uuffffff");
    if (below(3) != 0) usage.readings = test::busy(static_cast<std::uint32_t>(below(8'000)), static_cast<std::uint32_t>(below(60'000)));
    if (below(3) != 0) usage.readings.power_watts = static_cast<std::uint32_t>(below(3'000));
    if (below(3) != 0) usage.readings.storage_used_mb = static_cast<std::uint32_t>(below(900'000));
    if (below(3) != 0) usage.readings.network_receive_kbps = static_cast<std::uint32_t>(below(1'000));
    world.introduce(agent, usage);
    if (below(8) == 0) world.map.set_service(agent.node, {.state = static_cast<ServiceState>(below(6))}, world.now);
    if (below(10) == 0) world.say(agent, agent.bye());
    world.pass(below(2'000));
  }
  const auto view = world.map.view(world.now, world.now);
  const auto dictionaries = dictionaries_of(*view);
  check_same(sum_of(world.map, *dictionaries).group(dictionaries->figures(), world.now), roll_up(*view, {}, world.now).total);
}

TEST_CASE("node sums: hardware that is newer than the figures is unknown, not another's") {
  World world;
  const auto before = dictionaries_of(*world.map.view(world.now, world.now));
  auto agent = world.agent(1, server_shape(64, 256, 8));
  world.introduce(agent, {});
  const auto group = sum_of(world.map, *before).group(before->figures(), world.now);
  CHECK(group.installed_nodes == 1);
  CHECK(group.hardware_unknown_nodes == 1);
  CHECK(group.cores == 0);
}

}  // namespace
}  // namespace capmap
