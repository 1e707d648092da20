// The real capmap-agent and its sampler with a false Ascend library, against a message port that the test plays.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <memory>

#include "common/shape.hpp"
#include "tests/support/false_cards.hpp"
#include "tests/support/scripted_controller.hpp"

using namespace capmap;
using namespace std::chrono_literals;
using support::FalseAscend;
using support::FalseCards;
using support::HostWithCards;
using support::Program;
using support::ScriptedController;

namespace {

constexpr auto kLimit = 60s;
constexpr const char* kLibrary = CAPMAP_BINARY_DIR "/libcapmap_false_dcmi.so";

/// An agent with false Ascend cards and a scripted controller.
struct World {
  FalseAscend cards;
  HostWithCards host;
  support::TemporaryFolder state;
  CurveKeys keys = make_curve_keys();
  ScriptedController controller{make_curve_keys()};
  std::unique_ptr<Program> agent;

  World(unsigned count, unsigned chips, const std::string& device)
      : cards(count, chips, "19e5:" + device), host(count * chips, "0x120000 0x19e5 0x" + device + " devdrv_device_driver") {
    CAPTURE(host.made().output);
    REQUIRE(host.made().code == 0);
    REQUIRE(save_curve_keys(state.path() + "/agent.key", keys));
    controller.admit(keys.public_key);
    agent = std::make_unique<Program>(
        std::vector<std::string>{"capmap-agent", "--state", state.path(), "--root", host.root(), "--accelerators-dcmi-library", kLibrary,
                                 "--accelerators-every-s", "1", "--controller-endpoint", controller.endpoint(), "--controller-public-key",
                                 controller.keys().public_key},
        std::vector{cards.variable()});
  }
  std::optional<Usage> usage(const std::function<bool(const Usage&)>& fits) {
    const auto message = controller.wait_for<UsageMessage>(kLimit, [&](const UsageMessage& one) { return fits(one.usage); });
    if (!message) return std::nullopt;
    return message->usage;
  }
  std::optional<Shape> shape(const std::function<bool(const AcceleratorShape&)>& fits) {
    std::optional<Shape> found;
    const auto message = controller.wait_for<ShapeMessage>(kLimit, [&](const ShapeMessage& one) {
      auto unpacked = unpack_shape(one.shape);
      if (unpacked) found = std::move(unpacked->shape);
      return found && found->accelerators.size() == 1 && fits(found->accelerators[0]);
    });
    return message ? found : std::nullopt;
  }
};

bool says(const Usage& usage, const std::string& text) {
  return std::ranges::any_of(usage.problems, [&](const Problem& problem) { return problem.what.find(text) != std::string::npos; });
}

TEST_CASE("agent ascend: what the driver says of eight cards arrives, with the name that tells products of one PCI id apart") {
  World world(8, 1, "d802");
  const auto shape = world.shape([](const AcceleratorShape& row) { return row.memory_bytes.has_value(); });
  INFO(world.agent->output());
  REQUIRE(shape);
  CHECK(shape->accelerators[0].name == "Ascend 910B2");
  CHECK(shape->accelerators[0].memory_bytes == 64ULL << 30U);
  CHECK(shape->accelerators[0].count == 8);
  const auto usage = world.usage([](const Usage& told) { return told.accelerators.size() == 8 && told.accelerators[7].used; });
  REQUIRE(usage);
  for (unsigned i = 0; i < 8; ++i) {
    AcceleratorUse expected;
    expected.pci_address = FalseCards::address(i);
    expected.used = true;
    expected.memory_used_mib = 3'400;
    expected.busy_permille = 400;
    expected.healthy = true;
    expected.power_watts = 311;
    expected.temperature_celsius = 50;
    CHECK(usage->accelerators[i] == expected);
  }
  UsageMessage lean;
  lean.usage = *usage;
  lean.usage.problems.clear();
  lean.usage.readings = {1, 2, 3, 4, 5, 6, 7, 8};
  CHECK(encode(lean).size() <= 300);
}

TEST_CASE("agent ascend: a chip that hangs costs its own values and a problem line, a lost one is not healthy, and both come back") {
  World world(3, 1, "d802");
  REQUIRE(world.usage([](const Usage& usage) { return usage.accelerators.size() == 3 && usage.accelerators[1].used; }));
  world.cards.set("1.0.call.utilization", "hang");
  const std::string line = "device " + FalseCards::address(1) + " has not answered for";
  const auto hung = world.usage([&](const Usage& usage) { return says(usage, line) && !usage.accelerators[1].used; });
  INFO(world.agent->output());
  REQUIRE(hung);
  CHECK_FALSE(hung->accelerators[1].healthy);
  CHECK(hung->accelerators[0].used == true);
  CHECK(hung->accelerators[2].used == true);
  CHECK(world.controller.wait_for<Heartbeat>(5s));
  world.cards.clear("1.0.call.utilization");
  CHECK(world.usage([&](const Usage& usage) { return !says(usage, line) && usage.accelerators[1].used == true; }));

  world.cards.set("2.0.call.health", "error -8008");
  const auto lost = world.usage([](const Usage& usage) { return usage.accelerators[2].healthy == false; });
  REQUIRE(lost);
  CHECK(says(*lost, "the chip is lost"));
  CHECK_FALSE(lost->accelerators[2].used);
  CHECK(lost->accelerators[0].healthy == true);
  world.cards.clear("2.0.call.health");
  CHECK(world.usage([](const Usage& usage) { return usage.accelerators[2].healthy == true && !says(usage, "is lost"); }));
}

TEST_CASE("agent ascend: chips of a card are devices of their own until the driver tells cards; then cards are counted once, for good") {
  World world(2, 2, "d803");
  const auto cards = world.shape([](const AcceleratorShape& row) { return row.dies == 2; });
  INFO(world.agent->output());
  REQUIRE(cards);
  CHECK(cards->accelerators[0].count == 2);
  CHECK(cards->accelerators[0].memory_bytes == 128ULL << 30U);
  const auto usage = world.usage(
      [](const Usage& told) { return told.accelerators.size() == 2 && told.accelerators[0].used && !says(told, "shown by no driver"); });
  REQUIRE(usage);
  CHECK(usage->accelerators[1].pci_address == FalseCards::address(2));
  CHECK(usage->accelerators[1].memory_used_mib == 6'800);
  world.cards.set("0.1.call.pci", "error -8012");
  world.agent->signal(SIGHUP);
  CHECK_FALSE(world.controller.wait_for<ShapeMessage>(3s));
}

}  // namespace
