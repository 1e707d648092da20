#include "agent/probe_cpu.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/fake_host.hpp"

namespace capmap {
namespace {

std::string stat_text(const std::string& all) {
  return "cpu  " + all + "\ncpu0 1 2 3 4\ncpu1 1 2 3 4\nintr 5 0 0\nctxt 7\n";
}

TEST_CASE("cpu: busy is user, nice, system, irq and softirq; idle, waiting and steal are not") {
  const auto counters = parse_cpu(stat_text("100 20 30 1000 500 4 6 7000 50 10"));
  REQUIRE(counters);
  CHECK(*counters == CpuCounters{.busy_ticks = 160, .pus = 2});
}

TEST_CASE("cpu: a text without the seven numbers or without PUs has no meaning") {
  for (const char* text : {"", "intr 5\n", "cpu  1 2 3\ncpu0 1\n", "cpu  1 2 3 4 5 6 x\ncpu0 1\n", "cpu  1 2 3 4 5 6 7\n", "cpu"}) {
    CAPTURE(text);
    CHECK(parse_cpu(text).error().code == ErrorCode::kMalformed);
  }
}

TEST_CASE("cpu: one PU busy for the whole interval is 1000 millicores") {
  const CpuCounters before{.busy_ticks = 500, .pus = 4};
  CHECK(cpu_busy_millicores(before, {.busy_ticks = 1'500, .pus = 4}, 10'000, 100) == 1'000U);
  CHECK(cpu_busy_millicores(before, {.busy_ticks = 500, .pus = 4}, 10'000, 100) == 0U);
  CHECK(cpu_busy_millicores(before, {.busy_ticks = 501, .pus = 4}, 10'000, 100) == 1U);
}

TEST_CASE("cpu: ticks coarser than the clock never make more than all PUs") {
  CHECK(cpu_busy_millicores({.busy_ticks = 0, .pus = 2}, {.busy_ticks = 203, .pus = 2}, 1'000, 100) == 2'000U);
}

TEST_CASE("cpu: counters that go backwards and time that stands still are unknown, not zero") {
  CHECK_FALSE(cpu_busy_millicores({.busy_ticks = 5, .pus = 2}, {.busy_ticks = 4, .pus = 2}, 1'000, 100));
  CHECK_FALSE(cpu_busy_millicores({.busy_ticks = 5, .pus = 2}, {.busy_ticks = 9, .pus = 2}, 0, 100));
}

TEST_CASE("cpu: the first reading has no interval, the second has") {
  const test::FakeHost host;
  CpuMemory memory;
  host.put("proc/stat", stat_text("100 0 0 0 0 0 0 0 0 0"));
  const auto first = read_cpu(host.root(), memory, 1'000);
  REQUIRE(first);
  CHECK_FALSE(*first);
  host.put("proc/stat", stat_text("150 0 0 0 0 0 0 0 0 0"));
  const auto second = read_cpu(host.root(), memory, 2'000);
  REQUIRE(second);
  CHECK(*second == 500U);
}

TEST_CASE("cpu: a machine without proc/stat says so") {
  const test::FakeHost host;
  CpuMemory memory;
  CHECK(read_cpu(host.root(), memory, 1).error().code == ErrorCode::kAbsent);
}

}  // namespace
}  // namespace capmap
