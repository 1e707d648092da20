#include "controller/map/physics.hpp"

#include <catch2/catch.hpp>

#include "controller/map/shape_past.hpp"
#include "tests/fleet/plan.hpp"
#include "tests/support/map_agent.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

const ChipTable& chips() {
  static const auto table = ChipTable::load(CAPMAP_SOURCE_DIR "/schemas/catalog");
  REQUIRE(table);
  return *table;
}

/// The words of what is found, those that contradict nothing in brackets.
std::string words(const Shape& shape) {
  const auto fit = chips().fit(shape);
  std::string all;
  for (const auto& finding : physical_findings(shape, chips().microarchitecture(shape.cpu), &fit)) {
    CHECK_FALSE(finding.text.empty());
    const std::string word = kDoubtWords[static_cast<std::size_t>(finding.word)];
    all += (all.empty() ? "" : " ") + (finding.contradicts ? word : "(" + word + ")");
  }
  return all;
}

Shape with(const char* model, const char* identity, std::uint32_t packages, std::uint32_t cores, std::uint64_t gib) {
  auto shape = fleet::general_machines()[0].shape;
  shape.cpu.vendor = std::string_view(model).starts_with("AMD") ? "AuthenticAMD" : "GenuineIntel";
  shape.cpu.model = model;
  shape.cpu.identity = identity;
  shape.cpu.packages = packages;
  shape.cpu.cores = cores;
  shape.memory_bytes = gib * kGib;
  return shape;
}

Shape with_cards(std::uint16_t device, std::uint32_t count, std::uint64_t gib, const char* name = "") {
  auto shape = fleet::intelligent_machines()[0].shape;
  shape.accelerators[0].device_id = device;
  shape.accelerators[0].count = count;
  shape.accelerators[0].memory_bytes = gib * kGib;
  shape.accelerators[0].name = name;
  return shape;
}

}  // namespace

TEST_CASE("physics: servers as they are sold are doubted in nothing") {
  for (const auto& machine : fleet::general_machines()) CHECK(words(machine.shape).empty());
  for (auto machine : fleet::intelligent_machines()) {
    CHECK(words(machine.shape).empty());
    for (std::size_t i = 0; i < fleet::kVariants; ++i) {
      auto varied = machine.shape;
      fleet::vary(varied, i);
      CHECK(words(varied).empty());
    }
  }
  for (const auto& set : fleet::disk_sets()) {
    auto shape = fleet::general_machines()[0].shape;
    shape.disks = set.disks;
    CHECK(words(shape).empty());
  }
}

