// The real capmap-agent beside a network file system that has stopped answering.
#include <catch2/catch.hpp>
#include <csignal>
#include <iostream>
#include <memory>

#include "tests/support/deployment.hpp"
#include "tests/support/scripted_controller.hpp"
#include "tests/support/silent_mount.hpp"

using namespace capmap;
using namespace std::chrono_literals;
using support::Program;
using support::ScriptedController;

namespace {

constexpr auto kLimit = 60s;
constexpr const char* kSource = "server:/silent";

const SharedFileSystem* find(const Usage& usage) {
  const auto found = std::ranges::find(usage.file_systems, kSource, &SharedFileSystem::source);
  return found == usage.file_systems.end() ? nullptr : &*found;
}

bool complains(const Usage& usage) {
  return std::ranges::any_of(usage.problems, [](const Problem& p) { return p.what.find(kSource) != std::string::npos; });
}

TEST_CASE("agent mounts: a dead mount costs its own sizes, is told, stops no heartbeat, and is forgotten when it goes") {
  support::TemporaryFolder folder;
  support::SilentMount silent(kSource, folder.path() + "/far");
  if (!silent.mounted()) {
    std::cout << "skipped: mounting needs root and /dev/fuse\n";
    return;
  }
  const CurveKeys keys = make_curve_keys();
  ScriptedController controller(make_curve_keys());
  controller.admit(keys.public_key);
  const auto state = folder.path() + "/state";
  std::filesystem::create_directories(state);
  REQUIRE(save_curve_keys(state + "/agent.key", keys));
  Program agent({"capmap-agent", "--state", state, "--controller-endpoint", controller.endpoint(), "--controller-public-key",
                 controller.keys().public_key, "--file-systems-every-s", "1"});
  const auto told =
      controller.wait_for<UsageMessage>(kLimit, [](const UsageMessage& m) { return complains(m.usage) && find(m.usage) != nullptr; });
  INFO(agent.output());
  REQUIRE(told);
  CHECK(find(told->usage)->type == "fuse.capmap");
  CHECK_FALSE(find(told->usage)->size_mb);
  CHECK(told->usage.readings.memory_used_mib);
  for (int i = 0; i < 5; ++i) CHECK(controller.wait_for<Heartbeat>(5s));

  silent.end();
  const auto healed = controller.wait_for<UsageMessage>(kLimit, [](const UsageMessage& m) { return !complains(m.usage); });
  CHECK(healed);
  agent.signal(SIGTERM);
  CHECK(agent.wait(kLimit).value_or(-1) == 0);
}

}  // namespace
