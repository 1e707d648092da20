// The real capmap-agent and capmap-probe against a message port that the test plays.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>

#include "common/shape.hpp"
#include "tests/support/program.hpp"
#include "tests/support/scripted_controller.hpp"

using namespace capmap;
using namespace std::chrono_literals;
using support::Program;
using support::ScriptedController;

namespace {

constexpr auto kLimit = 30s;

/// An agent's state folder and how it is started.
struct Agent {
  support::TemporaryFolder folder;
  CurveKeys keys = make_curve_keys();
  std::unique_ptr<Program> program;

  Agent() { REQUIRE(save_curve_keys(folder.path() + "/agent.key", keys)); }

  void start(const std::string& endpoint, const std::string& server_key, const std::string& binary = "capmap-agent",
             std::vector<std::string> more = {}) {
    std::vector<std::string> words = {binary,    "--state", folder.path(), "--controller-endpoint", endpoint, "--controller-public-key",
                                      server_key};
    words.insert(words.end(), more.begin(), more.end());
    program = std::make_unique<Program>(std::move(words));
  }
  [[nodiscard]] std::string log() const { return program->output(); }
  void expect_clean_end() {
    const auto code = program->wait(kLimit);
    INFO(log());
    CHECK(code.value_or(-1) == 0);
  }
};

/// A copy of capmap-agent beside a capmap-probe that is a shell script: `shape` does what it says, the rest is the real one's.
struct ScriptedProbe {
  support::TemporaryFolder folder;
  std::string agent = folder.path() + "/capmap-agent";

