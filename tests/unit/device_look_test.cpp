#include "agent/probe/device_look.hpp"

#include <catch2/catch.hpp>

namespace capmap {
namespace {

DeviceLook full_look() {
  DeviceReading reading;
  reading.pci_address = "0000:17:00.0";
  reading.pci_id = "10de:2330";
  reading.name = "NVIDIA H100 80GB HBM3";
  reading.uuid = "GPU-1";
  reading.memory_total_bytes = 80ULL << 30U;
  reading.power_limit_milliwatts = 500'000;
  reading.core_max_mhz = 1'980;
  reading.ecc = true;
  reading.ecc_corrected = 0;
  reading.links = 18;
  reading.healthy = false;
  reading.partitions.push_back({.name = "MIG 1g.10gb",
                                .memory_total_bytes = 10ULL << 30U,
                                .memory_used_bytes = {},
                                .instance_id = 7,
                                .profile_id = 19,
                                .place_start = 0,
                                .place_size = 1});
  reading.partitions.push_back(
      {.name = "die 1", .memory_total_bytes = {}, .memory_used_bytes = {}, .pci_address = "0000:18:00.0", .die = true});
  DeviceLook look;
  look.drivers.push_back({.name = "nvml", .pci_vendor = 0x10de, .listed = true, .driver_version = "550.54.15", .cuda_version = "12.4"});
  look.readings.emplace(reading.pci_address, reading);
  DeviceReading silent;
  silent.pci_address = "0000:65:00.0";
  look.readings.emplace(silent.pci_address, silent);
  look.problems.push_back({.probe = "nvml", .what = "device 0000:65:00.0 has not answered for 2 s"});
  return look;
}

TEST_CASE("device look: what one process writes another reads the same, and what is not known stays so") {
  const auto text = write_device_look(full_look());
  const auto read = read_device_look(text);
  REQUIRE(read);
  CHECK(write_device_look(*read) == text);
  const auto& reading = read->readings.at("0000:17:00.0");
  CHECK(reading.power_limit_milliwatts == 500'000U);
  CHECK_FALSE(reading.power_limit_max_milliwatts);
  CHECK(reading.ecc_corrected == 0U);
  CHECK(reading.healthy == false);
  CHECK(reading.partitions.at(0).profile_id == 19U);
  CHECK(reading.partitions.at(1).die);
  CHECK(read->drivers.at(0).pci_vendor == 0x10de);
  CHECK(read->drivers.at(0).listed);
}

TEST_CASE("device look: numbers and kinds that cannot be are unknown, and what is no object is refused") {
  const auto read = read_device_look(R"({"drivers": [7, {"listed": "yes"}], "devices": [
      {"pci_address": "0000:17:00.0", "pci_id": 5, "power_milliwatts": -1, "core_mhz": 4294967296, "healthy": 1, "partitions": [3]},
      {"name": "no address"}, null], "problems": {}})");
  REQUIRE(read);
  REQUIRE(read->readings.size() == 1);
  const auto& reading = read->readings.begin()->second;
  CHECK(reading.pci_id.empty());
  CHECK_FALSE(reading.power_milliwatts);
  CHECK_FALSE(reading.core_mhz);
  CHECK_FALSE(reading.healthy);
  CHECK_FALSE(read->drivers.at(0).listed);
  for (const auto* text : {"", "[]", "{", "3"}) CHECK_FALSE(read_device_look(text));
}

TEST_CASE("device look: an answer that is nested without end is refused, wherever it is") {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  for (const std::string& text :
       {deep, R"({"drivers": [{"name": )" + deep + R"(, "listed": true}]})", R"({"devices": [{"partitions": )" + deep + "}]}",
        R"({"problems": [{"what": )" + deep + R"(, "probe": "nvml"}]})", R"({"problems": )" + deep}) {
    const auto read = read_device_look(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::kMalformed);
  }
}

TEST_CASE("device look: name, memory and dies of what was read belong to the shape; of what was not, nothing does") {
  const auto known = known_of(full_look());
  REQUIRE(known.size() == 1);
  CHECK(known.at("0000:17:00.0") ==
        KnownDevice{.pci_id = "10de:2330", .memory_bytes = 80ULL << 30U, .name = "NVIDIA H100 80GB HBM3", .more_dies = {"0000:18:00.0"}});
}

}  // namespace
}  // namespace capmap
