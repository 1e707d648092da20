#include <catch2/catch.hpp>

#include "controller/ctl/units.hpp"

using namespace capmap;

TEST_CASE("storage is decimal and memory binary, three digits each") {
  CHECK(storage_text(0) == "0 B");
  CHECK(storage_text(999) == "999 B");
  CHECK(storage_text(3'840'000'000'000) == "3.84 TB");
  CHECK(storage_text(12'345'000'000'000) == "12.3 TB");
  CHECK(memory_text(1'536ULL << 30) == "1.50 TiB");
  CHECK(memory_text(1'023ULL << 30) == "1,023 GiB");
  CHECK(memory_text(1'000ULL << 30) == "1,000 GiB");
}

TEST_CASE("a value that would round up to the next unit is shown in it") {
  CHECK(storage_text(999'999) == "1.00 MB");
  CHECK(storage_text(999'400) == "999 kB");
  CHECK(memory_text((1ULL << 40) - 1) == "1.00 TiB");
  CHECK(flops_text(999'999'999) == "1.00 PFLOP/s");
}

TEST_CASE("three digits are kept where rounding gains one") {
  CHECK(storage_text(9'996'000) == "10.0 MB");
  CHECK(storage_text(99'960'000) == "100 MB");
}

TEST_CASE("national sums beyond 64 bits are read and shown") {
  const auto bytes = parse_wide("36893488147419103232");  // 2^65
  REQUIRE(bytes);
  CHECK(storage_text(*bytes) == "36.9 EB");
  CHECK(memory_text(*bytes) == "32.0 EiB");
  CHECK(count_text(*bytes) == "36,893,488,147,419,103,232");
}

TEST_CASE("only decimal digits that fit 128 bits are an amount") {
  CHECK(parse_wide("340282366920938463463374607431768211455") == ~WideAmount{0});
  CHECK_FALSE(parse_wide("340282366920938463463374607431768211456"));
  for (const char* text : {"", "-1", "+1", "1.5", "1e3", " 1", "0x10", "9999999999999999999999999999999999999999"})
    CHECK_FALSE(parse_wide(text));
}

TEST_CASE("peaks go from MFLOP/s to EFLOP/s, integer rates say OP/s, links say bit/s") {
  CHECK(flops_text(500) == "500 MFLOP/s");
  CHECK(flops_text(3'072'000) == "3.07 TFLOP/s");
  CHECK(flops_text(1'979'000'000'000) == "1.98 EFLOP/s");
  CHECK(ops_text(3'958'000'000) == "3.96 POP/s");
  CHECK(bandwidth_text(100) == "100 Mbit/s");
  CHECK(bandwidth_text(25'000) == "25.0 Gbit/s");
}

TEST_CASE("counts, cores and shares read as people write them") {
  CHECK(count_text(0) == "0");
  CHECK(count_text(20'000'000) == "20,000,000");
  CHECK(cores_text(0) == "0.0");
  CHECK(cores_text(12'449) == "12.4");
  CHECK(cores_text(12'450) == "12.5");
  CHECK(cores_text(1'234'567'890) == "1,234,567.9");
  CHECK(watts_text(480) == "480 W");
  CHECK(watts_text(1'234'000) == "1.23 MW");
  CHECK(share_text(0) == "0.0 %");
  CHECK(share_text(1'000) == "100.0 %");
}

TEST_CASE("an age is short while it is young") {
  CHECK(age_text(0) == "0.0 s");
  CHECK(age_text(449) == "0.4 s");
  CHECK(age_text(25'000) == "25 s");
  CHECK(age_text(180'000) == "3.0 min");
  CHECK(age_text(9'000'000) == "2.5 h");
  CHECK(age_text(86'400'000ULL * 12) == "12 d");
  CHECK(age_text(UINT64_MAX) == "unknown");
}

TEST_CASE("a time is shown in UTC") {
  CHECK(utc_text(1'700'000'000'123) == "2023-11-14 22:13:20 UTC");
}

TEST_CASE("a lifetime is a whole number and its unit, up to a year") {
  CHECK(*parse_duration_ms("90s") == 90'000);
  CHECK(*parse_duration_ms("30m") == 1'800'000);
  CHECK(*parse_duration_ms("24h") == 86'400'000);
  CHECK(*parse_duration_ms("365d") == 365 * 86'400'000ULL);
  for (const char* text : {"", "h", "24", "0h", "-1h", "1.5h", "24 h", "366d", "99999999d", "24hours", "18446744073709551615s"}) {
    const auto refused = parse_duration_ms(text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kMalformed);
    CHECK_THAT(refused.error().what, Catch::Contains("such as 24h"));
  }
}