  explicit ScriptedProbe(const std::string& shape_script) {
    std::filesystem::copy_file(CAPMAP_BINARY_DIR "/capmap-agent", agent);
    write(shape_script);
  }
  void write(const std::string& shape_script) const {
    const std::string path = folder.path() + "/capmap-probe", draft = path + ".new";
    std::ofstream(draft) << "#!/bin/sh\nif [ \"$1\" = shape ]; then\n"
                         << shape_script << "\nfi\nexec " CAPMAP_BINARY_DIR "/capmap-probe \"$@\"\n";
    std::filesystem::permissions(draft, std::filesystem::perms::owner_all);
    std::filesystem::rename(draft, path);
  }
};

TEST_CASE("agent: hello, the shape when asked, full usage, then heartbeats, all of one run") {
  Agent agent;
  ScriptedController controller(make_curve_keys());
  controller.admit(agent.keys.public_key);
  agent.start(controller.endpoint(), controller.keys().public_key);

  const auto hello = controller.wait_for<Hello>(kLimit);
  INFO(agent.log());
  REQUIRE(hello);
  CHECK_FALSE(hello->hostname.empty());
  CHECK_FALSE(hello->agent_version.empty());
  CHECK(hello->memory_total_bytes.value_or(0) > 0);
  const auto shape = controller.wait_for<ShapeMessage>(kLimit);
  REQUIRE(shape);
  const auto unpacked = unpack_shape(shape->shape);
  REQUIRE(unpacked);
  CHECK(unpacked->id == hello->shape_id);
  CHECK(unpacked->shape.cpu.pus.value_or(0) > 0);
  const auto usage = controller.wait_for<UsageMessage>(kLimit);
  REQUIRE(usage);
  CHECK(usage->usage.readings.memory_used_mib.value_or(0) > 0);
  CHECK(usage->shape_prefix == shape_prefix(hello->shape_id));
  const auto first = controller.wait_for<Heartbeat>(kLimit);
  const auto second = controller.wait_for<Heartbeat>(kLimit);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(second->envelope.seq > first->envelope.seq);
  CHECK(second->envelope.run_id == hello->envelope.run_id);
  CHECK(agent.log().find("shape_read") != std::string::npos);
}

TEST_CASE("agent: busy cores, which need two looks, are told as soon as they are known") {
  Agent agent;
  ScriptedController controller(make_curve_keys());
  controller.admit(agent.keys.public_key);
  agent.start(controller.endpoint(), controller.keys().public_key);
  bool told = false;
  for (int i = 0; i < 50 && !told; ++i) {
    const auto message = controller.next(kLimit);
    REQUIRE(message);
    const auto* beat = std::get_if<Heartbeat>(&*message);
    const auto* usage = std::get_if<UsageMessage>(&*message);
    told = (beat != nullptr && beat->moved.cpu_busy_millicores) || (usage != nullptr && usage->usage.readings.cpu_busy_millicores);
  }
  CHECK(told);
}

TEST_CASE("agent: SIGTERM sends bye and ends") {
  Agent agent;
  ScriptedController controller(make_curve_keys());
  controller.admit(agent.keys.public_key);
  agent.start(controller.endpoint(), controller.keys().public_key);
  REQUIRE(controller.wait_for<Heartbeat>(kLimit));
  agent.program->signal(SIGTERM);
  CHECK(controller.wait_for<Bye>(kLimit));
  agent.expect_clean_end();
}

TEST_CASE("agent: without a controller it waits, and SIGTERM still ends it") {
  Agent agent;
  agent.start("tcp://127.0.0.1:" + std::to_string(support::free_port()), make_curve_keys().public_key);
  REQUIRE(agent.program->wait_for_output("shape_read", kLimit));
  agent.program->signal(SIGTERM);
  agent.expect_clean_end();
}

TEST_CASE("agent: a controller that comes later, and one that comes back with a new epoch, hear hello and full usage") {
  Agent agent;
  const auto keys = make_curve_keys();
  const std::string endpoint = "tcp://127.0.0.1:" + std::to_string(support::free_port());
  agent.start(endpoint, keys.public_key);
  REQUIRE(agent.program->wait_for_output("shape_read", kLimit));
  std::uint64_t run_id = 0;
  for (int life = 0; life < 2; ++life) {
    CAPTURE(life, agent.log());
    ScriptedController controller(keys, endpoint);
    controller.admit(agent.keys.public_key);
    const auto hello = controller.wait_for<Hello>(60s);
    REQUIRE(hello);
    if (life == 1) CHECK(hello->envelope.run_id == run_id);
    run_id = hello->envelope.run_id;
    CHECK(controller.wait_for<UsageMessage>(kLimit));
    CHECK(controller.wait_for<Heartbeat>(kLimit));
  }
}

TEST_CASE("agent: a key that is not let in yet is let in later without a restart") {
  Agent agent;
  ScriptedController controller(make_curve_keys());
  agent.start(controller.endpoint(), controller.keys().public_key);
  CHECK_FALSE(controller.next(2s));
  CHECK(agent.program->running());
  controller.admit(agent.keys.public_key);
  INFO(agent.log());
  CHECK(controller.wait_for<Heartbeat>(90s));
}

TEST_CASE("agent: a controller with another key than expected gets nothing, and the log says so") {
  Agent agent;
  ScriptedController controller(make_curve_keys());
  controller.admit(agent.keys.public_key);
  agent.start(controller.endpoint(), make_curve_keys().public_key);
  CHECK_FALSE(controller.next(3s));
  CHECK(agent.program->running());
  INFO(agent.log());
  CHECK(agent.program->wait_for_output("warn", kLimit));
  agent.program->signal(SIGTERM);
  agent.expect_clean_end();
}

TEST_CASE("agent: a look at the hardware that fails is told with an empty shape, and SIGHUP looks again") {
  const ScriptedProbe probe("echo broken >&2; exit 9");
  Agent agent;
  ScriptedController controller(make_curve_keys());
  controller.admit(agent.keys.public_key);
  agent.start(controller.endpoint(), controller.keys().public_key, probe.agent);
  const auto hello = controller.wait_for<Hello>(kLimit);
  INFO(agent.log());
  REQUIRE(hello);
  CHECK_FALSE(hello->hostname.empty());
  REQUIRE(hello->problems.size() == 1);
  CHECK(hello->problems[0] == Problem{"shape", "capmap-probe ended with code 9; its reason is in this machine's log"});
  CHECK(agent.log().find("probe_failing name=shape") != std::string::npos);
  CHECK(controller.wait_for<Heartbeat>(kLimit));

  probe.write(":");
  agent.program->signal(SIGHUP);
  const auto known = controller.wait_for<Hello>(kLimit, [&](const Hello& h) { return h.shape_id != hello->shape_id; });
  REQUIRE(known);
  CHECK(agent.log().find("probe_recovered name=shape") != std::string::npos);
}

TEST_CASE("agent: a stuck look at the hardware does not stop the heartbeats") {
  const ScriptedProbe probe("exec sleep 120 >&-");
  Agent agent;
  ScriptedController controller(make_curve_keys());
  controller.admit(agent.keys.public_key);
  agent.start(controller.endpoint(), controller.keys().public_key, probe.agent);
  const auto hello = controller.wait_for<Hello>(60s);
  INFO(agent.log());
  REQUIRE(hello);
  REQUIRE(hello->problems.size() == 1);
  CHECK(hello->problems[0].what == "capmap-probe is still looking");
  CHECK(controller.wait_for<Heartbeat>(kLimit));
  CHECK(controller.wait_for<Heartbeat>(kLimit));
  agent.program->signal(SIGTERM);
  agent.expect_clean_end();
}

TEST_CASE("agent: a benchmark that the controller asks for runs where its owner allows it, once, and its result outlives a restart") {
  Agent agent;
  ScriptedController controller(make_curve_keys());
  controller.admit(agent.keys.public_key);
  controller.benchmark_seconds = 60;  // cut to what the owner allows
  const std::vector<std::string> allow = {"--benchmark-most-s", "1"};
  agent.start(controller.endpoint(), controller.keys().public_key, "capmap-agent", allow);
  const auto has_result = [](const Hello& hello) { return hello.measured.has_value(); };
  const auto first = controller.wait_for<Hello>(60s, has_result);
  INFO(agent.log());
  REQUIRE(first);
  CHECK(first->measured->seconds == 1);
  CHECK(first->measured->at_unix_s > 1'700'000'000);
  CHECK(first->measured->threads >= 1);
  CHECK(first->measured->memory_mbs.value_or(0) > 100);
  // A test that did not run says why.
  CHECK((first->measured->fp64_gemm_mflops || !first->measured->conditions.empty()));
  CHECK_FALSE(controller.wait_for<Hello>(3s, [&](const Hello& hello) { return hello.measured != first->measured; }));
  agent.program->signal(SIGTERM);
  agent.expect_clean_end();
  controller.benchmark_seconds = 0;
  agent.start(controller.endpoint(), controller.keys().public_key);
  const auto again = controller.wait_for<Hello>(kLimit, has_result);
  INFO(agent.log());
  REQUIRE(again);
  CHECK(again->measured == first->measured);
}

TEST_CASE("agent: a benchmark that its owner does not allow is answered by a problem line and nothing runs") {
  Agent agent;
  ScriptedController controller(make_curve_keys());
  controller.admit(agent.keys.public_key);
  controller.benchmark_seconds = 1;
  agent.start(controller.endpoint(), controller.keys().public_key);
  const auto hello = controller.wait_for<Hello>(kLimit, [](const Hello& message) {
    return std::ranges::any_of(message.problems, [](const Problem& problem) { return problem.probe == "benchmark"; });
  });
  INFO(agent.log());
  REQUIRE(hello);
  CHECK_FALSE(hello->measured);
}

}  // namespace
