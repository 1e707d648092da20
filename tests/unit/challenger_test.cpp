#include "controller/challenger.hpp"

#include <catch2/catch.hpp>

#include "common/chip_table.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

std::shared_ptr<const ChipTable> catalog_chips() {
  auto loaded = ChipTable::load(CAPMAP_SOURCE_DIR "/schemas/catalog");
  REQUIRE(loaded);
  return std::make_shared<const ChipTable>(std::move(*loaded));
}

struct Doubtful {
  World world{.map = CapacityMap(MapOptions{.epoch = 7}, catalog_chips(), kStart)};
  std::vector<MapAgent> agents;

  explicit Doubtful(std::uint64_t nodes) {
    for (std::uint64_t i = 0; i < nodes; ++i) {
      auto shape = server_shape(8, 64, 0);
      shape.cpu.identity = "6-85-7";
      shape.cpu.model = "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz";
      shape.cpu.isa = {"avx", "avx2", "avx512f", "fma"};
      shape.cpu.core_kinds = {CoreKind{.cores = 8, .pus = 16, .base_mhz = 2'500, .base_source = ClockSource::kSysfs, .max_mhz = 3'900}};
      if (i % 2 == 0) shape.cpu.identity = "6-254-1";  // in no table
      agents.push_back(world.agent(i, shape));
      world.introduce(agents.back(), usage_of(busy(100, 100)));
    }
  }
  /// Which nodes were asked, by the acks of their next heartbeats.
  std::vector<std::size_t> asked() {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < agents.size(); ++i) {
      const auto acks = world.map.apply(
          {.received_boot_ms = world.now, .reports = {{agents[i].node, {}, agents[i].heartbeat()}}, .flooding = {}}, world.now);
      if (acks.acks.at(0).ack.benchmark_seconds != 0) all.push_back(i);
    }
    return all;
  }
};

}  // namespace

TEST_CASE("challenger: nodes in doubt are asked, each once a day, so many an hour, and nobody else") {
  Doubtful fleet(10);
  auto& world = fleet.world;
  Challenger none(0), challenger(60);
  for (int second = 0; second < 400; ++second) {
    world.now += 1'000;
    if (second % 10 == 0) CHECK(fleet.asked().size() <= 5);
    none.step(world.map, *world.map.view(world.now, world.now), world.now, world.now);
    challenger.step(world.map, *world.map.view(world.now, world.now), world.now, world.now);
    CHECK(challenger.asked() <= 1U + static_cast<unsigned>(second) / 60);
  }
  CHECK(none.asked() == 0);
  CHECK(challenger.asked() == 5);
  CHECK(world.row(fleet.agents[1]).verdict == Verdict::kConsistent);
  CHECK(world.row(fleet.agents[0]).verdict == Verdict::kUnproven);
}

TEST_CASE("challenger: what a node measures is held against what is nominal, and its verdict follows") {
  Doubtful fleet(2);
  auto& world = fleet.world;
  auto& agent = fleet.agents[1];
  // Nominal: 8 cores x 2.5 GHz x 32 operations = 640,000 MFLOP/s; at 3.9 GHz 998,400, and a tenth for what else differs.
  const auto verdict_with = [&](std::uint64_t mflops, std::uint32_t threads) {
    auto hello = agent.hello();
    hello.measured = Measured{.at_unix_s = 1,
                              .seconds = 5,
                              .threads = threads,
                              .fp64_gemm_mflops = mflops,
                              .fp32_gemm_mflops = {},
                              .memory_mbs = {},
                              .disk_read_mbs = {},
                              .conditions = {}};
    world.say(agent, hello);
    world.say(agent, agent.usage(usage_of(busy(100, 100))));
    const auto row = world.row(agent);
    return row.verdict == Verdict::kContradicted ? std::string(kDoubtWords[static_cast<std::size_t>(row.findings.at(0).word)]) : "";
  };
  CHECK(verdict_with(500'000, 8).empty());
  CHECK(verdict_with(1'090'000, 8).empty());
  CHECK(verdict_with(1'100'000, 8) == "measured_too_fast");
  CHECK(verdict_with(64'000, 8).empty());
  CHECK(verdict_with(63'000, 8) == "measured_too_slow");
  CHECK(verdict_with(63'000, 2).empty());  // two threads are not asked for what eight could
  CHECK(verdict_with(15'000, 2) == "measured_too_slow");
  CHECK(verdict_with(500'000, 16).empty());
  CHECK(world.map.view(world.now, world.now)->doubts[static_cast<std::size_t>(Doubt::kMeasuredTooSlow)] == 0);
}
