#include "controller/map/chip_census.hpp"

#include <catch2/catch.hpp>

#include "controller/map/hardware_census.hpp"
#include "controller/map/rollup.hpp"
#include "tests/support/catalog_chips.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

const std::string kTitles =
    "vendor,model,form,kind,pci_ids,names,devices_per_card,fp64,fp64_matrix,fp32,fp32_matrix,tf32,fp16,bf16,fp8,fp4,int8,int4,"
    "memory_gb,memory_bandwidth_gbs,tdp_w,confidence,unsourced,notes,source\n";

Shape server(std::uint16_t vendor, std::uint16_t device, std::uint32_t cards) {
  Shape shape;
  shape.cpu.architecture = Architecture::kX86_64;
  shape.cpu.vendor = "AuthenticAMD";
  shape.cpu.identity = "25-1-1";
  shape.cpu.model = "AMD EPYC 7763 64-Core Processor";
  shape.cpu.packages = 2;
  shape.cpu.cores = 128;
  shape.cpu.pus = 256;
  shape.cpu.core_kinds = {{.cores = 128, .pus = 256, .base_mhz = 2'450, .base_source = ClockSource::kModelName, .max_mhz = {}}};
  shape.cpu.isa = {"avx2"};
  shape.memory_bytes = 1ULL << 39;
  if (cards > 0)
    shape.accelerators = {{.kind = AcceleratorKind::kNpu, .vendor_id = vendor, .device_id = device, .memory_bytes = {}, .count = cards}};
  return shape;
}

World rated_world() {
  return World{.map = CapacityMap{MapOptions{.epoch = 7, .regions = support::catalog_regions()}, support::catalog_chips(), kStart}};
}

std::shared_ptr<const MapView> view_of(World& world) {
  return world.map.view(world.now, world.now);
}

std::shared_ptr<const ChipTable> with_own_card() {
  OwnChips own;
  own[static_cast<std::size_t>(ChipFile::kAccelerators)] =
      kTitles + "Acme,Ninety,PCIe,npu,abcd:0090,,1,,,10,,,100,,,,200,,,1000,300,A,,,our test\n";
  auto table = ChipTable::load(support::catalog_folder(), &own);
  REQUIRE(table);
  return std::make_shared<const ChipTable>(std::move(*table));
}

}  // namespace

TEST_CASE("chip census: rows of the table count installed processors and cards; what none rates is listed once, with its sites") {
  World world = rated_world();
  const Shape known = server(0x10de, 0x1eb8, 4), unknown = server(0xabcd, 0x0090, 8);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    auto agent = world.agent(i, known, 1);
    world.introduce(agent, {});
  }
  for (std::uint64_t i = 4; i <= 5; ++i) {
    auto agent = world.agent(i, unknown, i - 2);
    world.introduce(agent, {});
  }
  const auto view = view_of(world);
  const auto census = chip_census(*view, {});
  const auto list = view->chips->list();
  REQUIRE(census.entries.size() == list.size());
  std::uint64_t cards = 0, processors = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].part == "cpu") processors += census.entries[i].parts;
    if (list[i].name == "NVIDIA Tesla T4") cards += census.entries[i].parts;
  }
  CHECK(cards == 12);
  CHECK(processors == 10);
  REQUIRE(census.unrated.size() == 1);
  CHECK(census.unrated[0].nodes == 2);
  CHECK(census.unrated[0].parts == 16);
  CHECK(census.unrated[0].sites.size() == 2);
  std::vector<bool> at(view->sites.size());
  at[census.unrated[0].sites[0]] = true;
  const auto part = chip_census(*view, at);
  REQUIRE(part.unrated.size() == 1);
  CHECK(part.unrated[0].nodes == 1);
  CHECK(part.unrated[0].id == census.unrated[0].id);
}

TEST_CASE("chip table in force: all hardware is rated anew at once, and nodes are judged anew") {
  World world = rated_world();
  auto agent = world.agent(1, server(0xabcd, 0x0090, 8));
  world.introduce(agent, {});
  CHECK(world.row(agent).verdict == Verdict::kUnproven);  // a card that no row lists
  const auto before = view_of(world);
  const auto table = with_own_card();
  world.map.put_chips(table, {});
  const auto after = view_of(world);
  CHECK(after->revision > before->revision);
  CHECK(after->catalog_version == table->version());
  CHECK(before->catalog_version != table->version());
  const auto sum = roll_up(*after, {}, after->at_boot_ms).total;
  CHECK(sum.accelerator_peak.mflops[static_cast<std::size_t>(Precision::kFp16)] == 800'000'000U);
  CHECK(sum.unrated_accelerators == 0);
  CHECK(roll_up(*before, {}, before->at_boot_ms).total.unrated_accelerators == 8);
  world.pass(1);
  CHECK(world.row(agent).verdict == Verdict::kConsistent);
  CHECK(chip_census(*after, {}).unrated.empty());
}

TEST_CASE("chip table in force: what was rated beforehand is taken, and claims of contradicted nodes follow") {
  World world = rated_world();
  Shape shape = server(0xabcd, 0x0090, 8);
  shape.nics = {{.type = NicType::kEthernet, .speed_mbps = 900'000'000}};  // nothing of the kind is built
  auto agent = world.agent(1, shape);
  world.introduce(agent, {});
  REQUIRE(world.row(agent).verdict == Verdict::kContradicted);
  const auto table = with_own_card();
  RatedHardware ready;
  const auto view = view_of(world);
  for (const auto& row : view->hardware) {
    if (row) ready.emplace(row->id, std::make_shared<const HardwareRow>(describe_hardware(row->shape, table.get())));
  }
  world.map.put_chips(table, ready);
  const auto after = view_of(world);
  bool taken = false;
  for (const auto& row : after->hardware) taken = taken || (row && ready.at(row->id) == row);
  CHECK(taken);
  const auto everywhere = contradicted_at(*after, [](std::uint32_t) { return true; });
  REQUIRE(after->contradicted);
  CHECK(after->contradicted->counted == everywhere.counted);
  CHECK(after->contradicted->left_out == everywhere.left_out);
  world.map.remove_node(agent.node, world.now);
  const auto gone = view_of(world);
  CHECK(gone->contradicted->counted == ClaimedSums{});
  CHECK(gone->contradicted->left_out == ClaimedSums{});
}

TEST_CASE("hardware census: kinds with their nodes, verdicts and sites, of what a filter lets through") {
  World world = rated_world();
  for (std::uint64_t i = 1; i <= 6; ++i) {
    auto agent = world.agent(i, server(0x10de, 0x1eb8, i <= 4 ? 4 : 0), 1 + i % 3);
    world.introduce(agent, {});
  }
  auto silent = world.agent(9, server(1, 1, 1));
  world.say(silent, silent.hello());
  const auto view = view_of(world);
  auto all = hardware_census(*view, std::nullopt);
  REQUIRE(all.size() == 3);
  CHECK(view->hardware[all[0].hardware] == nullptr);
  count_sites(*view, std::nullopt, all);
  std::uint64_t nodes = 0;
  for (const auto& count : all) nodes += count.installed;
  CHECK(nodes == 7);
  const auto filter = parse_filter("accelerators > 0");
  REQUIRE(filter);
  auto some = hardware_census(*view, *filter);
  REQUIRE(some.size() == 1);
  count_sites(*view, *filter, some);
  CHECK(some[0].installed == 4);
  CHECK(some[0].sites == 3);
  CHECK(some[0].by_liveness[static_cast<std::size_t>(Liveness::kFresh)] == 4);
}
