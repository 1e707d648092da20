// The real programs on a machine with AMD cards: amdgpu's files and a false ROCm SMI beside them, against a message port that the test
// plays.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "common/shape.hpp"
#include "tests/support/false_cards.hpp"
#include "tests/support/scripted_controller.hpp"

using namespace capmap;
using namespace std::chrono_literals;
using Json = nlohmann::json;
using support::FalseCards;
using support::FalseRocm;
using support::HostWithCards;
using support::Program;
using support::ScriptedController;

namespace {

constexpr auto kLimit = 60s;
constexpr const char* kLibrary = CAPMAP_BINARY_DIR "/libcapmap_false_rocm_smi.so";
constexpr std::uint64_t kVram = 206'141'652'992;

/// MI300X with amdgpu and KFD loaded. The files of card 0 tell memory and load and no sensor; those of the others nothing, so that all is
/// known of the library alone.
struct AmdHost : HostWithCards {
  explicit AmdHost(unsigned count) : HostWithCards(count, "0x120000 0x1002 0x74a1 amdgpu") {
    CAPTURE(made().output);
    REQUIRE(made().code == 0);
    for (unsigned i = 0; i < count; ++i) {
      std::filesystem::create_directories(root() + "/sys/bus/pci/drivers/amdgpu/" + FalseCards::address(i));
    }
    std::filesystem::create_directories(root() + "/sys/class/kfd");
    put("mem_info_vram_total", std::to_string(kVram));
    put("mem_info_vram_used", std::to_string(1ULL << 30U));
    put("gpu_busy_percent", "7");
  }
  void put(const std::string& file, const std::string& value) const {
    std::ofstream(root() + "/sys/bus/pci/devices/" + FalseCards::address(0) + "/" + file) << value << '\n';
  }
};

/// So many cards. With `cut` the last one is cut into as many partitions and one more, which the library numbers as its functions.
struct World {
  FalseRocm cards;
  AmdHost host;
  support::TemporaryFolder state;
  CurveKeys keys = make_curve_keys();
  ScriptedController controller{make_curve_keys()};
  std::unique_ptr<Program> agent;

