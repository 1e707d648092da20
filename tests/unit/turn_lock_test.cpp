#include "agent/turn_lock.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <optional>

#include "tests/support/program.hpp"

namespace capmap {
namespace {

TEST_CASE("turn lock: one at a time, and who comes second is told who has it") {
  const support::TemporaryFolder state;
  std::optional<TurnLock> first;
  {
    auto taken = TurnLock::take(state.path(), "devices", 0);
    REQUIRE(taken);
    first.emplace(std::move(*taken));
  }
  const auto second = TurnLock::take(state.path(), "devices", 50);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::kUnavailable);
  CHECK(second.error().what.find("process " + std::to_string(getpid())) != std::string::npos);
  CHECK(turn_holder(state.path(), "devices") == getpid());
  CHECK(TurnLock::take(state.path(), "mounts", 0));
  first.reset();
  CHECK(turn_holder(state.path(), "devices") == 0);
  CHECK(TurnLock::take(state.path(), "devices", 0));
}

TEST_CASE("turn lock: a folder that is not there keeps nothing from working, and a link is not followed") {
  std::optional<TurnLock> turn;
  CHECK(wait_for_turn("/nonexistent/state", "devices", turn));
  CHECK_FALSE(turn);
  const support::TemporaryFolder state;
  REQUIRE(symlink("/dev/null", (state.path() + "/devices.lock").c_str()) == 0);
  const auto taken = TurnLock::take(state.path(), "devices", 0);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code == ErrorCode::kDenied);
}

TEST_CASE("turn lock: a sampler beside one that hangs does not begin, over restarts of the agent too") {
  const support::TemporaryFolder state;
  const auto held = TurnLock::take(state.path(), "mounts", 0);
  REQUIRE(held);
  const auto ran = support::run({"capmap-probe", "mounts", "--every", "1000", "--state", state.path()});
  CHECK(ran.code == kEarlierRunExit);
  CHECK(ran.output.find("nothing is started beside it") != std::string::npos);
}

}  // namespace
}  // namespace capmap
