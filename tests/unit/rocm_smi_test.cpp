#include <catch2/catch.hpp>
#include <cstdlib>

#include "agent/probe/devices/device_backend.hpp"
#include "agent/probe/devices/device_watch.hpp"
#include "agent/probe/devices/join_readings.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/false_cards.hpp"

namespace capmap {
namespace {

using support::FalseCards;
using support::FalseRocm;
using support::soon;
constexpr const char* kLibrary = CAPMAP_BINARY_DIR "/libcapmap_false_rocm_smi.so";

/// False devices whose file this process' own library reads, opened and listed.
struct Played {
  FalseRocm cards;
  test::FakeHost host;
  std::unique_ptr<DeviceBackend> rocm = make_rocm_smi_backend(host.root(), kLibrary);
  DeviceList list;

  explicit Played(unsigned count) : cards(count) {
    REQUIRE(setenv("CAPMAP_FALSE_ROCM_SMI", cards.path().c_str(), 1) == 0);
    REQUIRE(rocm->open());
    look();
  }
  void look() {
    auto listed = rocm->list();
    REQUIRE(listed);
    list = std::move(*listed);
  }
  DeviceReading read(unsigned address) const { return rocm->read(FalseCards::address(address)); }
};

TEST_CASE("rocm smi: every reading of a card arrives in its unit, and what the library does not offer stays absent") {
  Played played(2);
  CHECK(played.rocm->open()->driver_version == "6.10.5");
  CHECK(played.list.pci_addresses == std::vector{FalseCards::address(0), FalseCards::address(1)});
  auto reading = played.read(1);
  CHECK(reading.pci_id == "1002:74a1");
  CHECK(reading.name == "AMD Instinct MI300X OAM");
  CHECK(reading.uuid == "000000000c0ffee1");
  CHECK(reading.memory_total_bytes == 206'141'652'992ULL);
  CHECK(reading.memory_used_bytes == 20ULL << 30U);
  CHECK(reading.busy_permille == 410U);
  CHECK(reading.power_milliwatts == 612'400U);
  CHECK(reading.power_limit_milliwatts == 750'000U);
  CHECK(reading.temperature_celsius == 61U);
  CHECK(reading.healthy == true);
  CHECK(reading.ecc_corrected == 0U);
  CHECK(reading.ecc_uncorrected == 0U);
  CHECK(reading.cut == false);
  CHECK(reading.partitions.empty());
  CHECK_FALSE(reading.compute_processes);
  CHECK(reading.failures.empty());

  played.cards.clear("1.socket");  // an older card: the average of a while, and a sensor at its edge
  played.cards.set("1.average", "39000000");
  played.cards.set("1.edge", "31000");
  played.cards.set("1.name", "0x74a1");
  played.cards.clear("1.mode");
  reading = played.read(1);
  CHECK(reading.power_milliwatts == 39'000U);
  CHECK(reading.temperature_celsius == 31U);
  CHECK(reading.name.empty());
  CHECK_FALSE(reading.cut);
}

TEST_CASE("rocm smi: devices at one address are the partitions of one card, also where they are numbered as functions") {
  Played played(4);
  for (unsigned i = 0; i < 4; ++i) {
    const auto device = std::to_string(i) + ".";
    played.cards.set(device + "mode", "CPX");
    played.cards.set(device + "pci", FalseCards::address(i / 2));
    played.cards.set(device + "part", std::to_string(i % 2));
  }
  played.cards.set("3.pci", "0000:20:00.1");
  played.look();
  CHECK(played.list.pci_addresses == std::vector{FalseCards::address(0), FalseCards::address(1)});
  const auto reading = played.read(1);
  CHECK(reading.cut == true);
  CHECK(reading.memory_total_bytes == 206'141'652'992ULL);
  REQUIRE(reading.partitions.size() == 2);
  CHECK(reading.partitions[1].name == "CPX partition 1");
  CHECK(use_of(reading).partitions == 2U);
}

TEST_CASE("rocm smi: a function that the bus does not have is a partition, though no mode is told; one that it has is a card") {
  Played played(4);
  for (unsigned i = 0; i < 4; ++i) {
    const auto device = std::to_string(i) + ".";
    played.cards.clear(device + "mode");
    played.cards.set(device + "pci", "0000:10:00." + std::to_string(i));
  }
  for (const char* there : {"0000:10:00.0", "0000:10:00.3"}) played.host.put_folder(std::string("sys/bus/pci/devices/") + there);
  played.look();
  CHECK(played.list.pci_addresses == std::vector<std::string>{"0000:10:00.0", "0000:10:00.3"});
  const auto reading = played.rocm->read("0000:10:00.0");
  CHECK(reading.cut == true);
  REQUIRE(reading.partitions.size() == 3);
  CHECK(reading.partitions[2].name == "partition 2");
  CHECK_FALSE(played.rocm->read("0000:10:00.3").cut);

  played.cards.set("1.mode", "CPX");  // one of them is enough
  played.look();
  CHECK(played.rocm->read("0000:10:00.0").partitions[0].name == "CPX partition 0");
}

TEST_CASE("rocm smi: a card of which no call reaches the hardware is lost, one that only refuses is not judged, and the others live") {
  Played played(3);
  for (const char* call : {"memory", "busy", "power", "cap", "temperature", "ecc"}) {
    played.cards.set(std::string("0.call.") + call, "error 13");
    played.cards.set(std::string("1.call.") + call, "error 4");
  }
  auto reading = played.read(0);
  CHECK(reading.healthy == false);
  CHECK(reading.failures.back() == "the card does not answer its driver");
  CHECK(reading.failures.front() == "memory: input or output failed");
  CHECK(reading.name == "AMD Instinct MI300X OAM");
  CHECK_FALSE(use_of(reading).used);
  CHECK_FALSE(played.read(1).healthy);
  CHECK(played.read(2).healthy == true);
  played.cards.clear("0.call.temperature");  // a sensor still does
  CHECK_FALSE(played.read(0).healthy);
}

TEST_CASE("rocm smi: two dies of an MI250X with one serial are one card, memory summed once") {
  Played played(2);
  for (unsigned i = 0; i < 2; ++i) {
    const std::string folder = "sys/bus/pci/devices/" + FalseCards::address(i) + "/";
    played.host.put(folder + "vendor", "0x1002\n");
    played.host.put(folder + "device", "0x7408\n");
    played.host.put(folder + "serial_number", "692231000131\n");
  }
  played.cards.set("1.socket", "0");
  played.look();
  REQUIRE(played.list.pci_addresses == std::vector{FalseCards::address(0)});
  const auto reading = played.read(0);
  CHECK(reading.memory_total_bytes == 2 * 206'141'652'992ULL);
  CHECK(reading.power_milliwatts == 612'400U);
  REQUIRE(reading.partitions.size() == 2);
  CHECK(reading.partitions[1].pci_address == FalseCards::address(1));
}

TEST_CASE("rocm smi: a refused or senseless value costs its field with a reason, and a device without an address hides no other") {
  Played played(3);
  played.cards.set("0.call.power", "error 4");
  played.cards.set("0.busy", "4294967295");
  played.cards.set("0.junction", "-5000");
  played.cards.set("0.used", "18446744073709551615");
  auto reading = played.read(0);
  CHECK_FALSE(reading.power_milliwatts);
  CHECK_FALSE(reading.busy_permille);
  CHECK_FALSE(reading.temperature_celsius);
  CHECK_FALSE(reading.memory_used_bytes);
  CHECK(reading.healthy == true);
  CHECK(reading.failures.size() == 5);  // both kinds of power
  CHECK(reading.failures.front() == "memory used: 18446744073709551615 has no meaning");
  played.cards.set("1.ecc", "3");
  played.cards.set("1.corrected", "17");
  reading = played.read(1);
  CHECK(reading.ecc_corrected == 17U);
  CHECK(reading.ecc_uncorrected == 3U);
  CHECK(reading.healthy == false);
  CHECK(reading.failures == std::vector<std::string>{"3 uncorrected memory errors since the driver was loaded"});
  played.cards.set("1.call.pci", "error 3");
  played.look();
  CHECK(played.list.pci_addresses.size() == 2);
  CHECK(played.list.failures == std::vector<std::string>{"device number 1: a file of the driver cannot be read"});
}

TEST_CASE("rocm smi: no library, another library, and one that does not start are reasons") {
  const test::FakeHost host;
  const auto absent = make_rocm_smi_backend(host.root(), "/nonexistent/librocm_smi64.so");
  CHECK(absent->open().error().code == ErrorCode::kAbsent);
  CHECK_FALSE(absent->optional());
  CHECK(make_rocm_smi_backend(host.root(), "")->optional());
  const auto other = make_rocm_smi_backend(host.root(), CAPMAP_BINARY_DIR "/libcapmap_false_nvml.so")->open();
  REQUIRE_FALSE(other);
  CHECK(other.error().what.find("lacks rsmi_init") != std::string::npos);
  Played played(1);
  played.cards.set("lib.call.init", "error 8");
  const auto opened = played.rocm->open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().what == "rsmi_init: the library does not start");
}

SampleFrame frame_of(const DeviceWatch& first, const DeviceWatch& second, std::uint64_t now_ms) {
  SeenDevices seen;
  first.add_to(seen, now_ms);
  second.add_to(seen, now_ms);
  return to_frame(seen, now_ms);
}

TEST_CASE("rocm smi: beside the kernel's files a card is one, each fills in what the other leaves out, and a hang costs its own values") {
  Played played(1);
  const std::string card = "sys/bus/pci/devices/" + FalseCards::address(0) + "/";
  played.host.put_folder("sys/bus/pci/drivers/amdgpu/" + FalseCards::address(0));
  played.host.put(card + "mem_info_vram_total", "206141652992\n");
  played.host.put(card + "mem_info_vram_used", "1073741824\n");
  played.host.put(card + "gpu_busy_percent", "7\n");
  const SystemClock clock;
  const auto now_ms = clock.boot_ms(), later_ms = now_ms + 42'000;
  DeviceWatch files(make_amd_backend(played.host.root()), WatchLimits{}, clock);
  DeviceWatch library(std::move(played.rocm), WatchLimits{}, clock);
  const auto ask = [&] {
    for (auto* watch : {&files, &library}) watch->ask(clock.boot_ms());
    REQUIRE(soon([&] { return files.idle() && library.idle(); }));
  };
  ask();  // opens
  ask();
  auto frame = frame_of(files, library, clock.boot_ms());
  REQUIRE(frame.rows.size() == 1);
  CHECK(frame.rows[0].use.busy_permille == 70U);  // of the files
  CHECK(frame.rows[0].use.memory_used_mib == 1'024U);
  CHECK(frame.rows[0].use.power_watts == 612U);  // of the library
  CHECK(frame.rows[0].name == "AMD Instinct MI300X OAM");
  CHECK(frame.problems.empty());

  played.cards.set("0.call.memory", "hang");
  library.ask(clock.boot_ms());
  REQUIRE(soon([&] { return !library.idle(); }));
  frame = frame_of(files, library, later_ms);
  REQUIRE(frame.rows.size() == 1);
  CHECK(frame.rows[0].use.busy_permille == 70U);
  CHECK_FALSE(frame.rows[0].use.power_watts);  // an old value is none of now
  CHECK(frame.problems == std::vector<Problem>{{"rocm-smi", "device " + FalseCards::address(0) + " has not answered for 40 s"}});
  played.cards.clear("0.call.memory");
  REQUIRE(soon([&] { return library.idle(); }));
  ask();
  frame = frame_of(files, library, clock.boot_ms());
  CHECK(frame.rows[0].use.power_watts == 612U);
  CHECK(frame.problems.empty());
  files.close();
  library.close();
}

TEST_CASE("readings of two drivers: not healthy is what one of them says, and failures stay with their driver") {
  DeviceReading reading, other;
  reading.healthy = true;
  reading.memory_total_bytes = 80;
  other.healthy = false;
  other.memory_used_bytes = 7;
  other.idle_bytes = 5;
  other.memory_total_bytes = 90;
  other.failures = {"lost"};
  fill_in(reading, other);
  CHECK(reading.healthy == false);
  CHECK(reading.memory_total_bytes == 80U);
  CHECK(reading.memory_used_bytes == 7U);
  CHECK(reading.idle_bytes == 5U);
  CHECK(reading.failures.empty());
  reading.healthy = true;
  fill_in(other, reading);
  CHECK(other.healthy == false);
}

}  // namespace
}  // namespace capmap
