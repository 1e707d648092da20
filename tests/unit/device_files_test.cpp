// Back ends that read the kernel's files alone: Intel's and Habana's.
#include <catch2/catch.hpp>
#include <filesystem>

#include "agent/device_drivers.hpp"
#include "agent/probe/devices/device_backend.hpp"
#include "agent/probe/devices/device_watch.hpp"
#include "tests/support/fake_host.hpp"

namespace capmap {
namespace {

using test::FakeHost;

void put_device(const FakeHost& host, const std::string& driver, const std::string& address, const std::string& id) {
  host.put_folder("sys/bus/pci/drivers/" + driver + "/" + address);
  host.put("sys/bus/pci/devices/" + address + "/vendor", "0x" + id.substr(0, 4) + "\n");
  host.put("sys/bus/pci/devices/" + address + "/device", "0x" + id.substr(5) + "\n");
}

void link(const FakeHost& host, const std::string& name, const std::string& target) {
  std::filesystem::create_symlink(target, std::filesystem::path(host.path()) / name);
}

TEST_CASE("intel: a card of two tiles is one device: memory is their sum, power the growth of its counter") {
  const FakeHost host;
  const ManualClock start;
  ManualClock clock = start;
  put_device(host, "xe", "0000:4d:00.0", "8086:0bd5");
  const std::string card = "sys/bus/pci/devices/0000:4d:00.0/";
  host.put(card + "tile0/physical_vram_size_bytes", "0x1000000000\n");
  host.put(card + "tile1/physical_vram_size_bytes", "0x1000000000\n");
  host.put(card + "tile0/gt0/freq0/act_freq", "900\n");
  host.put(card + "tile1/gt1/freq0/act_freq", "1550\n");
  host.put(card + "hwmon/hwmon4/name", "xe\n");
  host.put(card + "hwmon/hwmon4/power1_max", "600000000\n");
  host.put(card + "hwmon/hwmon4/energy1_input", "1000000000\n");
  host.put(card + "hwmon/hwmon4/energy2_input", "7\n");
  host.put(card + "hwmon/hwmon4/temp2_input", "41000\n");
  CHECK(find_device_drivers(host.root()).intel);
  const auto intel = make_intel_backend(host.root(), clock);
  REQUIRE(intel->open());
  CHECK(intel->open()->never_told.find("use is unknown") != std::string::npos);
  const auto list = intel->list();
  REQUIRE(list);
  REQUIRE(list->pci_addresses == std::vector<std::string>{"0000:4d:00.0"});
  auto reading = intel->read("0000:4d:00.0");
  CHECK(reading.pci_id == "8086:0bd5");
  CHECK(reading.memory_total_bytes == 128ULL << 30U);
  CHECK(reading.core_mhz == 1'550U);
  CHECK(reading.power_limit_milliwatts == 600'000U);
  CHECK(reading.temperature_celsius == 41U);
  CHECK(reading.healthy == true);
  CHECK_FALSE(reading.power_milliwatts);
  CHECK_FALSE(use_of(reading).used);
  CHECK(reading.partitions.empty());
  CHECK(reading.failures.empty());

  clock.advance_ms(10'000);
  host.put(card + "hwmon/hwmon4/energy1_input", "4000000000\n");
  CHECK(intel->read("0000:4d:00.0").power_milliwatts == 300'000U);
  clock.advance_ms(10'000);
  host.put(card + "hwmon/hwmon4/energy1_input", "5\n");  // the driver was loaded again
  CHECK_FALSE(intel->read("0000:4d:00.0").power_milliwatts);
  clock.advance_ms(10'000);
  host.put(card + "hwmon/hwmon4/energy1_input", "18446744073709551615\n");
  CHECK_FALSE(intel->read("0000:4d:00.0").power_milliwatts);
  host.remove(card + "tile1/physical_vram_size_bytes");
  CHECK_FALSE(intel->read("0000:4d:00.0").memory_total_bytes);
}

TEST_CASE("intel: graphics inside a processor is no card, and virtual functions are shown under their parent alone") {
  const FakeHost host;
  const ManualClock clock;
  put_device(host, "i915", "0000:00:02.0", "8086:46a6");
  CHECK_FALSE(find_device_drivers(host.root()).intel);
  put_device(host, "i915", "0000:4d:00.0", "8086:56c0");
  put_device(host, "i915", "0000:4d:00.1", "8086:56c0");
  host.put_folder("sys/bus/pci/devices/0000:4d:00.1/physfn");
  const std::string card = "sys/bus/pci/devices/0000:4d:00.0/";
  host.put(card + "sriov_numvfs", "1\n");
  link(host, card + "virtfn0", "../0000:4d:00.1");
  host.put(card + "drm/card1/gt/gt0/rps_act_freq_mhz", "2050\n");
  host.put(card + "drm/card1/lmem_total_bytes", "17179869184\n");
  host.put(card + "drm/card1/lmem_avail_bytes", "16106127360\n");
  host.put(card + "hwmon/hwmon2/name", "i915_gt0\n");
  host.put(card + "hwmon/hwmon2/power1_max", "1\n");
  const auto intel = make_intel_backend(host.root(), clock);
  REQUIRE(intel->open());
  const auto list = intel->list();
  REQUIRE(list);
  REQUIRE(list->pci_addresses == std::vector<std::string>{"0000:4d:00.0"});
  const auto reading = intel->read("0000:4d:00.0");
  CHECK(reading.memory_total_bytes == 16ULL << 30U);
  CHECK(reading.memory_used_bytes == 1ULL << 30U);
  CHECK(reading.core_mhz == 2'050U);
  CHECK_FALSE(reading.power_limit_milliwatts);
  CHECK(reading.cut == true);
  REQUIRE(reading.partitions.size() == 1);
  CHECK(reading.partitions[0].name == "virtual function 0");
  CHECK(reading.partitions[0].pci_address == "0000:4d:00.1");
}

TEST_CASE("intel: senseless values are told and unknown; a card whose firmware failed is not healthy") {
  const FakeHost host;
  const ManualClock clock;
  put_device(host, "xe", "0000:03:00.0", "8086:e20b");
  const std::string card = "sys/bus/pci/devices/0000:03:00.0/";
  host.put(card + "tile0/physical_vram_size_bytes", "9223372036854775807\n");
  host.put(card + "tile0/gt0/freq0/act_freq", "-1\n");
  host.put(card + "sriov_numvfs", "70000\n");
  host.put(card + "survivability_mode", "Boot\n");
  const auto intel = make_intel_backend(host.root(), clock);
  REQUIRE(intel->open());
  REQUIRE(intel->list());
  const auto reading = intel->read("0000:03:00.0");
  CHECK_FALSE(reading.memory_total_bytes);
  CHECK_FALSE(reading.core_mhz);
  CHECK_FALSE(reading.cut);
  CHECK(reading.healthy == false);
  CHECK(reading.failures.size() == 4);
  CHECK(make_intel_backend(FakeHost().root(), clock)->open().error().code == ErrorCode::kAbsent);
}

TEST_CASE("habana: a card is known by the address its driver's device tells; one without a device is named") {
  const FakeHost host;
  put_device(host, "habanalabs", "0000:19:00.0", "1da3:1020");
  put_device(host, "habanalabs", "0000:1a:00.0", "1da3:1020");
  CHECK(find_device_drivers(host.root()).habana);
  const std::string device = "sys/class/accel/accel0/device/";
  host.put(device + "pci_addr", "0000:19:00.0\n");
  host.put(device + "device_type", "GAUDI2\n");
  host.put(device + "status", "Operational\n");
  host.put(device + "clk_cur_freq_mhz", "1650\n");
  host.put(device + "max_power", "600000\n");
  const auto habana = make_habana_backend(host.root());
  REQUIRE(habana->open());
  const auto list = habana->list();
  REQUIRE(list);
  CHECK(list->pci_addresses == std::vector<std::string>{"0000:19:00.0"});
  CHECK(list->failures == std::vector<std::string>{"device 0000:1a:00.0: its driver has made no device for it in sys/class/accel"});
  auto reading = habana->read("0000:19:00.0");
  CHECK(reading.name == "GAUDI2");
  CHECK(reading.pci_id == "1da3:1020");
  CHECK(reading.core_mhz == 1'650U);
  CHECK(reading.power_limit_milliwatts == 600'000U);
  CHECK(reading.healthy == true);
  CHECK_FALSE(use_of(reading).used);
  host.put(device + "status", "Malfunction\n");
  host.put(device + "max_power", "99999999999\n");
  reading = habana->read("0000:19:00.0");
  CHECK(reading.healthy == false);
  CHECK_FALSE(reading.power_limit_milliwatts);
  CHECK(reading.failures.size() == 2);
}

}  // namespace
}  // namespace capmap
