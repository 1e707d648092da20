#include <catch2/catch.hpp>
#include <cstdlib>

#include "agent/probe/devices/device_backend.hpp"
#include "agent/probe/devices/device_watch.hpp"
#include "tests/support/false_cards.hpp"

namespace capmap {
namespace {

using support::FalseAscend;
using support::FalseCards;
constexpr const char* kLibrary = CAPMAP_BINARY_DIR "/libcapmap_false_dcmi.so";

/// False cards whose file this process' own library reads, opened and listed.
struct Played {
  FalseAscend cards;
  std::unique_ptr<DeviceBackend> dcmi = make_dcmi_backend(kLibrary);
  DeviceList list;

  Played(unsigned count, unsigned chips, const std::string& id = "19e5:d802", const std::string& name = "910B2")
      : cards(count, chips, id, name) {
    REQUIRE(setenv("CAPMAP_FALSE_DCMI", cards.path().c_str(), 1) == 0);
    REQUIRE(dcmi->open());
    look();
  }
  void look() {
    auto listed = dcmi->list();
    REQUIRE(listed);
    list = std::move(*listed);
  }
  DeviceReading read(unsigned address) const { return dcmi->read(FalseCards::address(address)); }
};

TEST_CASE("dcmi: every reading of a chip arrives in its unit, and what the driver does not offer stays absent") {
  Played played(2, 1);
  CHECK(played.dcmi->open()->driver_version == "25.2.0");
  CHECK(played.list.pci_addresses == std::vector{FalseCards::address(0), FalseCards::address(1)});
  const auto reading = played.read(1);
  CHECK(reading.pci_id == "19e5:d802");
  CHECK(reading.name == "Ascend 910B2");
  CHECK(reading.memory_total_bytes == 64ULL << 30U);
  CHECK(reading.memory_used_bytes == 3'400ULL << 20U);
  CHECK(reading.busy_permille == 400U);
  CHECK(reading.power_milliwatts == 310'500U);
  CHECK(reading.temperature_celsius == 50U);
  CHECK(reading.compute_processes == 1U);
  CHECK(reading.healthy == true);
  CHECK_FALSE(reading.core_mhz);
  CHECK_FALSE(reading.power_limit_milliwatts);
  CHECK_FALSE(reading.cut);
  CHECK(reading.partitions.empty());
  CHECK(reading.failures.empty());
}

TEST_CASE("dcmi: sizes in KB of the first drivers, and the memory of chips without HBM, are read in their own unit") {
  Played played(2, 1);
  played.cards.set("0.0.hbm", "33554432");
  played.cards.set("0.0.hbm_used", "1048576");
  auto reading = played.read(0);
  CHECK(reading.memory_total_bytes == 32ULL << 30U);
  CHECK(reading.memory_used_bytes == 1ULL << 30U);
  played.cards.clear("1.0.hbm");
  played.cards.set("1.0.ddr", "44280");
  played.cards.set("1.0.ddr_free", "40280");
  reading = played.read(1);
  CHECK(reading.memory_total_bytes == 44'280ULL << 20U);
  CHECK(reading.memory_used_bytes == 4'000ULL << 20U);
  played.cards.set("1.0.ddr_free", "90000");
  reading = played.read(1);
  CHECK(reading.memory_total_bytes == 44'280ULL << 20U);
  CHECK_FALSE(reading.memory_used_bytes);
}

TEST_CASE("dcmi: two chips of a card are one device with two dies under it: memory summed once, power of neither doubled") {
  Played played(2, 2, "19e5:d803", "910_9392");
  CHECK(played.list.pci_addresses == std::vector{FalseCards::address(0), FalseCards::address(2)});
  auto reading = played.read(2);
  CHECK(reading.memory_total_bytes == 128ULL << 30U);
  CHECK(reading.memory_used_bytes == 6'800ULL << 20U);
  CHECK(reading.busy_permille == 500U);
  CHECK(reading.temperature_celsius == 51U);
  CHECK(reading.power_milliwatts == 310'500U);
  CHECK(reading.compute_processes == 2U);
  CHECK(reading.healthy == true);
  REQUIRE(reading.partitions.size() == 2);
  CHECK(reading.partitions[1].die);
  CHECK(reading.partitions[1].pci_address == FalseCards::address(3));
  CHECK(reading.partitions[1].memory_total_bytes == 64ULL << 30U);
  CHECK_FALSE(use_of(reading).partitions);

  played.cards.set("1.1.power", "2000");
  played.cards.set("1.1.health", "2");
  played.cards.clear("1.1.processes");
  reading = played.read(2);
  CHECK_FALSE(reading.power_milliwatts);
  CHECK_FALSE(reading.compute_processes);
  CHECK(reading.healthy == false);
  CHECK(reading.failures == std::vector<std::string>{"die 1: the driver tells a major fault"});
}

TEST_CASE("dcmi: virtual NPUs are shown under their chip and never added to it") {
  Played played(1, 1);
  played.cards.set("0.0.vnpus", "2");
  const auto reading = played.read(0);
  CHECK(reading.cut == true);
  REQUIRE(reading.partitions.size() == 2);
  CHECK(reading.partitions[0].name == "vNPU 100");
  CHECK(reading.memory_total_bytes == 64ULL << 30U);
  CHECK(use_of(reading).partitions == 2U);
  played.cards.set("0.0.vnpus", "4000000000");
  CHECK_FALSE(played.read(0).cut);
}

TEST_CASE("dcmi: a refused or senseless value costs its field with a reason; a lost chip is not healthy and hides no other") {
  Played played(3, 1);
  played.cards.set("0.0.call.power", "error -8002");
  played.cards.set("0.0.busy", "239");  // what drivers say while somebody profiles
  played.cards.set("0.0.temp", "-5");
  played.cards.set("0.0.hbm_used", "18446744073709551615");
  auto reading = played.read(0);
  CHECK_FALSE(reading.power_milliwatts);
  CHECK_FALSE(reading.busy_permille);
  CHECK_FALSE(reading.temperature_celsius);
  CHECK_FALSE(reading.memory_used_bytes);
  CHECK(reading.healthy == true);
  CHECK(reading.failures.size() == 4);

  played.cards.set("1.0.call.memory", "error -8008");
  reading = played.read(1);
  CHECK(reading.healthy == false);
  CHECK(reading.name == "Ascend 910B2");
  CHECK_FALSE(reading.busy_permille);
  CHECK(reading.failures == std::vector<std::string>{"the chip is lost: its driver no longer finds it"});
  CHECK(played.read(2).healthy == true);

  played.cards.set("2.0.ecc", "1");
  CHECK(played.read(2).healthy == false);
  played.cards.set("2.0.health", "4294967295");
  CHECK(played.read(2).failures.front() == "the chip is not there or has not started");
  played.cards.set("1.0.call.pci", "error -8012");
  played.look();
  CHECK(played.list.pci_addresses.size() == 2);
  CHECK(played.list.failures ==
        std::vector<std::string>{"chip 0 of card number 1: the chip is not ready: it starts, resets or has failed"});
}

TEST_CASE("dcmi: without counts of work and processes use is unknown, however much memory is taken") {
  Played played(1, 1);
  CHECK(use_of(played.read(0)).used == true);
  played.cards.set("0.0.processes", "0");
  played.cards.set("0.0.busy", "0");
  CHECK(use_of(played.read(0)).used == false);
  played.cards.clear("0.0.processes");
  played.cards.clear("0.0.busy");
  CHECK_FALSE(use_of(played.read(0)).used);
}

TEST_CASE("dcmi: no library, another library, and a driver that does not open are reasons") {
  CHECK(make_dcmi_backend("/nonexistent/libdcmi.so")->open().error().code == ErrorCode::kAbsent);
  const auto other = make_dcmi_backend(CAPMAP_BINARY_DIR "/libcapmap_false_nvml.so")->open();
  REQUIRE_FALSE(other);
  CHECK(other.error().what.find("lacks dcmi_init") != std::string::npos);
  Played played(1, 1);
  played.cards.set("lib.call.init", "error -8002");
  const auto opened = played.dcmi->open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::kDenied);
}

}  // namespace
}  // namespace capmap
