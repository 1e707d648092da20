#include "controller/map/sanity.hpp"

#include <catch2/catch.hpp>

#include "controller/map/shapes.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

TEST_CASE("sanity: an insane reading is unknown and contradicts its node until a good one comes") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 2));
  world.introduce(agent, usage_of(busy(1'000, 100), "ff"));
  const auto answer = world.say(agent, agent.heartbeat(busy(17'601, 70'000)));
  CHECK(answer.refused == "insane_reading");
  CHECK(answer.applied_seq == agent.seq);
  auto row = world.row(agent);
  CHECK(row.usage.readings == Readings{});
  CHECK(row.verdict == Verdict::kContradicted);
  CHECK(row.findings.size() == 2);
  CHECK(row.liveness == Liveness::kFresh);
  world.say(agent, agent.heartbeat(busy(17'600, 100)));
  CHECK(world.row(agent).verdict == Verdict::kConsistent);
  CHECK(world.say(agent, agent.usage(usage_of(busy(1, 1), "fff"))).refused == "insane_reading");
  row = world.row(agent);
  CHECK(texts_of(row.findings) == std::vector<std::string>{"use of 3 accelerators where the shape has 2"});
  CHECK(world.cells()[0].accelerators_use_unknown == 2);
  CHECK(world.say(agent, agent.hello()).refused.empty());
  CHECK(world.row(agent).verdict == Verdict::kContradicted);  // a hello says nothing about use
}

TEST_CASE("sanity: readings said before the shape was known are held against it when it comes") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 1));
  auto hello = agent.hello();
  hello.pus_allowed.reset();
  hello.memory_total_bytes.reset();
  world.say(agent, hello);
  CHECK(world.say(agent, agent.usage(usage_of(busy(99'999, 100), "ff"))).refused.empty());
  world.say(agent, agent.shape_message());
  const auto row = world.row(agent);
  CHECK(row.verdict == Verdict::kContradicted);
  CHECK_FALSE(row.usage.readings.cpu_busy_millicores);
  CHECK(row.usage.readings.memory_used_mib == 100U);
  CHECK(row.usage.accelerators.empty());
}

TEST_CASE("sanity: hello against shape: more or far less memory, more PUs, are contradictions") {
  World world;
  auto agent = world.agent(1, server_shape(8, 64, 0));
  world.introduce(agent, {});
  const auto verdict_with = [&](std::uint64_t memory, std::uint32_t pus) {
    auto hello = agent.hello();
    hello.memory_total_bytes = memory;
    hello.pus_allowed = pus;
    world.say(agent, hello);
    return world.row(agent).verdict;
  };
  CHECK(verdict_with(63 * kGib, 16) == Verdict::kConsistent);
  CHECK(verdict_with(65 * kGib, 16) == Verdict::kContradicted);
  CHECK(verdict_with(31 * kGib, 16) == Verdict::kContradicted);
  CHECK(verdict_with(64 * kGib, 17) == Verdict::kContradicted);
  CHECK(verdict_with(64 * kGib, 2) == Verdict::kConsistent);
  world.say(agent, agent.heartbeat(busy(3'000, 0)));
  CHECK(world.cells()[0].cpu_free_millicores == ReadingSum{0, 1});  // two PUs allowed, three busy
}

TEST_CASE("sanity: an accelerator that uses more memory than the largest has, or draws what no card can, costs the list with its reason") {
  ReadingLimits limits;
  limits.accelerators = 2;
  limits.accelerator_mib = 80'000;
  AcceleratorUse device;
  device.pci_address = "0000:17:00.0";
  device.memory_used_mib = 88'000;
  device.power_watts = 1'400;
  CHECK_FALSE(doubt_accelerators({device}, limits));
  CHECK_FALSE(doubt_accelerators({device}, ReadingLimits{}));
  device.memory_used_mib = 88'001;
  CHECK(doubt_accelerators({device}, limits) == "accelerator 0000:17:00.0 uses 88001 MiB, over 1.1 x the 80000 MiB of the largest");
  CHECK_FALSE(doubt_accelerators({device}, ReadingLimits{}));
  device.memory_used_mib = 1;
  device.power_watts = 5'001;
  CHECK(doubt_accelerators({device}, limits) == "accelerator 0000:17:00.0 draws 5001 W, over 5000");
}

TEST_CASE("sanity: instruction sets that the CPU's model cannot have contradict its hardware") {
  auto chips = ChipTable::load(CAPMAP_SOURCE_DIR "/schemas/catalog");
  REQUIRE(chips);
  ShapeTable shapes(std::make_shared<const ChipTable>(std::move(*chips)));
  auto shape = server_shape(8, 64, 0);
  shape.cpu.identity = "6-167-1";
  shape.cpu.isa = {"avx2", "avx512f"};
  const auto honest = shapes.rows()[shapes.hardware(shapes.intern(numbered_id<ShapeId>(1), shape, 0))];
  shape.cpu.isa = {"amx_tile", "avx2", "avx512f"};
  const auto masked = shapes.rows()[shapes.hardware(shapes.intern(numbered_id<ShapeId>(2), shape, 0))];
  CHECK(findings_of(Hello{}, *honest).empty());
  CHECK(findings_of(Hello{}, *masked).size() == 1);
}

TEST_CASE("sanity: a shape of more devices than hello names, and a power limit that no card of the model takes, contradict") {
  auto chips = ChipTable::load(CAPMAP_SOURCE_DIR "/schemas/catalog");
  REQUIRE(chips);
  ShapeTable shapes(std::make_shared<const ChipTable>(std::move(*chips)));
  const auto shape = server_shape(8, 64, 2, 2);  // H100 SXM5, 700 W
  const auto hardware = shapes.rows()[shapes.hardware(shapes.intern(numbered_id<ShapeId>(1), shape, 0))];
  Hello hello;
  const auto words = [&] {
    std::string all;
    for (const auto& one : findings_of(hello, *hardware)) all += std::string(kDoubtWords[static_cast<std::size_t>(one.word)]) + " ";
    return all;
  };
  const auto before = words();
  hello.accelerator_addresses = {"0000:17:00.0"};
  CHECK(words() == before + "hello_against_shape ");
  hello.accelerator_addresses = {"0000:17:00.0", "0000:3d:00.0"};
  hello.disk_names = {"nvme0n1"};
  CHECK(words() == before + "hello_against_shape ");
  hello.disk_names = {"nvme0n1", "nvme1n1"};
  hello.nic_names = {"eth0"};  // of a port that the shape does not count
  CHECK(words() == before);
  hello.accelerator_power_limit_watts = {std::nullopt, 1'050};
  CHECK(words() == before);
  hello.accelerator_power_limit_watts = {std::nullopt, 1'051};
  CHECK(words() == before + "card_power ");
}