  explicit World(unsigned count, unsigned cut = 0) : cards(count + cut), host(count) {
    for (unsigned i = 0; cut > 0 && i <= cut; ++i) {
      const auto device = std::to_string(count - 1 + i) + ".";
      auto address = FalseCards::address(count - 1);
      address.back() = static_cast<char>('0' + i);
      cards.set(device + "pci", address);
      cards.set(device + "mode", "CPX");
    }
    REQUIRE(save_curve_keys(state.path() + "/agent.key", keys));
    controller.admit(keys.public_key);
  }
  void start() {
    agent = std::make_unique<Program>(
        std::vector<std::string>{"capmap-agent", "--state", state.path(), "--root", host.root(), "--accelerators-rocm-smi-library",
                                 kLibrary, "--accelerators-every-s", "1", "--controller-endpoint", controller.endpoint(),
                                 "--controller-public-key", controller.keys().public_key},
        std::vector{cards.variable()});
  }
  std::optional<Usage> usage(const std::function<bool(const Usage&)>& fits) {
    const auto message = controller.wait_for<UsageMessage>(kLimit, [&](const UsageMessage& one) { return fits(one.usage); });
    if (!message) return std::nullopt;
    return message->usage;
  }
  [[nodiscard]] Json run(std::vector<std::string> words) const {
    REQUIRE(setenv("CAPMAP_FALSE_ROCM_SMI", cards.path().c_str(), 1) == 0);
    words.insert(words.end(), {"--json", "--root", host.root(), "--rocm-smi", kLibrary});
    const auto ran = support::run(words);
    CAPTURE(ran.output);
    REQUIRE(ran.code == 0);
    return Json::parse(ran.output);
  }
};

bool says(const Usage& usage, const std::string& text) {
  return std::ranges::any_of(usage.problems, [&](const Problem& problem) { return problem.what.find(text) != std::string::npos; });
}

TEST_CASE("agent amd: a card that files and ROCm SMI show is one, the files' values go first, the library has what they lack") {
  World world(3, 3);
  world.start();
  const auto usage = world.usage([](const Usage& told) { return told.accelerators.size() == 3 && told.accelerators[2].power_watts; });
  INFO(world.agent->output());
  REQUIRE(usage);
  AcceleratorUse expected;
  expected.pci_address = FalseCards::address(0);
  expected.used = true;
  expected.memory_used_mib = 1'024;  // of the files, as the load
  expected.busy_permille = 70;
  expected.healthy = true;
  expected.power_watts = 612;  // of the library
  expected.temperature_celsius = 61;
  expected.partitions = 0;
  CHECK(usage->accelerators[0] == expected);
  expected.pci_address = FalseCards::address(1);
  expected.memory_used_mib = 20 * 1'024;  // all of the library
  expected.busy_permille = 410;
  CHECK(usage->accelerators[1] == expected);
  CHECK(usage->accelerators[2].partitions == 4U);  // of one card
  CHECK(usage->accelerators[2].busy_permille == 420U);
  CHECK_FALSE(says(*usage, "driver shows"));
  CHECK_FALSE(says(*usage, "shown by no driver"));
}

TEST_CASE("agent amd: hello names the driver by the library that tells its version, and the limits it enforces") {
  World world(2);
  world.cards.set("1.cap", "600000000");
  world.start();
  const auto limits = std::vector<std::optional<std::uint32_t>>{750, 600};
  const auto hello =
      world.controller.wait_for<Hello>(kLimit, [&](const Hello& told) { return told.accelerator_power_limit_watts == limits; });
  INFO(world.agent->output());
  REQUIRE(hello);
  CHECK(hello->accelerator_drivers == std::vector<AcceleratorDriver>{{.name = "rocm-smi", .version = "6.10.5", .cuda_version = {}}});
}

TEST_CASE("agent amd: a call that hangs costs what the library alone tells; the files, the other cards and heartbeats go on") {
  World world(2);
  world.start();
  REQUIRE(world.usage([](const Usage& usage) { return usage.accelerators.size() == 2 && usage.accelerators[1].power_watts; }));
  world.cards.set("0.call.power", "hang");
  const std::string line = "device " + FalseCards::address(0) + " has not answered for";
  const auto hung = world.usage([&](const Usage& usage) { return says(usage, line) && !usage.accelerators[0].power_watts; });
  INFO(world.agent->output());
  REQUIRE(hung);
  CHECK(hung->accelerators[0].busy_permille == 70U);
  CHECK(hung->accelerators[0].used == true);
  CHECK(hung->accelerators[1].power_watts == 612U);
  CHECK(world.controller.wait_for<Heartbeat>(5s));
  CHECK(world.controller.wait_for<Heartbeat>(5s));
  world.cards.clear("0.call.power");
  CHECK(world.usage([&](const Usage& usage) { return !says(usage, line) && usage.accelerators[0].power_watts == 612U; }));
}

TEST_CASE("agent amd: a lost card is not healthy, with its reason, and hides no other; codes cost their values; both come back") {
  World world(3);
  world.start();
  REQUIRE(world.usage([](const Usage& usage) { return usage.accelerators.size() == 3 && usage.accelerators[2].power_watts; }));
  for (const char* call : {"memory", "busy", "power", "cap", "temperature", "ecc"}) {
    world.cards.set(std::string("1.call.") + call, "error -1");  // unknown error: what ENODEV becomes
  }
  world.cards.set("2.call.power", "error 4");
  const auto lost =
      world.usage([](const Usage& usage) { return usage.accelerators[1].healthy == false && !usage.accelerators[2].power_watts; });
  INFO(world.agent->output());
  REQUIRE(lost);
  CHECK(says(*lost, "device " + FalseCards::address(1) + ": the card does not answer its driver"));
  CHECK(says(*lost, "device " + FalseCards::address(2) + ": power: no permission"));
  CHECK_FALSE(lost->accelerators[1].used);
  CHECK_FALSE(lost->accelerators[1].memory_used_mib);
  CHECK(lost->accelerators[0].healthy == true);
  CHECK(lost->accelerators[2].healthy == true);
  CHECK(lost->accelerators[2].memory_used_mib == 20U * 1'024);
  for (const char* call : {"memory", "busy", "power", "cap", "temperature", "ecc"}) world.cards.clear(std::string("1.call.") + call);
  world.cards.clear("2.call.power");
  CHECK(world.usage([](const Usage& usage) {
    return usage.accelerators[1].healthy == true && usage.accelerators[2].power_watts == 612U && !says(usage, "does not answer") &&
           !says(usage, "no permission");
  }));
}

TEST_CASE("probe amd: the report joins both, counts each card once, and shows what one is cut into below it") {
  const World world(2, 7);
  const auto report = world.run({"capmap-probe", "probe", "--catalog", CAPMAP_SOURCE_DIR "/schemas/catalog"});
  REQUIRE(report["accelerators"].size() == 2);
  CHECK(report["accelerator_counts"] == Json{{"pci_present", 2}, {"driver_visible", 2}});
  const auto& card = report["accelerators"][0];
  CHECK(card["memory_bytes"] == kVram);
  CHECK(card["driver_visible"] == true);
  CHECK(card["device"]["name"] == "AMD Instinct MI300X OAM");
  CHECK(card["device"]["power_limit_milliwatts"] == 750'000);
  CHECK(card["device"]["uuid_hash"].get<std::string>().size() == 32);
  CHECK(card["partitions"].empty());
  REQUIRE(report["accelerators"][1]["partitions"].size() == 8);
  CHECK(report["accelerators"][1]["partitions"][7]["name"] == "CPX partition 7");
  std::vector<std::string> drivers;
  for (const auto& driver : report["accelerator_drivers"]) drivers.push_back(driver["name"]);
  CHECK(drivers == std::vector<std::string>{"amdgpu", "rocm-smi"});

  const auto devices = world.run({"capmap-probe", "devices"});
  REQUIRE(devices["devices"].size() == 2);
  CHECK(devices["devices"][0]["memory_used_bytes"] == 1ULL << 30U);
  CHECK(devices["devices"][0]["ecc_uncorrected"] == 0);
  CHECK(devices["devices"][1]["memory_used_bytes"] == 20ULL << 30U);
}

TEST_CASE("devices: ROCm SMI is opened only where a card of AMD's is on the bus, also where the settings name it") {
  const AmdHost amd(1);
  const HostWithCards nvidia(1);
  const auto problems_of = [](const std::string& root) {
    const auto ran = support::run({"capmap-probe", "devices", "--root", root, "--rocm-smi", "/nonexistent/librocm_smi64.so"});
    CAPTURE(ran.output);
    REQUIRE(ran.code == 0);
    return Json::parse(ran.output)["problems"].dump();
  };
  CHECK(problems_of(amd.root()).find("/nonexistent/librocm_smi64.so") != std::string::npos);
  CHECK(problems_of(nvidia.root()) == "[]");
}

}  // namespace
