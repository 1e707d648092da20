// `probe` on a machine whose driver is there: a false NVIDIA library beside made PCI devices.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/false_cards.hpp"

namespace capmap {
namespace {

using support::FalseCards;
using support::HostWithCards;
using Json = nlohmann::json;
constexpr const char* kLibrary = CAPMAP_BINARY_DIR "/libcapmap_false_nvml.so";

/// So many devices on the bus; the library shows as many cards as are told.
struct World {
  FalseCards cards;
  HostWithCards host;

  World(unsigned shown, unsigned present) : cards(shown), host(present) {
    REQUIRE(host.made().code == 0);
    REQUIRE(setenv("CAPMAP_FALSE_NVML", cards.path().c_str(), 1) == 0);
  }
  [[nodiscard]] Json probe(const std::string& library = kLibrary, const std::string& root = {}) const {
    std::vector<std::string> words = {
        "capmap-probe", "probe", "--json", "--catalog", CAPMAP_SOURCE_DIR "/schemas/catalog", "--root", root.empty() ? host.root() : root};
    if (!library.empty()) words.insert(words.end(), {"--nvml", library});
    const auto ran = support::run(words);
    CAPTURE(ran.output);
    REQUIRE(ran.code == 0);
    return Json::parse(ran.output);
  }
};

bool says(const Json& report, const std::string& text) {
  return report["problems"].dump().find(text) != std::string::npos;
}

TEST_CASE("probe devices: the driver's own word is in the report: names, memory, limits, links, parts, and no uuid") {
  World world(2, 2);
  for (const auto& [key, value] : {std::pair("1.mig", "1"),
                                   {"1.mig_pending", "1"},
                                   {"1.instances", "2"},
                                   {"1.profile", "19"},
                                   {"1.place_size", "1"},
                                   {"0.limit", "500000"},
                                   {"0.limit_max", "700000"},
                                   {"0.limit_min", "200000"},
                                   {"0.sm_max", "1980"},
                                   {"0.ecc_mode", "1"},
                                   {"0.ecc_pending", "1"},
                                   {"0.link_mbs", "26562"}}) {
    world.cards.set(key, value);
  }
  const Json report = world.probe();
  const Json& card = report["accelerators"][0];
  CHECK(card["memory_bytes"] == 80ULL << 30U);
  CHECK(card["driver_visible"] == true);
  CHECK(card["device"]["name"] == "NVIDIA H100 80GB HBM3");
  CHECK(card["device"]["power_limit_milliwatts"] == 500'000);
  CHECK(card["device"]["power_limit_max_milliwatts"] == 700'000);
  CHECK(card["device"]["power_limit_default_milliwatts"].is_null());
  CHECK(card["device"]["core_max_mhz"] == 1'980);
  CHECK(card["device"]["ecc"] == true);
  CHECK(card["device"]["links"] == 18);
  CHECK(card["device"]["link_mbs"] == 26'562);
  CHECK(card["device"]["uuid_hash"].get<std::string>().size() == 32);
  CHECK(report["accelerators"][1]["device"]["uuid_hash"] != card["device"]["uuid_hash"]);
  CHECK(report.dump().find("GPU-0000") == std::string::npos);
  const Json& parts = report["accelerators"][1]["partitions"];
  REQUIRE(parts.size() == 2);
  CHECK(parts[1]["profile_id"] == 19);
  CHECK(parts[1]["place_start"] == 1);
  CHECK(report["accelerator_counts"] == Json{{"pci_present", 2}, {"driver_visible", 2}});
  CHECK(report["accelerator_drivers"][0]["driver_version"] == "550.54.15");
  CHECK(report["accelerator_drivers"][0]["cuda_version"] == "12.4");
  CHECK_FALSE(says(report, "shown by no driver"));
}

TEST_CASE("probe devices: a card on the bus that the driver does not list is not visible, though a driver is bound to it") {
  World world(2, 3);
  const Json report = world.probe();
  CHECK(report["accelerators"][2]["driver"] == "nvidia");
  CHECK(report["accelerators"][2]["driver_visible"] == false);
  CHECK(report["accelerators"][1]["driver_visible"] == true);
  CHECK(report["accelerator_counts"] == Json{{"pci_present", 3}, {"driver_visible", 2}});
  CHECK(says(report, "1 of 3 on the PCI bus are shown by no driver"));
  world.cards.set("lib.call.init", "error 999");
  const Json failing = world.probe();
  CHECK(failing["accelerators"][0]["driver_visible"].is_null());
  CHECK(failing["accelerator_counts"]["driver_visible"].is_null());
  CHECK(says(failing, "the driver says unknown error"));
}

TEST_CASE("probe devices: a card that hangs costs its own values and a problem line, and the report is there") {
  World world(2, 2);
  world.cards.set("1.call.utilization", "hang");
  const Json report = world.probe();
  CHECK(report["accelerators"][0]["device"]["memory_bytes"] == 80ULL << 30U);
  CHECK_FALSE(report["accelerators"][1].contains("device"));
  CHECK(report["accelerators"][1]["driver_visible"] == true);
  CHECK(says(report, "has not answered"));
  world.cards.clear("1.call.utilization");
}

TEST_CASE("probe devices: a capture's devices.json stands for its drivers, also in a capture of it, where only ids are others") {
  World world(2, 3);
  world.cards.set("0.limit", "500000");
  world.cards.set("0.uuid", "GPU-5c2d1f3a-8e6b-4a07-9d21-7f0e3b9c6a54");
  world.cards.set("1.call.pci", "error 15");  // lost
  const Json here = world.probe();
  const auto devices = support::run({"capmap-probe", "devices", "--json", "--root", world.host.root(), "--nvml", kLibrary});
  REQUIRE(devices.code == 0);
  std::filesystem::create_directory(world.host.root() + "/capmap");
  const auto captured = world.host.root() + "/capmap/devices.json";
  std::ofstream(captured) << devices.output;
  Json there = world.probe("");
  CHECK(there["accelerators"] == here["accelerators"]);
  CHECK(there["accelerators"][0]["device"]["power_limit_milliwatts"] == 500'000);
  CHECK(there["accelerator_counts"] == here["accelerator_counts"]);
  CHECK(there["accelerator_drivers"] == here["accelerator_drivers"]);

  const support::TemporaryFolder folder;
  const auto archive = folder.path() + "/again.tar.zst", root = folder.path() + "/again";
  REQUIRE(support::run({"capmap-probe", "capture", archive, "--catalog", CAPMAP_SOURCE_DIR "/schemas/catalog", "--root", world.host.root()})
              .code == 0);
  std::filesystem::create_directory(root);
  REQUIRE(support::run({"/bin/tar", "--zstd", "-xf", archive, "-C", root}).code == 0);
  std::stringstream text;
  text << std::ifstream(root + "/capmap/devices.json").rdbuf();
  CHECK(text.str().find("NVIDIA H100 80GB HBM3") != std::string::npos);
  CHECK(text.str().find("5c2d1f3a") == std::string::npos);
  Json again = world.probe("", root);
  for (Json* report : {&there, &again}) {
    for (auto& card : (*report)["accelerators"]) {
      if (card.contains("device")) card["device"].erase("uuid_hash");
    }
  }
  CHECK(again["accelerators"] == there["accelerators"]);
  CHECK(again["accelerator_drivers"] == there["accelerator_drivers"]);

  std::ofstream(captured) << "[]";
  CHECK(says(world.probe(""), "capmap/devices.json: "));
}

TEST_CASE("probe devices: where no library is, what the kernel says of the driver counts, and no shape hangs on the asking") {
  const World world(2, 2);
  const Json report = world.probe("/nonexistent/libnvidia-ml.so.1"), unasked = world.probe("");
  CHECK(report["accelerators"][0]["driver_visible"] == true);
  CHECK(report["shape_id"] == unasked["shape_id"]);
  CHECK(unasked["accelerator_drivers"].empty());
}

}  // namespace
}  // namespace capmap
