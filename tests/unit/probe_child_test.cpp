#include "agent/probe_child.hpp"

#include <poll.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <string>
#include <vector>

namespace capmap {
namespace {

std::vector<std::string> script(const std::string& text) {
  return {"-c", text};
}

TEST_CASE("probe child: its output and exit code come back, its errors are not mixed in") {
  const auto end = run_child("/bin/sh", script("printf 'a\\0b'; echo trouble 2>/dev/null >&2; exit 3"), 10'000);
  REQUIRE(end);
  CHECK(end->exit_code == 3);
  CHECK(end->output == std::string("a\0b", 3));
  CHECK_FALSE(end->cut);
}

TEST_CASE("probe child: a program that is not there is told apart from one that fails") {
  CHECK(run_child("/nonexistent/capmap-probe", {}, 1'000).error().code == ErrorCode::kAbsent);
  CHECK(run_child("/dev/null", {}, 1'000).error().code == ErrorCode::kDenied);
}

TEST_CASE("probe child: an end by a signal is 128 and its number") {
  const auto end = run_child("/bin/sh", script("kill -TERM $$"), 10'000);
  REQUIRE(end);
  CHECK(end->exit_code == 128 + SIGTERM);
}

TEST_CASE("probe child: blocked signals of ours are not blocked in it") {
  sigset_t taken, before;
  sigemptyset(&taken);
  sigaddset(&taken, SIGTERM);
  REQUIRE(pthread_sigmask(SIG_BLOCK, &taken, &before) == 0);
  const auto end = run_child("/bin/sh", script("kill -TERM $$; sleep 5"), 20'000);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  REQUIRE(end);
  CHECK(end->exit_code == 128 + SIGTERM);
}

TEST_CASE("probe child: endless output is refused and held within its bound") {
  const auto end = run_child("/bin/sh", script("yes"), 20'000);
  REQUIRE(end);
  CHECK(end->cut);
  CHECK(end->output.size() <= kMaxChildOutputBytes);
}

TEST_CASE("probe child: one that closes its output and lives on is waited for, one that is stuck is left alone") {
  const auto late = run_child("/bin/sh", script("echo early; exec >&-; sleep 0.3; exit 4"), 20'000);
  REQUIRE(late);
  CHECK(late->exit_code == 4);
  CHECK(late->output == "early\n");
  CHECK(run_child("/bin/sleep", {"2"}, 50).error().code == ErrorCode::kTimeout);
}

TEST_CASE("probe child: looking at a running one never blocks, and its end is told once") {
  auto child = ProbeChild::start("/bin/sh", script("read line; echo done"));  // stdin is empty: it goes on at once
  REQUIRE(child);
  std::optional<ChildEnd> end;
  while (!end) {
    pollfd waiting{.fd = child->fd(), .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, 5);
    end = child->poll();
  }
  CHECK(end->output == "done\n");
  CHECK_FALSE(child->poll());
  CHECK(child->fd() == -1);
}

}  // namespace
}  // namespace capmap
