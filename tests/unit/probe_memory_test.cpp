#include "agent/probe_memory.hpp"

#include <catch2/catch.hpp>

#include "tests/support/fake_host.hpp"

namespace capmap {
namespace {

TEST_CASE("memory: total and available are read in bytes, used in MiB") {
  const test::FakeHost host;
  host.put("proc/meminfo", "MemTotal:       24684096 kB\nMemFree:         100 kB\nMemAvailable:   20000000 kB\nBuffers:  1 kB\n");
  KeptFile meminfo("proc/meminfo");
  const auto memory = read_memory(host.root(), meminfo);
  REQUIRE(memory);
  CHECK(*memory == MemoryUsage{.total_bytes = 24'684'096ULL * 1024, .available_bytes = 20'000'000ULL * 1024});
  CHECK(memory_used_mib(*memory) == 4'574U);
}

TEST_CASE("memory: no MemAvailable on an old kernel stays unknown, not zero") {
  const auto memory = parse_memory("MemTotal: 1000 kB\nMemFree: 900 kB\n");
  REQUIRE(memory);
  CHECK_FALSE(memory->available_bytes);
  CHECK_FALSE(memory_used_mib(*memory));
}

TEST_CASE("memory: more available than there is is unknown") {
  const auto memory = parse_memory("MemTotal: 1000 kB\nMemAvailable: 1001 kB\n");
  REQUIRE(memory);
  CHECK_FALSE(memory->available_bytes);
}

TEST_CASE("memory: a total without a number in kB has no meaning") {
  for (const char* text : {"", "MemTotal:\n", "MemTotal: many kB\n", "MemTotal: 0 kB\n", "MemTotal: 5\n", "MemTotal: 5 MB\n",
                           "MemTotal: 18446744073709551615 kB\n", "MemTotal: -1 kB\n", "MemTotal 5 kB\n"}) {
    CAPTURE(text);
    CHECK(parse_memory(text).error().code == ErrorCode::kMalformed);
  }
}

}  // namespace
}  // namespace capmap
