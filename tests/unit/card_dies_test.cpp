#include "agent/card_dies.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "agent/probe/devices/device_backend.hpp"
#include "agent/probe/devices/device_watch.hpp"
#include "agent/probe/shape_dies.hpp"
#include "common/chip_table.hpp"
#include "common/codec.hpp"
#include "common/shape.hpp"
#include "tests/support/fake_host.hpp"

namespace capmap {
namespace {

using test::FakeHost;

constexpr std::uint16_t kAmd = 0x1002, kMi250x = 0x7408, kHuawei = 0x19e5, kAscend910c = 0xd803;
constexpr std::uint64_t kGib = 1ULL << 30U;

Accelerator die(const std::string& address, std::uint16_t vendor, std::uint16_t device, const std::string& serial) {
  Accelerator one;
  one.pci_address = address;
  one.shape.kind = AcceleratorKind::kGpu;
  one.shape.vendor_id = vendor;
  one.shape.device_id = device;
  one.shape.memory_bytes = 64 * kGib;
  one.serial = serial;
  return one;
}

std::vector<Accelerator> node(const std::vector<std::string>& serials) {
  std::vector<Accelerator> dies;
  for (std::size_t i = 0; i < serials.size(); ++i) dies.push_back(die("0000:c" + std::to_string(i) + ":00.0", kAmd, kMi250x, serials[i]));
  return dies;
}

TEST_CASE("card dies: two GCDs of one serial number are one card of two dies, its memory summed once") {
  auto cards = node({"692137002837", "692137002837", "692137001684", "692137001684"});
  CHECK(join_card_dies({}, cards).empty());
  REQUIRE(cards.size() == 2);
  CHECK(cards[0].pci_address == "0000:c0:00.0");
  CHECK(cards[0].dies == std::vector<std::string>{"0000:c0:00.0", "0000:c1:00.0"});
  CHECK(cards[0].shape.dies == 2);
  CHECK(cards[0].shape.count == 1);
  CHECK(cards[0].shape.memory_bytes == 128 * kGib);
  CHECK(cards[1].pci_address == "0000:c2:00.0");
}

TEST_CASE("card dies: a serial that is missing, zero, told once or by four joins nothing, and a line says what is counted") {
  for (const auto& serials : {std::vector<std::string>{"", ""}, {"0000", "0000"}, {"1", "2"}, {"7", "7", "7", "7"}}) {
    auto cards = node(serials);
    const auto problems = join_card_dies({}, cards);
    CHECK(cards.size() == serials.size());
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].what ==
          std::to_string(serials.size()) +
              " dies of AMD cards of two are counted as devices of their own: no serial number tells which two share a card");
  }
  auto single = std::vector{die("0000:03:00.0", kAmd, 0x740f, "1"), die("0000:26:00.0", kAmd, 0x740f, "1")};  // MI210: one die a card
  CHECK(join_card_dies({}, single).empty());
  CHECK(single.size() == 2);
}

TEST_CASE("card dies: memory of a card is unknown when one die's is; a die of another product joins nothing") {
  auto cards = node({"5", "5"});
  cards[1].shape.memory_bytes.reset();
  CHECK(join_card_dies({}, cards).empty());
  REQUIRE(cards.size() == 1);
  CHECK_FALSE(cards[0].shape.memory_bytes);
  cards = node({"5", "5"});
  cards[1].shape.device_id = 0x740c;
  CHECK(join_card_dies({}, cards).size() == 1);
  CHECK(cards.size() == 2);
}

TEST_CASE("card dies: chips of an Ascend card are one where their driver has said so, and only while the same product sits there") {
  std::vector<Accelerator> chips;
  for (const char* address : {"0000:10:00.0", "0000:20:00.0", "0000:30:00.0", "0000:40:00.0"}) {
    chips.push_back(die(address, kHuawei, kAscend910c, ""));
    chips.back().shape.memory_bytes.reset();
  }
  auto unknown = chips;
  CHECK(join_card_dies({}, unknown).size() == 1);
  CHECK(unknown.size() == 4);
  KnownDevices known;
  known["0000:10:00.0"] = {"19e5:d803", 128 * kGib, "Ascend 910_9392", {"0000:20:00.0"}};
  known["0000:30:00.0"] = {"19e5:d802", 128 * kGib, "another card", {"0000:40:00.0"}};
  const auto problems = join_card_dies(known, chips);
  REQUIRE(chips.size() == 3);
  CHECK(chips[0].dies.size() == 2);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].what.starts_with("2 dies of Ascend 910C cards are counted"));
}