TEST_CASE("physics: cores and memory are held against the largest chip of the microarchitecture, and the name's own count") {
  CHECK(words(with("Intel(R) Xeon(R) Platinum 8180 CPU @ 2.50GHz", "6-85-4", 8, 224, 12'288)).empty());
  CHECK(words(with("Intel(R) Xeon(R) Platinum 8180 CPU @ 2.50GHz", "6-85-4", 2, 58, 3'072)) == "cores_per_package");
  CHECK(words(with("Intel(R) Xeon(R) Platinum 8180 CPU @ 2.50GHz", "6-85-4", 3, 112, 3'072)) == "(cores_per_package)");
  CHECK(words(with("Intel(R) Xeon(R) Platinum 8180 CPU @ 2.50GHz", "6-85-4", 2, 56, 4'096)) == "memory_per_package");
  CHECK(words(with("Intel(R) Xeon(R) Platinum 9242 CPU @ 2.30GHz", "6-85-7", 2, 96, 3'072)).empty());
  CHECK(words(with("AMD EPYC 7302 16-Core Processor", "23-49-0", 2, 32, 2'048)).empty());
  CHECK(words(with("AMD EPYC 7302 16-Core Processor", "23-49-0", 2, 48, 2'048)) == "cores_per_package");
  CHECK(words(with("AMD EPYC 9754 128-Core Processor", "25-160-2", 2, 256, 6'144)).empty());
  auto unlisted = with("Future 9000", "6-254-1", 2, 2 * 512, 2 * 16'384);
  CHECK(words(unlisted) == "(unlisted_processor)");
  unlisted.cpu.cores = 2 * 512 + 2;
  CHECK(words(unlisted) == "cores_per_package (unlisted_processor)");
  unlisted.cpu.packages.reset();
  CHECK(words(unlisted) == "(unlisted_processor)");
}

TEST_CASE("physics: a name of another generation than the identity is found, names that do not tell are not") {
  CHECK(words(with("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", "6-63-2", 2, 24, 256)) == "processor_name");
  CHECK(words(with("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", "6-85-4", 2, 40, 256)) == "processor_name");
  CHECK(words(with("AMD EPYC 7763 64-Core Processor", "23-49-0", 2, 128, 256)) == "processor_name");
  CHECK(words(with("AMD EPYC 72F3 8-Core Processor", "25-1-1", 2, 16, 256)).empty());
  CHECK(words(with("Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz", "6-106-6", 2, 64, 256)).empty());
  CHECK(words(with("Intel Xeon Processor (Skylake, IBRS)", "6-85-4", 2, 40, 256)).empty());
  const auto shape = with("AMD EPYC 7763 64-Core Processor", "23-49-0", 2, 128, 256);
  const auto found = physical_findings(shape, chips().microarchitecture(shape.cpu), nullptr);
  REQUIRE(found.size() == 1);
  CHECK(contradicts(found[0], "none"));
  CHECK_FALSE(contradicts(found[0], "kvm"));  // a hypervisor may call it so
  CHECK_FALSE(contradicts(found[0], ""));
}

TEST_CASE("physics: cards are held against their row: how many a server holds, their memory, their driver's name") {
  CHECK(words(with_cards(0x2330, 8, 80)).empty());  // H100 SXM5
  CHECK(words(with_cards(0x2330, 9, 80)) == "card_count");
  CHECK(words(with_cards(0x20b2, 16, 80)).empty());  // A100 SXM4
  CHECK(words(with_cards(0x20b2, 9, 80)) == "(card_count)");
  CHECK(words(with_cards(0x20b2, 17, 80)) == "card_count");
  CHECK(words(with_cards(0x26b5, 9, 48)).empty());  // L40 in slots
  CHECK(words(with_cards(0x2330, 8, 160)) == "card_memory");
  CHECK(words(with_cards(0x2330, 8, 40)) == "card_memory");
  CHECK(words(with_cards(0x2330, 8, 80, "NVIDIA H100 80GB HBM3")).empty());
  CHECK(words(with_cards(0x2330, 8, 80, "NVIDIA A100-SXM4-80GB")) == "card_name");
  CHECK(words(with_cards(0x2330, 8, 80, "NVIDIA PG520-200")).empty());  // of a board that nobody lists
  CHECK(words(with_cards(0x0001, 8, 80)) == "(unlisted_card)");
}

TEST_CASE("physics: clocks, drives and ports; an array of drives behind a controller may be large") {
  auto shape = fleet::general_machines()[0].shape;
  shape.cpu.core_kinds[0].base_mhz = 260'000;
  CHECK(words(shape) == "clock_range");
  shape.cpu.core_kinds[0].base_mhz = 2'600;
  shape.cpu.core_kinds[0].max_mhz = 350'000;
  CHECK(words(shape) == "clock_range");
  shape.cpu.core_kinds[0].max_mhz = 3'500;
  const auto disk = [&shape](Media media, const char* model, std::uint64_t tb) {
    shape.disks = {{.media = media, .model = model, .bytes = tb * 1'000'000'000'000}};
    return words(shape);
  };
  CHECK(disk(Media::kHdd, "ST24000NM002H", 24).empty());
  CHECK(disk(Media::kHdd, "ST24000NM002H", 2'400) == "disk_size");
  CHECK(disk(Media::kHdd, "PERC H740P Mini", 216).empty());
  CHECK(disk(Media::kNvme, "SOLIDIGM SBFPFWBV153T", 123).empty());
  CHECK(disk(Media::kNvme, "SAMSUNG MZQL27T6HBLA", 768) == "disk_size");
  CHECK(disk(Media::kRemote, "iSCSI", 500'000).empty());
  shape.disks.clear();
  shape.nics = {{.type = NicType::kInfiniband, .speed_mbps = 800'000, .count = 8}};
  CHECK(words(shape).empty());
  shape.nics[0].speed_mbps = 40'000'000;
  CHECK(words(shape) == "nic_speed");
  CHECK(most_watts(fleet::intelligent_machines()[0].shape) == 1'500U + 2 * 1'000 + 8 * 2'000);
  CHECK_FALSE(most_watts(Shape{}));
}

TEST_CASE("physics: the past: more than twice the memory or cards without a start is found, until one is; cards that come and go too") {
  ShapePast past;
  const ShapePast::Hardware small{.memory_bytes = 64 * kGib, .cards = 4}, large{.memory_bytes = 200 * kGib, .cards = 4},
      more{.memory_bytes = 64 * kGib, .cards = 9}, twice{.memory_bytes = 128 * kGib, .cards = 8};
  const auto found = [&past] {
    std::string all;
    for (const auto& finding : past.findings(1)) all += kDoubtWords[static_cast<std::size_t>(finding.word)];
    return all;
  };
  const auto change = [&past](const auto& from, const auto& to, std::uint64_t now, bool restarted = false, bool guest = false) {
    if (restarted) past.restarted(1);
    past.was(1, from, restarted, guest);
    past.is(1, to, now);
  };
  change(small, twice, 0);
  CHECK(found().empty());
  change(small, large, 0, true);
  CHECK(found().empty());
  change(small, large, 0, false, true);
  CHECK(found().empty());
  change(small, large, 0);
  CHECK(found() == "grew_without_boot");
  past.restarted(1);
  CHECK(found().empty());
  change(small, more, 1'000);
  CHECK(found() == "grew_without_boot");
  change(more, small, 2'000);
  CHECK(found() == "cards_flap");  // the third other number within an hour
  CHECK(past.expire(1, ShapePast::kHourMs + 2'000));
  CHECK(found().empty());
  CHECK_FALSE(past.has(1));
}

TEST_CASE("physics: the past: another processor in one run of the agent is found until a start, or until it is the first one again") {
  ShapePast past;
  const ShapePast::Hardware rome{.memory_bytes = 64 * kGib, .cards = 0, .processor = "23-49-0"},
      milan{.memory_bytes = 64 * kGib, .cards = 0, .processor = "25-1-1"}, unread{.memory_bytes = 64 * kGib, .cards = 0};
  const auto change = [&past](const auto& from, const auto& to, bool restarted = false, bool guest = false) {
    if (restarted) past.restarted(1);
    past.was(1, from, restarted, guest);
    past.is(1, to, 1'000);
    return past.findings(1);
  };
  CHECK(change(rome, milan, true).empty());
  CHECK(change(rome, milan, false, true).empty());
  CHECK(change(rome, unread).empty());
  CHECK(change(unread, milan).empty());
  const auto found = change(rome, milan);
  REQUIRE(found.size() == 1);
  CHECK(found[0].word == Doubt::kProcessorChanged);
  CHECK(found[0].contradicts);
  CHECK(found[0].claimed == "25-1-1");
  CHECK(found[0].plausible == "23-49-0");
  CHECK(change(milan, rome).empty());
  CHECK(change(rome, milan).size() == 1);
  past.restarted(1);
  CHECK(past.findings(1).empty());
}
