#include "controller/child_backlog.hpp"

#include <catch2/catch.hpp>

#include "tests/support/map_agent.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

ChildReport states_of(std::uint64_t child, std::uint32_t nodes) {
  BatchStates states;
  states.count = nodes;
  return {.child = numbered_id<ControllerId>(child), .route = {}, .message = states};
}

}  // namespace

TEST_CASE("child backlog: a child that floods fills its own share, and another's message is not behind it") {
  ChildBacklog backlog;
  std::size_t taken = 0;
  for (int i = 0; i < 1'000; ++i) taken += backlog.put(states_of(1, 16'384), 10'000) ? 1 : 0;
  CHECK(taken == ChildBacklog::kMostHeld);
  CHECK(backlog.put(states_of(2, 10), 10'000));
  const auto turn = backlog.next(10'000);
  REQUIRE(turn.size() == 5);
  CHECK(turn[1].child == numbered_id<ControllerId>(2));
  CHECK(backlog.put(states_of(1, 16'384), 10'000));  // there is room again
}

TEST_CASE("child backlog: the map has two turns before it and no more, until it answers or an answer is lost") {
  ChildBacklog backlog;
  for (std::uint64_t i = 0; i < 40; ++i) REQUIRE(backlog.put(states_of(1, 16'384), 10'000));
  CHECK(backlog.next(10'000).size() == 4);
  CHECK(backlog.next(10'000).size() == 4);
  CHECK(backlog.next(11'000).empty());
  CHECK_FALSE(backlog.empty());
  backlog.answered(11'000);
  CHECK(backlog.next(11'000).size() == 4);
  CHECK(backlog.next(11'000).empty());
  const auto late = backlog.next(13'000);  // no answer for two seconds
  REQUIRE(late.size() == 4);
  CHECK(std::get<BatchStates>(late[0].message).heard_ago_ms == 3'000);  // so long they waited here
}