TEST_CASE("card dies: the peak of cards is that of their dies, however they are counted, and agrees with the catalog") {
  const auto chips = ChipTable::load(CAPMAP_SOURCE_DIR "/schemas/catalog");
  REQUIRE(chips);
  Shape dies, cards;
  for (const auto& one : node({"", "", "", ""})) dies.accelerators.push_back(one.shape);
  auto joined = node({"1", "1", "2", "2"});
  REQUIRE(join_card_dies({}, joined).empty());
  for (const auto& one : joined) cards.accelerators.push_back(one.shape);
  canonicalize(dies);
  canonicalize(cards);
  REQUIRE(cards.accelerators.size() == 1);
  CHECK(cards.accelerators[0].count == 2);
  const auto by_die = chips->rate(dies), by_card = chips->rate(cards);
  CHECK(by_die.accelerators == by_card.accelerators);
  CHECK(by_card.rated_accelerators == 2);
  CHECK(by_die.rated_accelerators == 4);
  const auto back = decode_shape_raw(encode_shape_raw(cards));
  REQUIRE(back);
  CHECK(*back == cards);
}

TEST_CASE("amdgpu: two GCDs of a card are one device; the power that one of them tells is the card's") {
  const FakeHost host;
  unsigned number = 0;
  for (const char* address : {"0000:c1:00.0", "0000:c6:00.0", "0000:c9:00.0"}) {
    const std::string card = std::string("sys/bus/pci/devices/") + address + "/";
    host.put_folder(std::string("sys/bus/pci/drivers/amdgpu/") + address);
    host.put(card + "vendor", "0x1002\n");
    host.put(card + "device", "0x7408\n");
    host.put(card + "serial_number", number < 2 ? "692137002837\n" : "692137001684\n");
    host.put(card + "mem_info_vram_total", "68702699520\n");
    host.put(card + "mem_info_vram_used", std::to_string(1'000'000'000 * (number + 1)) + "\n");
    host.put(card + "gpu_busy_percent", number == 0 ? "90\n" : "10\n");
    host.put(card + "hwmon/hwmon" + std::to_string(number) + "/power1_average", number == 1 ? "0\n" : "430000000\n");
    ++number;
  }
  const auto amd = make_amd_backend(host.root());
  REQUIRE(amd->open());
  const auto list = amd->list();
  REQUIRE(list);
  REQUIRE(list->pci_addresses == std::vector<std::string>{"0000:c1:00.0", "0000:c9:00.0"});  // the third one's twin has no driver
  auto reading = amd->read("0000:c1:00.0");
  CHECK(reading.memory_total_bytes == 2 * 68'702'699'520U);
  CHECK(reading.memory_used_bytes == 3'000'000'000U);
  CHECK(reading.busy_permille == 500U);
  CHECK(reading.power_milliwatts == 430'000U);
  CHECK(reading.healthy == true);
  REQUIRE(reading.partitions.size() == 2);
  CHECK(reading.partitions[1].pci_address == "0000:c6:00.0");
  CHECK(reading.partitions[1].name == "die 1");
  CHECK(use_of(reading).used == true);
  host.put("sys/bus/pci/devices/0000:c6:00.0/mem_info_vram_used", "99999999999999\n");
  reading = amd->read("0000:c1:00.0");
  CHECK_FALSE(reading.memory_used_bytes);
  CHECK(reading.failures.size() == 1);
  CHECK(reading.failures[0].starts_with("die 1: mem_info_vram_used"));
}

}  // namespace
}  // namespace capmap
