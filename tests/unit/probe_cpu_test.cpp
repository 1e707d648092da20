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
  CHECK(*counters == CpuCounters{.busy_ticks = 160, .steal_ticks = 7'000, .pus = 2});
}

TEST_CASE("cpu: a text without the seven numbers or without PUs has no meaning") {
  for (const char* text : {"", "intr 5\n", "cpu  1 2 3\ncpu0 1\n", "cpu  1 2 3 4 5 6 x\ncpu0 1\n", "cpu  1 2 3 4 5 6 7\n", "cpu"}) {
    CAPTURE(text);
    CHECK(parse_cpu(text).error().code == ErrorCode::kMalformed);
  }
}

TEST_CASE("cpu: one PU busy for the whole interval is 1000 millicores, and so is one that was stolen") {
  const CpuCounters before{.busy_ticks = 500, .steal_ticks = 7, .pus = 4};
  const auto use = [&](std::uint64_t busy, std::optional<std::uint64_t> steal) {
    return cpu_use(before, {.busy_ticks = busy, .steal_ticks = steal, .pus = 4}, 10'000, 100);
  };
  CHECK(use(1'500, 1'007) == CpuUse{.busy_millicores = 1'000, .steal_millicores = 1'000, .load_centi = {}});
  CHECK(use(500, 7) == CpuUse{.busy_millicores = 0, .steal_millicores = 0, .load_centi = {}});
  CHECK(use(501, {}) == CpuUse{.busy_millicores = 1, .steal_millicores = {}, .load_centi = {}});
}

TEST_CASE("cpu: ticks coarser than the clock never make more than all PUs") {
  CHECK(cpu_use({.busy_ticks = 0, .pus = 2}, {.busy_ticks = 203, .pus = 2}, 1'000, 100).busy_millicores == 2'000U);
}

TEST_CASE("cpu: counters that go backwards and time that stands still are unknown, not zero") {
  const CpuCounters before{.busy_ticks = 5, .steal_ticks = 5, .pus = 2};
  CHECK(cpu_use(before, {.busy_ticks = 4, .steal_ticks = 4, .pus = 2}, 1'000, 100) == CpuUse{});
  CHECK(cpu_use(before, {.busy_ticks = 9, .steal_ticks = 9, .pus = 2}, 0, 100) == CpuUse{});
}

TEST_CASE("cpu: the load is the first average, in hundredths") {
  CHECK(*parse_load("0.07 1.20 3.00 1/200 4711\n") == 7U);
  CHECK(*parse_load("1024.50 1.20 3.00 1/200 4711\n") == 102'450U);
  for (const char* text : {"", "1", "1.5 2", "x.00", "-1.00 2", "1.000", "9999999.00", "1.-1"}) {
    CAPTURE(text);
    CHECK(parse_load(text).error().code == ErrorCode::kMalformed);
  }
}

TEST_CASE("cpu: the first reading has no interval, the second has") {
  const test::FakeHost host;
  CpuMemory memory;
  host.put("proc/stat", stat_text("100 0 0 0 0 0 0 0 0 0"));
  const auto first = read_cpu(host.root(), memory, 1'000);
  REQUIRE(first);
  CHECK(*first == CpuUse{});
  host.put("proc/stat", stat_text("150 0 0 0 0 0 0 0 0 0"));
  host.put("proc/loadavg", "12.34 0.00 0.00 1/2 3\n");
  const auto second = read_cpu(host.root(), memory, 2'000);
  REQUIRE(second);
  CHECK(*second == CpuUse{.busy_millicores = 500, .steal_millicores = 0, .load_centi = 1'234});
}

TEST_CASE("cpu: a machine without proc/stat says so") {
  const test::FakeHost host;
  CpuMemory memory;
  CHECK(read_cpu(host.root(), memory, 1).error().code == ErrorCode::kAbsent);
}

}  // namespace
}  // namespace capmap
