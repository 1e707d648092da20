#include "agent/probe/devices/device_watch.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/support/fake_host.hpp"
#include "tests/support/false_cards.hpp"

namespace capmap {
namespace {

using support::FalseCards;
using support::soon;
constexpr const char* kLibrary = CAPMAP_BINARY_DIR "/libcapmap_false_nvml.so";

/// False cards whose file this process' own library reads.
struct Played {
  FalseCards cards;
  std::unique_ptr<DeviceBackend> nvml = make_nvml_backend(kLibrary);

  explicit Played(unsigned count) : cards(count) { REQUIRE(setenv("CAPMAP_FALSE_NVML", cards.path().c_str(), 1) == 0); }
};

TEST_CASE("nvml: every reading of a card arrives in its unit, and what the card does not offer stays absent") {
  const Played played(2);
  const auto facts = played.nvml->open();
  REQUIRE(facts);
  CHECK(facts->driver_version == "550.54.15");
  CHECK(facts->cuda_version == "12.4");
  const auto list = played.nvml->list();
  REQUIRE(list);
  CHECK(list->pci_addresses == std::vector{FalseCards::address(0), FalseCards::address(1)});
  const auto reading = played.nvml->read(FalseCards::address(1));
  CHECK(reading.pci_id == "10de:2330");
  CHECK(reading.name == "NVIDIA H100 80GB HBM3");
  CHECK(reading.memory_total_bytes == 80ULL << 30U);
  CHECK(reading.memory_used_bytes == 40ULL << 30U);
  CHECK(reading.busy_permille == 510U);
  CHECK(reading.power_milliwatts == 601'400U);
  CHECK(reading.temperature_celsius == 61U);
  CHECK(reading.links_up == 18U);
  CHECK(reading.links == 18U);
  CHECK_FALSE(reading.link_mbs);
  CHECK(reading.ecc_uncorrected == 0U);
  CHECK_FALSE(reading.ecc_corrected);
  CHECK_FALSE(reading.ecc);
  CHECK_FALSE(reading.power_limit_max_milliwatts);
  CHECK(reading.compute_processes == 1U);
  CHECK(reading.healthy == true);
  CHECK_FALSE(reading.power_limit_milliwatts);
  CHECK_FALSE(reading.core_mhz);
  CHECK_FALSE(reading.cut);
  CHECK(reading.failures.empty());
}

TEST_CASE("nvml: limits, highest clocks, error correction and links are told apart from what is drawn and runs now") {
  Played played(1);
  const std::map<std::string, std::string> values = {
      {"limit", "500000"},    {"limit_min", "200000"}, {"limit_max", "700000"}, {"limit_default", "650000"}, {"sm", "1830"},
      {"sm_max", "1980"},     {"mem", "2619"},         {"mem_max", "2620"},     {"ecc_mode", "1"},           {"ecc_pending", "0"},
      {"ecc_corrected", "4"}, {"links", "16"},         {"links_all", "18"},     {"link_mbs", "26562"}};
  for (const auto& [key, value] : values) played.cards.set("0." + key, value);
  REQUIRE(played.nvml->open());
  REQUIRE(played.nvml->list());
  auto reading = played.nvml->read(FalseCards::address(0));
  CHECK(reading.power_limit_milliwatts == 500'000U);
  CHECK(reading.power_limit_min_milliwatts == 200'000U);
  CHECK(reading.power_limit_max_milliwatts == 700'000U);
  CHECK(reading.power_limit_default_milliwatts == 650'000U);
  CHECK(reading.core_mhz == 1'830U);
  CHECK(reading.core_max_mhz == 1'980U);
  CHECK(reading.memory_mhz == 2'619U);
  CHECK(reading.memory_max_mhz == 2'620U);
  CHECK(reading.ecc == true);
  CHECK(reading.ecc_next == false);
  CHECK(reading.ecc_corrected == 4U);
  CHECK(reading.links == 18U);
  CHECK(reading.links_up == 16U);
  CHECK(reading.link_mbs == 26'562U);
  CHECK(reading.healthy == true);

  played.cards.set("0.ecc_corrected", "18446744073709551615");
  played.cards.set("0.limit_max", "4294967295");
  played.cards.set("0.link_type", "0");  // a floating-point number, of which nothing is believed
  reading = played.nvml->read(FalseCards::address(0));
  CHECK_FALSE(reading.ecc_corrected);
  CHECK_FALSE(reading.power_limit_max_milliwatts);
  CHECK(reading.power_limit_min_milliwatts == 200'000U);
  CHECK_FALSE(reading.link_mbs);
  CHECK(reading.failures.size() == 2);
}

TEST_CASE("nvml: a refused or senseless value costs its field with a reason; a lost card is not healthy and hides no other") {
  Played played(3);
  REQUIRE(played.nvml->open());
  REQUIRE(played.nvml->list());
  played.cards.set("0.call.power", "error 4");
  played.cards.set("0.gpu", "4294967295");
  played.cards.set("0.used", "9223372036854775794");
  auto reading = played.nvml->read(FalseCards::address(0));
  CHECK_FALSE(reading.power_milliwatts);
  CHECK_FALSE(reading.busy_permille);
  CHECK_FALSE(reading.memory_used_bytes);
  CHECK(reading.healthy == true);
  REQUIRE(reading.failures.size() == 3);
  CHECK(reading.failures[0] == "memory: 9223372036854775794 of 85899345920 bytes has no meaning");
  CHECK(reading.failures[2] == "power: no permission");

  played.cards.set("1.call.memory", "error 15");
  reading = played.nvml->read(FalseCards::address(1));
  CHECK(reading.healthy == false);
  CHECK(reading.name == "NVIDIA H100 80GB HBM3");
  CHECK_FALSE(reading.power_milliwatts);
  CHECK(reading.failures.size() == 1);
  CHECK(played.nvml->read(FalseCards::address(2)).healthy == true);

  played.cards.set("2.ecc", "3");
  CHECK(played.nvml->read(FalseCards::address(2)).healthy == false);
  played.cards.set("1.call.handle", "error 999");
  const auto list = played.nvml->list();
  REQUIRE(list);
  CHECK(list->pci_addresses.size() == 2);
  CHECK(list->failures == std::vector<std::string>{"device number 1: the driver says unknown error"});
}

TEST_CASE("nvml: a cut card shows its instances under it, and uses what they use") {
  Played played(1);
  for (const auto& [key, value] : {std::pair("0.mig", "1"), {"0.mig_pending", "0"}, {"0.instances", "2"}}) played.cards.set(key, value);
  played.cards.set("0.instance_total", std::to_string(10ULL << 30U));
  played.cards.set("0.instance_used", std::to_string(3ULL << 30U));
  played.cards.clear("0.used");
  REQUIRE(played.nvml->open());
  REQUIRE(played.nvml->list());
  const auto reading = played.nvml->read(FalseCards::address(0));
  REQUIRE(reading.partitions.size() == 2);
  CHECK(reading.partitions[0].name == "NVIDIA H100 80GB HBM3 MIG 1g.10gb");
  CHECK(reading.memory_used_bytes == 6ULL << 30U);
  CHECK(reading.cut == true);
  CHECK(reading.cut_next == false);
  CHECK(use_of(reading).partitions == 2U);
  CHECK(reading.partitions[1].instance_id == 2U);
  CHECK_FALSE(reading.partitions[1].profile_id);  // root alone is told where it lies
  CHECK(reading.failures.empty());
  played.cards.set("0.profile", "19");
  played.cards.set("0.place_size", "2");
  const auto second = played.nvml->read(FalseCards::address(0)).partitions.at(1);
  CHECK(second.profile_id == 19U);
  CHECK(second.place_start == 2U);
  CHECK(second.place_size == 2U);
}

TEST_CASE("nvml: no library, and a driver of another version, are reasons") {
  CHECK(make_nvml_backend("/nonexistent/libnvidia-ml.so.1")->open().error().code == ErrorCode::kAbsent);
  Played played(1);
  played.cards.set("lib.call.init", "error 18");
  const auto opened = played.nvml->open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().what == "driver and library are of different versions; a reboot or reload of the driver helps");
}

SampleFrame frame_of(const DeviceWatch& watch, std::uint64_t now_ms) {
  SeenDevices seen;
  watch.add_to(seen, now_ms);
  return to_frame(seen, now_ms);
}

TEST_CASE("device watch: a call that hangs is told with its time, is not made again, and holds up nobody else") {
  Played played(2);
  played.cards.set("0.call.power", "hang");
  const SystemClock clock;  // only says when a reading was taken; the rest is told
  DeviceWatch watch(std::move(played.nvml), WatchLimits{}, clock);
  const auto begin = clock.boot_ms(), later = begin + 42'000;
  watch.ask(begin);
  REQUIRE(soon([&] { return watch.opened(); }));
  watch.ask(begin);
  CHECK_FALSE(watch.settled(begin));
  REQUIRE(soon([&] {
    const auto frame = frame_of(watch, clock.boot_ms());
    return frame.rows.size() == 2 && frame.rows[1].use.used == true;
  }));
  CHECK(watch.settled(later));
  watch.ask(later);
  auto frame = frame_of(watch, later);
  REQUIRE(frame.problems.size() == 1);
  CHECK(frame.problems[0] == Problem{"nvml", "device " + FalseCards::address(0) + " has not answered for 40 s"});
  CHECK_FALSE(frame.rows[0].use.used);
  played.cards.clear("0.call.power");
  CHECK(soon([&] { return watch.idle(); }));
  frame = frame_of(watch, later);
  CHECK(frame.problems.empty());
  CHECK(frame.rows[0].use.used == true);
  watch.close();
}

TEST_CASE("device watch: a device is used when a process, memory over the idle floor or work says so, and unknown when nothing does") {
  DeviceReading reading;
  CHECK_FALSE(use_of(reading).used);
  reading.compute_processes = 0;
  CHECK(use_of(reading).used == false);
  reading.memory_used_bytes = 600;
  CHECK(use_of(reading).used == false);
  reading.idle_bytes = 600;
  CHECK(use_of(reading).used == false);
  reading.memory_used_bytes = 601;
  CHECK(use_of(reading).used == true);
  reading = {};
  reading.busy_permille = 10;
  CHECK(use_of(reading).used == true);
  CHECK(coarse_duration(9'999) == "9 s");
  CHECK(coarse_duration(42'000) == "40 s");
  CHECK(coarse_duration(599'000) == "9 min");
  CHECK(coarse_duration(3'700'000) == "60 min");
  CHECK(coarse_duration(7'200'000) == "2 h");
}

TEST_CASE("amdgpu: an MI300X cut into partitions is one card, with readings from the kernel's files") {
  const test::FakeHost host;
  const std::string card = "sys/bus/pci/devices/0000:05:00.0/";
  host.put_folder("sys/bus/pci/drivers/amdgpu/0000:05:00.0");
  host.put_folder("sys/bus/pci/drivers/amdgpu/module");
  host.put(card + "vendor", "0x1002\n");
  host.put(card + "device", "0x74a1\n");
  host.put(card + "mem_info_vram_total", "206141652992\n");
  host.put(card + "mem_info_vram_used", "297140224\n");
  host.put(card + "gpu_busy_percent", "7\n");
  host.put(card + "hwmon/hwmon3/power1_input", "134000000\n");
  host.put(card + "hwmon/hwmon3/power1_cap", "750000000\n");
  host.put(card + "hwmon/hwmon3/temp1_input", "38000\n");
  host.put(card + "current_compute_partition", "CPX\n");
  host.put(card + "ras/umc_err_count", "ue: 0\nce: 4\n");
  const std::string nodes = "sys/class/kfd/kfd/topology/nodes/";
  host.put(nodes + "0/gpu_id", "0\n");
  host.put(nodes + "0/properties", "location_id 0\ndomain 0\n");
  for (unsigned i = 0; i < 2; ++i) {
    const std::string node = nodes + std::to_string(2 + i) + "/";
    host.put(node + "gpu_id", std::to_string(40'000 + i) + "\n");
    host.put(node + "properties", "simd_count 152\ndomain 0\nlocation_id " + std::to_string((i << 28U) + 0x500) + "\n");
  }
  host.put(nodes + "2/mem_banks/0/properties", "heap_type 1\nsize_in_bytes 206141652992\n");
  host.put("sys/class/kfd/kfd/proc/4711/vram_40001", "4096\n");
  host.put("sys/class/kfd/kfd/proc/4712/vram_40001", "0\n");
  const auto amd = make_amd_backend(host.root());
  REQUIRE(amd->open());
  const auto list = amd->list();
  REQUIRE(list);
  REQUIRE(list->pci_addresses == std::vector<std::string>{"0000:05:00.0"});
  auto reading = amd->read("0000:05:00.0");
  CHECK(reading.pci_id == "1002:74a1");
  CHECK(reading.memory_used_bytes == 297'140'224U);
  CHECK(reading.busy_permille == 70U);
  CHECK(reading.power_milliwatts == 134'000U);
  CHECK(reading.power_limit_milliwatts == 750'000U);
  CHECK(reading.temperature_celsius == 38U);
  CHECK(reading.healthy == true);
  CHECK(reading.ecc_corrected == 4U);
  CHECK(reading.ecc_uncorrected == 0U);
  CHECK(reading.compute_processes == 1U);
  REQUIRE(reading.partitions.size() == 2);
  CHECK(reading.partitions[0].memory_total_bytes == 206'141'652'992U);
  CHECK_FALSE(reading.partitions[1].memory_total_bytes);
  CHECK(reading.failures.empty());

  host.put(card + "mem_info_vram_used", "18446744073709551615\n");
  host.put(card + "gpu_busy_percent", "-5\n");
  host.put(card + "ras/umc_err_count", "ue: 2\nce: 4\n");
  reading = amd->read("0000:05:00.0");
  CHECK_FALSE(reading.memory_used_bytes);
  CHECK_FALSE(reading.busy_permille);
  CHECK(reading.healthy == false);
  CHECK(reading.failures.size() == 3);
}

TEST_CASE("amdgpu: without the driver it is absent") {
  const test::FakeHost host;
  CHECK(make_amd_backend(host.root())->open().error().code == ErrorCode::kAbsent);
}

}  // namespace
}  // namespace capmap
