#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controller/ctl/commands.hpp"

using namespace capmap;
using Catch::Contains;

TEST_CASE("a moment is a time, a day, or how long ago", "[ctl]") {
  constexpr std::uint64_t kNow = 1'790'000'000'123;  // 2026-09-21T14:13:20.123Z
  CHECK(*parse_moment("--at", "2026-11-22T21:00:00Z", kNow) == "2026-11-22T21:00:00Z");
  CHECK(*parse_moment("--at", "2026-11-22T21:00:00.250Z", kNow) == "2026-11-22T21:00:00.250Z");
  CHECK(*parse_moment("--at", "2026-11-22", kNow) == "2026-11-22T00:00:00Z");
  CHECK(*parse_moment("--at", "1h", kNow) == "2026-09-21T13:13:20.123Z");
  for (const char* wrong : {"yesterday", "2026-11-2", "2026-11-22 21:00", "-3d", "2026/11/22", "12"}) {
    CAPTURE(wrong);
    const auto refused = parse_moment("--since", wrong, kNow);
    REQUIRE_FALSE(refused.ok());
    CHECK_THAT(refused.error().what, Contains(std::string("--since: \"") + wrong) && Contains("2026-11-22T21:00:00Z"));
  }
}

TEST_CASE("growth tells what is there and what has come or gone, also of groups that were not there or are no more", "[ctl]") {
  const auto group = [](const char* region, int nodes, const char* bytes) {
    return ApiJson{{"key", {{"region_2", region}}},          {"nodes", {{"installed", nodes}}},    {"cpu", {{"cores", nodes * 64}}},
                   {"memory", {{"installed_bytes", bytes}}}, {"accelerators", {{"installed", 0}}}, {"storage", {{"installed_bytes", "0"}}}};
  };
  const ApiJson then = {{"by", {"region_2"}},
                        {"as_of", "2026-11-01T00:00:00.000Z"},
                        {"chips", "7"},
                        {"groups", {group("11", 10, "10995116277760"), group("31", 3, "0")}},
                        {"total", group("", 13, "10995116277760")}};
  const ApiJson now = {{"by", {"region_2"}},
                       {"at", "2026-11-29T00:00:00.000Z"},
                       {"groups", {group("11", 8, "13194139533312"), group("44", 1'200, "0")}},
                       {"total", group("", 1'208, "13194139533312")}};
  const auto text = growth_text(then, now, false);
  CHECK_THAT(text, Contains("from 2026-11-01T00:00:00.000Z to 2026-11-29T00:00:00.000Z") && Contains("chip table 7"));
  CHECK_THAT(text,
             Contains("-2") && Contains("-128") && Contains("+2.00 TiB") && Contains("+1,200") && Contains("-3") && Contains("+1,195"));
}

TEST_CASE("events are told with what differs", "[ctl]") {
  const ApiJson answer = {{"events",
                           {{{"at", "2026-11-22T21:00:00.000Z"},
                             {"kind", "changed"},
                             {"node", "n-aaaaaaaaaaaaaaaaaaaaaaaaae"},
                             {"changed", {{"hardware.cores", {{"from", 64}, {"to", 128}}}}}},
                            {{"at", "2026-11-22T22:00:00.000Z"},
                             {"kind", "left"},
                             {"node", "n-aaaaaaaaaaaaaaaaaaaaaaaaae"},
                             {"from", {{"site_name", "lab\x1b[2J"}}},
                             {"to", nullptr}},
                            {{"at", "2026-11-22T23:00:00.000Z"}, {"kind", "missed"}, {"node", nullptr}}}}};
  const auto text = events_text(answer, false);
  CHECK_THAT(text, Contains("hardware.cores: 64 → 128") && Contains("from lab") && Contains("missed"));
  CHECK(text.find('\x1b') == std::string::npos);
}
