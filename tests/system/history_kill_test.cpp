// A recorder of history is killed fifty times while it writes: what it said was written is there, no moment of it is missing or counted
// twice, and the next recorder goes on from there.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <random>
#include <thread>

#include "common/log.hpp"
#include "tests/support/map_world.hpp"
#include "tests/support/past_world.hpp"
#include "tests/support/program.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kBegin = 1'790'000'000'000, kRunMs = 10'000'000, kStepMs = 1'000;
constexpr std::uint64_t kFirstNodes = 10;  ///< of a run; each step adds one

std::uint64_t run_begin(int run) {
  return kBegin + static_cast<std::uint64_t>(run) * kRunMs;
}

/// Records until it is killed; says through the pipe until which moment all is written.
[[noreturn]] void record(const std::string& folder, int run, int said) {
  static_cast<void>(start_log("error"));
  World world;
  auto options = history_options(folder);
  options.write_every_ms = 5 * kStepMs;
  auto history = History::open(std::move(options));
  if (!history) _exit(3);
  std::uint64_t nodes = 0, written = 0;
  for (std::uint64_t step = 0; step < kRunMs / kStepMs; ++step) {
    while (nodes < kFirstNodes + step) {
      auto agent = world.agent(nodes++, server_shape(8, 64, 0));
      world.introduce(agent, {});
    }
    if (step == 0) world.pass(100'000);  // beyond the grace period
    const auto now = run_begin(run) + step * kStepMs;
    (*history)->look(*world.map.view(world.now, now), now);
    if ((*history)->counters().writes == written) continue;
    written = (*history)->counters().writes;
    if (write(said, &now, sizeof now) != sizeof now) _exit(4);
  }
  _exit(5);
}

/// Lets it record for a while, and kills it; the moment it said last, 0 = none.
std::uint64_t record_and_kill(const std::string& folder, int run, std::chrono::microseconds after) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const auto child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(ends[0]);
    record(folder, run, ends[1]);
  }
  close(ends[1]);
  std::uint64_t last = 0, moment = 0;
  while (last == 0 && read(ends[0], &moment, sizeof moment) == sizeof moment) last = moment;  // it has begun
  std::this_thread::sleep_for(after);
  kill(child, SIGKILL);
  while (read(ends[0], &moment, sizeof moment) == sizeof moment) last = moment;
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  return last;
}

}  // namespace

TEST_CASE("history is whole after fifty kills", "[history]") {
  constexpr int kKills = 50;
  const support::TemporaryFolder folder;
  std::mt19937_64 dice(run_seed());
  std::vector<std::uint64_t> said;
  for (int run = 0; run < kKills; ++run) {
    said.push_back(record_and_kill(folder.path(), run, std::chrono::microseconds(dice() % 60'000)));
    REQUIRE(said.back() >= run_begin(run));
  }
  auto opened = History::open(history_options(folder.path()));
  REQUIRE(opened.ok());
  const auto history = std::move(*opened);
  const auto spans = history->spans();
  REQUIRE(spans.ok());
  REQUIRE(spans->spans.size() == kKills);
  std::size_t looked_at = 0;
  for (int run = 0; run < kKills; ++run) {
    const auto& span = spans->spans[static_cast<std::size_t>(run)];
    CAPTURE(run);
    CHECK(span.from_unix_ms == run_begin(run));
    CHECK(span.until_unix_ms >= said[static_cast<std::size_t>(run)]);
    const auto steps = (span.until_unix_ms - span.from_unix_ms) / kStepMs;
    for (std::uint64_t step = 0; step <= steps; step += 1 + steps / 8, ++looked_at) {
      const auto past = history->at(span.from_unix_ms + step * kStepMs + kStepMs / 2, UINT64_MAX, "");
      REQUIRE(past.ok());
      CHECK(past->view->known_nodes == kFirstNodes + step);
    }
    const auto last = history->at(span.until_unix_ms, UINT64_MAX, "");
    REQUIRE(last.ok());
    CHECK(last->view->known_nodes == kFirstNodes + steps);
  }
  CHECK(looked_at > kKills);
}
