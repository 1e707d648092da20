#include "agent/traffic.hpp"

#include <catch2/catch.hpp>

#include "common/coarse_rate.hpp"

namespace capmap {
namespace {

using Counters = std::vector<TrafficCounters>;

TEST_CASE("traffic: rates are thousands of the unit a second over the devices that stand in both readings") {
  const Counters before = {{.name = "a", .in = 1'000, .out = 0}, {.name = "gone", .in = 5, .out = 5}};
  const Counters after = {{.name = "a", .in = 1'251'000, .out = 10'000}, {.name = "new", .in = 1'000'000'000, .out = 5}};
  CHECK(traffic_between(before, after, 8, 10'000, {}) == Traffic{.in = 1'000, .out = 8, .devices = {}});
}

TEST_CASE("traffic: each device that is asked for has its own place, with its rate or unknown") {
  const Counters before = {{.name = "a", .in = 0, .out = 0}, {.name = "b", .in = 0, .out = 0}};
  const Counters after = {{.name = "a", .in = 50'000, .out = 7'000}, {.name = "b", .in = 0, .out = 1'000}};
  const auto traffic = traffic_between(before, after, 1, 1'000, {"b", "c", "a"});
  CHECK(traffic.in == 50U);
  CHECK(traffic.out == 8U);
  CHECK(traffic.devices ==
        std::vector<DeviceTraffic>{{.in = 0, .out = 1}, {.in = kNoRate, .out = kNoRate}, {.in = coarse_rate(50), .out = 7}});
}

TEST_CASE("traffic: no device, no time, a counter that went backwards and an impossible rate are unknown, not zero") {
  CHECK(traffic_between({}, {}, 1, 1'000, {}) == Traffic{});
  const Counters zero = {{.name = "a", .in = 0, .out = 0}};
  CHECK(traffic_between(zero, zero, 1, 0, {"a"}) == Traffic{.in = {}, .out = {}, .devices = {{}}});
  CHECK(traffic_between({{.name = "a", .in = 9, .out = 0}}, {{.name = "a", .in = 8, .out = 0}}, 1, 1'000, {"a"}) ==
        Traffic{.in = {}, .out = {}, .devices = {{.in = kNoRate, .out = 0}}});
  CHECK(traffic_between(zero, {{.name = "a", .in = UINT64_MAX, .out = 1'000}}, 8, 1'000, {"a"}) ==
        Traffic{.in = {}, .out = 8, .devices = {{.in = kNoRate, .out = 8}}});
}

}  // namespace
}  // namespace capmap
