#include "agent/measured.hpp"

#include <catch2/catch.hpp>

#include "tests/support/fake_host.hpp"

namespace capmap {
namespace {

Measured example() {
  Measured measured;
  measured.at_unix_s = 1'795'000'000;
  measured.seconds = 10;
  measured.threads = 96;
  measured.fp64_gemm_mflops = 2'500'000'000;
  measured.disk_read_mbs = 6'900;
  measured.conditions = {"cpu.max allows 4.5 of 96 PUs", "memory_triad skipped: key=value"};
  return measured;
}

TEST_CASE("measured: lines come back as they were, and what was not measured stays absent") {
  const auto back = parse_measured(measured_lines(example()));
  REQUIRE(back);
  CHECK(*back == example());
  CHECK_FALSE(back->memory_mbs);
}

TEST_CASE("measured: lines without a time, with unknown words or numbers that are none are refused by the line") {
  CHECK(parse_measured("").error().what == "measured: at_unix_s is missing");
  CHECK(parse_measured("at_unix_s=0\n").error().code == ErrorCode::kMalformed);
  for (const char* line : {"colour=5", "threads=-1", "seconds=5000000000", "fp64_gemm_mflops=nan", "memory_mbs", "disk_read_mbs=1e3"}) {
    CHECK_THAT(parse_measured("at_unix_s=5\n" + std::string(line) + "\n").error().what, Catch::Contains(line));
  }
  std::string many = "at_unix_s=5\n";
  for (int i = 0; i < 100; ++i) many += "condition=x\n";
  CHECK(parse_measured(many)->conditions.size() == 16);
}

TEST_CASE("measured: the state folder keeps the newest") {
  const test::FakeHost host;
  const std::string state = host.root().path();
  CHECK(read_measured(state).error().code == ErrorCode::kAbsent);
  REQUIRE(write_measured(state, example()));
  CHECK(*read_measured(state) == example());
  CHECK(write_measured(state + "/absent/folder", example()).error().code == ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace capmap
