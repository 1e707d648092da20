#include "controller/ack_pace.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "controller/map/capacity_map.hpp"
#include "tests/support/map_agent.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

/// Looks once a second for so long, after `told` each time; how often the interval changed.
int look_for(AckPace& pace, std::uint64_t& now_ms, std::uint64_t ms, const std::function<void()>& told) {
  int changes = 0;
  for (const auto end_ms = now_ms + ms; now_ms < end_ms;) {
    now_ms += 1'000;
    told();
    changes += pace.look(now_ms) ? 1 : 0;
  }
  return changes;
}

}  // namespace

TEST_CASE("ack pace: one late batch changes nothing, a map that stays behind gives longer intervals step by step up to six times") {
  AckPace pace(10'000);
  std::uint64_t now_ms = 1'000'000;
  pace.waited(60'000);
  CHECK(look_for(pace, now_ms, 5'000, [] {}) == 0);
  CHECK(pace.interval_ms() == 10'000);
  const auto behind = [&] { pace.waited(1'500); };
  CHECK(look_for(pace, now_ms, 3'000, behind) == 1);
  CHECK(pace.interval_ms() == 15'000);
  CHECK(look_for(pace, now_ms, 10'000, behind) == 0);  // not before the step before can show
  CHECK(look_for(pace, now_ms, 600'000, behind) == 4);
  CHECK(pace.interval_ms() == 60'000);
}

TEST_CASE("ack pace: dropped acks count as behind, and between calm and behind the interval stays as it is") {
  AckPace pace(10'000);
  std::uint64_t now_ms = 1'000'000;
  CHECK(look_for(pace, now_ms, 3'000, [&] { pace.dropped(); }) == 1);
  CHECK(look_for(pace, now_ms, 600'000, [&] { pace.waited(500); }) == 0);
  CHECK(pace.interval_ms() == 15'000);
  CHECK(look_for(pace, now_ms, 44'000, [&] { pace.waited(10); }) == 0);
  CHECK(look_for(pace, now_ms, 2'000, [&] { pace.waited(10); }) == 1);
  CHECK(pace.interval_ms() == 10'000);
  CHECK(look_for(pace, now_ms, 600'000, [] {}) == 0);
}

TEST_CASE("ack pace: an interval of an hour grows no longer") {
  AckPace pace(3'600'000);
  std::uint64_t now_ms = 10'000'000;
  CHECK(look_for(pace, now_ms, 20'000'000, [&] { pace.dropped(); }) == 0);
  CHECK(pace.interval_ms() == 3'600'000);
}

TEST_CASE("ack pace: no node is called stale for it, though it sleeps by the newest ack that reached it and one ack of each step is lost") {
  constexpr std::uint32_t kNodes = 20;
  std::uint64_t now_ms = 1'000'000;
  CapacityMap map({.epoch = 7}, nullptr, now_ms);
  AckPace pace(map.interval_ms());
  struct Sleeper {
    MapAgent agent;
    std::uint64_t due_ms = 0;
    std::uint32_t interval_ms = 10'000, lost_interval_ms = 0;
  };
  std::vector<Sleeper> nodes(kNodes);
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    nodes[i] = {.agent = {.node = numbered_id<NodeId>(i), .run_id = 1 + i, .shape = server_shape(8, 64, 0)}, .due_ms = now_ms + i * 500};
    KnownNode known;
    known.id = nodes[i].agent.node;
    map.add_node(known, false, now_ms);
    map.apply(known.id, nodes[i].agent.hello(), now_ms, 0);
  }
  std::uint32_t longest_ms = 0;
  for (std::uint64_t second = 0; second < 2'400; ++second) {
    now_ms += 1'000;
    for (auto& node : nodes) {
      if (now_ms < node.due_ms) continue;
      ReportBatch batch{.received_boot_ms = now_ms, .reports = {}, .flooding = {}};
      batch.reports.push_back({.node = node.agent.node, .route = {}, .message = node.agent.heartbeat()});
      const auto given_ms = map.apply(batch, 0).acks.at(0).ack.next_interval_ms;
      const bool lost = node.lost_interval_ms != map.interval_ms();
      node.lost_interval_ms = map.interval_ms();
      if (!lost) node.interval_ms = given_ms;
      node.due_ms = now_ms + node.interval_ms;
    }
    if (second < 600) pace.waited(2'000);
    if (pace.look(now_ms)) map.set_interval(pace.interval_ms());
    longest_ms = std::max(longest_ms, map.interval_ms());
    map.advance(now_ms);
    for (const auto& node : nodes) REQUIRE(map.node(node.agent.node)->liveness == Liveness::kFresh);
  }
  CHECK(longest_ms == 60'000);
  CHECK(map.interval_ms() == 10'000);
}
