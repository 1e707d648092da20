#include "controller/child_backlog.hpp"

#include <catch2/catch.hpp>
#include <iostream>
#include <random>

#include "tests/support/map_agent.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kMib = 1U << 20;

ChildReport states_of(std::uint64_t child, std::uint32_t nodes, std::size_t bytes = 0) {
  BatchStates states;
  states.count = nodes;
  states.accelerators_used.resize(bytes);
  return {.child = numbered_id<ControllerId>(child), .route = {}, .message = std::move(states)};
}

/// How many of so many messages are taken.
std::size_t put(ChildBacklog& backlog, std::uint64_t child, std::size_t messages, std::size_t bytes) {
  std::size_t taken = 0;
  for (std::size_t i = 0; i < messages; ++i) taken += backlog.put(states_of(child, 16'384, bytes), 10'000) ? 1 : 0;
  return taken;
}

}  // namespace

TEST_CASE("child backlog: a child that floods fills its own share, and another's message is not behind it") {
  ChildBacklog backlog;
  CHECK(put(backlog, 1, 1'000, 0) == ChildBacklog::kMostHeld);
  CHECK(backlog.put(states_of(2, 10), 10'000));
  const auto turn = backlog.next(10'000);
  REQUIRE(turn.size() == 5);
  CHECK(turn[1].child == numbered_id<ControllerId>(2));
  CHECK(backlog.put(states_of(1, 16'384), 10'000));  // there is room again
}

TEST_CASE("child backlog: children that flood with large messages stay below the bound together, and a new one still finds room") {
  ChildBacklog backlog;
  CHECK(put(backlog, 1, 60, kMib) == 31);  // half of all, less what messages weigh beside their columns
  CHECK(backlog.stretched(10'000) == 10'000);
  for (std::uint64_t child = 2; child < 100; ++child) put(backlog, child, 60, kMib / 4);
  CHECK(backlog.bytes() <= ChildBacklog::kMostBytes);
  CHECK(backlog.bytes() > ChildBacklog::kMostBytes / 10 * 9);
  CHECK(backlog.stretched(10'000) == 40'000);
  CHECK(backlog.put(states_of(1'000, 10, 1'000), 10'000));
  CHECK(put(backlog, 1, 1, kMib) == 0);
}

TEST_CASE("child backlog: room returns when the map has done a turn whole, not with each part of its answers") {
  ChildBacklog backlog;
  CHECK(put(backlog, 1, 31, kMib) == 31);
  const auto full = backlog.bytes();
  REQUIRE(backlog.next(10'000).size() == 4);
  REQUIRE(backlog.next(10'000).size() == 4);
  CHECK(backlog.bytes() == full);
  backlog.answered(3, 10'100);  // three of four
  CHECK(backlog.bytes() == full);
  CHECK(backlog.next(10'100).empty());
  backlog.answered(4, 10'200);
  CHECK(backlog.bytes() < full - 4 * kMib);
  CHECK(backlog.next(10'200).size() == 4);
  CHECK(backlog.next(10'200).empty());
}

TEST_CASE("child backlog: the map has two turns before it and no more, until it answers or an answer is lost") {
  ChildBacklog backlog;
  for (std::uint64_t i = 0; i < 40; ++i) REQUIRE(backlog.put(states_of(1, 16'384), 10'000));
  CHECK(backlog.next(10'000).size() == 4);
  CHECK(backlog.next(10'000).size() == 4);
  CHECK(backlog.next(11'000).empty());
  CHECK_FALSE(backlog.empty());
  backlog.answered(4, 11'000);
  CHECK(backlog.next(11'000).size() == 4);
  CHECK(backlog.next(11'000).empty());
  const auto late = backlog.next(13'000);  // no answer for two seconds
  REQUIRE(late.size() == 4);
  CHECK(std::get<BatchStates>(late[0].message).heard_ago_ms == 3'000);  // so long they waited here
  CHECK(backlog.next(13'500).empty());
  backlog.answered(16, 13'500);  // the next answer makes up for those that were lost
  CHECK(backlog.next(13'500).size() == 4);
  CHECK(backlog.next(13'500).size() == 4);
}

TEST_CASE("child backlog: a map that stands still for an hour is given a few turns more and then nothing") {
  ChildBacklog backlog;
  std::size_t turns = 0;
  for (std::uint64_t now_ms = 10'000; now_ms < 3'610'000; now_ms += 500) {
    put(backlog, 1, 6, 100'000);
    turns += backlog.next(now_ms).empty() ? 0 : 1;
    REQUIRE(backlog.bytes() <= ChildBacklog::kMostBytes);
  }
  CHECK(turns == ChildBacklog::kMostTurns + ChildBacklog::kMostAskedAgain);
}

TEST_CASE("child backlog: whatever comes and is answered, the bytes are those of what is there, and all are free at the end") {
  const auto seed = run_seed();
  INFO("seed " << seed);
  std::mt19937_64 dice(seed);
  ChildBacklog backlog;
  std::uint64_t now_ms = 10'000, given = 0, done = 0, taken = 0;
  for (int step = 0; step < 20'000; ++step) {
    now_ms += dice() % 50;
    const auto action = dice() % 4;
    if (action < 2)
      taken += backlog.put(states_of(dice() % 20, static_cast<std::uint32_t>(dice() % 16'384), dice() % 500'000), now_ms) ? 1 : 0;
    if (action == 2) given += backlog.next(now_ms).size();
    if (action == 3) done += given == done ? 0 : dice() % (given - done + 1);
    if (action == 3 && dice() % 3 != 0) backlog.answered(done, now_ms);  // else this answer is lost
    REQUIRE(backlog.bytes() <= ChildBacklog::kMostBytes);
  }
  while (!backlog.empty()) {
    backlog.answered(given, now_ms);
    given += backlog.next(now_ms).size();
  }
  backlog.answered(given, now_ms);
  CHECK(given == taken);
  CHECK(backlog.bytes() == 0);
}
