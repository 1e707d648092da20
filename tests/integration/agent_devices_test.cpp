// The real capmap-agent and its sampler with a false NVIDIA library, against a message port that the test plays and the real controller.
#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>

#include "common/host_root.hpp"
#include "common/shape.hpp"
#include "tests/support/deployment.hpp"
#include "tests/support/false_cards.hpp"
#include "tests/support/scripted_controller.hpp"

using namespace capmap;
using namespace std::chrono_literals;
using nlohmann::json;
using support::FalseCards;
using support::HostWithCards;
using support::Program;
using support::ScriptedController;

namespace {

constexpr auto kLimit = 60s;
constexpr const char* kLibrary = CAPMAP_BINARY_DIR "/libcapmap_false_nvml.so";

std::vector<std::string> sampling_flags(const std::string& state, const std::string& root) {
  return {"capmap-agent", "--state", state, "--root", root, "--accelerators-nvml-library", kLibrary, "--accelerators-every-s", "1"};
}

/// An agent with false cards and a scripted controller.
struct World {
  FalseCards cards;
  HostWithCards host;
  support::TemporaryFolder state;
  CurveKeys keys = make_curve_keys();
  ScriptedController controller{make_curve_keys()};
  std::unique_ptr<Program> agent;

  explicit World(unsigned count) : cards(count), host(count) {
    CAPTURE(host.made().output);
    REQUIRE(host.made().code == 0);
    REQUIRE(save_curve_keys(state.path() + "/agent.key", keys));
    controller.admit(keys.public_key);
  }
  void start() {
    auto words = sampling_flags(state.path(), host.root());
    for (const std::string& word : {std::string("--controller-endpoint"), controller.endpoint(), std::string("--controller-public-key"),
                                    controller.keys().public_key}) {
      words.push_back(word);
    }
    agent = std::make_unique<Program>(std::move(words), std::vector{cards.variable()});
  }
  std::optional<UsageMessage> usage(const std::function<bool(const Usage&)>& fits, std::chrono::milliseconds limit = kLimit) {
    return controller.wait_for<UsageMessage>(limit, [&](const UsageMessage& message) { return fits(message.usage); });
  }
};

bool says(const Usage& usage, const std::string& text) {
  return std::ranges::any_of(usage.problems, [&](const Problem& problem) { return problem.what.find(text) != std::string::npos; });
}

TEST_CASE("agent devices: what the driver says of eight cards arrives, and the usage fits into 300 bytes") {
  World world(8);
  world.start();
  const auto message = world.usage([](const Usage& usage) { return usage.accelerators.size() == 8 && usage.accelerators[7].used; });
  INFO(world.agent->output());
  REQUIRE(message);
  for (unsigned i = 0; i < 8; ++i) {
    AcceleratorUse expected;
    expected.pci_address = FalseCards::address(i);
    expected.used = true;
    expected.memory_used_mib = 40 * 1'024;
    expected.busy_permille = 500 + i * 10;
    expected.healthy = true;
    expected.power_watts = 600 + i;
    expected.temperature_celsius = 61;
    CHECK(message->usage.accelerators[i] == expected);
  }
  UsageMessage lean = *message;
  lean.usage.problems.clear();
  lean.usage.readings = {1, 2, 3, 4, 5, 6, 7, 8};
  CHECK(encode(lean).size() <= 300);
}

TEST_CASE("agent devices: hello names the drivers and the limits they enforce, and is said again when one changes") {
  World world(2);
  world.cards.set("0.limit", "700000");
  world.start();
  const auto told = world.controller.wait_for<Hello>(kLimit, [](const Hello& hello) { return !hello.accelerator_drivers.empty(); });
  INFO(world.agent->output());
  REQUIRE(told);
  CHECK(told->accelerator_drivers == std::vector<AcceleratorDriver>{{.name = "nvml", .version = "550.54.15", .cuda_version = "12.4"}});
  CHECK(told->accelerator_power_limit_watts == std::vector<std::optional<std::uint32_t>>{700, std::nullopt});
  world.cards.set("0.limit", "400000");
  const auto limits = [](const Hello& hello) { return hello.accelerator_power_limit_watts; };
  CHECK(world.controller.wait_for<Hello>(90s, [&](const Hello& hello) { return !limits(hello).empty() && limits(hello)[0] == 400; }));
}

TEST_CASE(
    "agent devices: a card that hangs costs its own values and a problem line; heartbeats go on, the others live, recovery clears it") {
  World world(3);
  world.start();
  REQUIRE(world.usage([](const Usage& usage) { return usage.accelerators.size() == 3 && usage.accelerators[1].used; }));
  world.cards.set("1.call.utilization", "hang");
  const std::string line = "device " + FalseCards::address(1) + " has not answered for";
  const auto hung = world.usage([&](const Usage& usage) { return says(usage, line) && !usage.accelerators[1].used; });
  INFO(world.agent->output());
  REQUIRE(hung);
  CHECK_FALSE(hung->usage.accelerators[1].memory_used_mib);
  CHECK_FALSE(hung->usage.accelerators[1].healthy);
  CHECK(hung->usage.accelerators[0].used == true);
  CHECK(hung->usage.accelerators[2].used == true);
  CHECK(world.controller.wait_for<Heartbeat>(5s));
  CHECK(world.controller.wait_for<Heartbeat>(5s));

  world.cards.clear("1.call.utilization");
  CHECK(world.usage([&](const Usage& usage) { return !says(usage, line) && usage.accelerators[1].used == true; }));
}

TEST_CASE("agent devices: a library that hangs as it opens does not stop the heartbeats, and the shape stays what it was") {
  World world(2);
  world.start();
  const auto learned = world.controller.wait_for<ShapeMessage>(kLimit, [](const ShapeMessage& message) {
    const auto shape = unpack_shape(message.shape);
    return shape && !shape->shape.accelerators.empty() && shape->shape.accelerators[0].memory_bytes;
  });
  INFO(world.agent->output());
  REQUIRE(learned);
  const auto shape = unpack_shape(learned->shape);
  CHECK(shape->shape.accelerators[0].memory_bytes == 80ULL << 30U);
  CHECK(shape->shape.accelerators[0].name == "NVIDIA H100 80GB HBM3");
  world.agent->signal(SIGTERM);
  REQUIRE(world.agent->wait(kLimit) == 0);

  world.cards.set("lib.call.init", "hang");
  world.start();
  const auto again = world.controller.wait_for<Hello>(kLimit);
  REQUIRE(again);
  CHECK(again->shape_id == shape->id);
  const auto silent = world.usage([](const Usage& usage) { return usage.accelerators.empty(); });
  REQUIRE(silent);
  CHECK(world.controller.wait_for<Heartbeat>(5s));
  world.agent->signal(SIGHUP);
  CHECK_FALSE(world.controller.wait_for<Hello>(3s, [&](const Hello& hello) { return hello.shape_id != shape->id; }));
  world.cards.clear("lib.call.init");
  CHECK(world.usage([](const Usage& usage) { return usage.accelerators.size() == 2; }));
}

TEST_CASE("agent devices: two products with one PCI id are two rows of the shape, told apart by name") {
  World world(2);
  world.cards.set("1.name", "NVIDIA H800");
  world.start();
  std::optional<UnpackedShape> shape;
  REQUIRE(world.controller.wait_for<ShapeMessage>(kLimit, [&](const ShapeMessage& message) {
    auto unpacked = unpack_shape(message.shape);
    if (unpacked) shape = std::move(*unpacked);
    return shape && shape->shape.accelerators.size() == 2;
  }));
  CHECK(shape->shape.accelerators[0].name == "NVIDIA H100 80GB HBM3");
  CHECK(shape->shape.accelerators[1].name == "NVIDIA H800");
  CHECK(shape->shape.accelerators[0].device_id == shape->shape.accelerators[1].device_id);
}

TEST_CASE("agent devices: the sampler lets go of the driver on request, says so, and comes back") {
  World world(1);
  world.start();
  REQUIRE(world.usage([](const Usage& usage) { return usage.accelerators.size() == 1 && usage.accelerators[0].used; }));
  std::optional<support::Ran> released;
  std::atomic<bool> ended = false;
  std::thread command([&] {
    released = support::run({"capmap-agent", "release-accelerators", "--for", "10m", "--state", world.state.path()}, 60s);
    ended = true;
  });
  const auto let_go = world.usage([](const Usage& usage) { return says(usage, "let go on request") && usage.accelerators.empty(); });
  for (int i = 0; i < 600 && !ended; ++i) static_cast<void>(world.controller.next(100ms));
  command.join();
  INFO(released->output);
  CHECK(released->code == 0);
  CHECK(let_go);
  const auto back = support::run({"capmap-agent", "release-accelerators", "--for", "0", "--state", world.state.path()});
  CHECK(back.code == 0);
  CHECK(world.usage([](const Usage& usage) { return !says(usage, "let go") && usage.accelerators.size() == 1; }));
}

TEST_CASE("agent devices: without a driver and without a named library nothing is started, and use stays unknown") {
  World world(2);
  auto words = sampling_flags(world.state.path(), world.host.root());
  words.resize(5);
  for (const std::string& word : {std::string("--controller-endpoint"), world.controller.endpoint(), std::string("--controller-public-key"),
                                  world.controller.keys().public_key}) {
    words.push_back(word);
  }
  world.agent = std::make_unique<Program>(std::move(words));
  const auto hello = world.controller.wait_for<Hello>(kLimit, [](const Hello& h) { return h.accelerator_addresses.size() == 2; });
  REQUIRE(hello);
  REQUIRE(world.usage([](const Usage& usage) { return usage.accelerators.empty(); }));
  const auto children =
      HostRoot("/").read("proc/" + std::to_string(world.agent->pid()) + "/task/" + std::to_string(world.agent->pid()) + "/children");
  REQUIRE(children);
  CHECK(children->empty());
}

TEST_CASE("agent devices: the map shows values, a lost card with its reason, and a cut card with what its parts use") {
  FalseCards cards(3);
  const HostWithCards host(3);
  REQUIRE(host.made().code == 0);
  cards.set("1.call.pci", "delay 1");
  cards.set("2.mig", "1");
  cards.set("2.mig_pending", "1");
  cards.set("2.instances", "3");
  cards.set("2.instance_total", std::to_string(10ULL << 30U));
  cards.set("2.instance_used", std::to_string(2ULL << 30U));
  cards.clear("2.used");
  support::Deployment deployment;
  deployment.start();
  const support::TemporaryFolder state;
  const auto joined = support::run({"capmap-agent", "join", deployment.token(1), "--state", state.path()});
  CAPTURE(joined.output);
  REQUIRE(joined.code == 0);
  auto flags = sampling_flags(state.path(), host.root());
  flags.insert(flags.end(), {"--label", "rack=r12"});
  cards.set("1.limit", "500000");
  Program agent(flags, {cards.variable()});
  json node;
  const auto card = [&node](unsigned i) -> json {
    for (const auto& entry : node["accelerators"]) {
      if (entry["pci_address"] == FalseCards::address(i)) return entry;
    }
    return {};
  };
  const auto shown = [&](const std::function<bool()>& holds) {
    return support::eventually(
        [&] {
          const auto list = json::parse(support::http_get(deployment.http_port, "/v1/nodes"), nullptr, false);
          if (!list.is_object() || list["nodes"].empty()) return false;
          const auto id = list["nodes"][0]["id"].get<std::string>();
          node = json::parse(support::http_get(deployment.http_port, "/v1/nodes/" + id), nullptr, false);
          return node.is_object() && node["accelerators"].is_array() && node["accelerators"].size() == 3 && holds();
        },
        kLimit);
  };
  const bool whole = shown([&] { return card(0)["power_watts"] == 600 && card(2)["partitions"] == 3; });
  CAPTURE(agent.output(), node.dump(1));
  REQUIRE(whole);
  CHECK(card(0)["used"] == true);
  CHECK(node["accelerator_counts"] == json{{"pci_present", 3}, {"driver_visible", 3}, {"used", 3}});
  CHECK(card(0)["partitions"].is_null());
  CHECK(card(2)["memory_used_mib"] == 3 * 2'048);
  CHECK(card(2)["used"] == true);
  CHECK(card(0)["temperature_celsius"] == 61);
  CHECK(node["labels"] == json{{"rack", "r12"}});
  CHECK(shown([&] { return card(1)["power_limit_watts"] == 500 && node["accelerator_drivers"].size() == 1; }));
  CHECK(node["accelerator_drivers"][0] == json{{"name", "nvml"}, {"version", "550.54.15"}, {"cuda_version", "12.4"}});
  const auto racks = json::parse(support::http_get(deployment.http_port, "/v1/map?group_by=label.rack&measure=nodes"), nullptr, false);
  REQUIRE(racks["groups"].size() == 1);
  CHECK(racks["groups"][0]["key"]["label.rack"] == "r12");
  const auto others = json::parse(support::http_get(deployment.http_port, "/v1/nodes?filter=label.rack%20!%3D%20r12"), nullptr, false);
  CHECK(others["nodes"].empty());
  CHECK(deployment.ctl({"nodes", "show", node["id"]}).output.find("rack=r12") != std::string::npos);

  cards.set("1.call.pci", "error 15");
  CHECK(shown([&] { return card(1)["healthy"] == false && card(0)["healthy"] == true; }));
  CHECK(card(1)["used"].is_null());
  CHECK(node["problems"].dump().find("the card is lost") != std::string::npos);
  cards.clear("1.call.pci");
  CHECK(shown([&] { return card(1)["healthy"] == true && card(1)["used"] == true; }));
  CHECK(node["problems"].dump().find("the card is lost") == std::string::npos);
}

}  // namespace
