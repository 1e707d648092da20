#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controller/ctl/history.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

/// Two days by hours from midnight on: use is 10 % in the morning and 60 % from 12 o'clock on; hour 36 is not known.
ApiJson answer(std::size_t groups) {
  ApiJson used = ApiJson::array(), free = ApiJson::array();
  for (int hour = 0; hour < 48; ++hour) {
    const std::uint64_t busy = hour % 24 < 12 ? 10'000 : 60'000;
    used.push_back(hour == 36 ? ApiJson(nullptr) : ApiJson(busy));
    free.push_back(100'000 - busy);
  }
  ApiJson out = {{"from", "2026-11-22T00:00:00.000Z"},
                 {"grain", "1h"},
                 {"step_ms", 3'600'000},
                 {"steps", 48},
                 {"sampled_by", "1m"},
                 {"why_coarser", nullptr},
                 {"groups", ApiJson::array()}};
  for (std::size_t i = 0; i < groups; ++i) {
    out["groups"].push_back({{"key", {{"region_2", i == 0 ? ApiJson("11") : ApiJson(nullptr)}}},
                             {"figures", {{"cpu_used_millicores", {{"mean", used}}}, {"cpu_free_millicores", {{"mean", free}}}}}});
  }
  return out;
}

}  // namespace

TEST_CASE("ctl history: one group has its percentiles, a line of bars, and both by hour of the day") {
  const auto text = history_text(answer(1), "cpu_use", false);
  CHECK_THAT(text, Contains("cpu_use from 2026-11-22T00:00:00.000Z on, 48 steps of 1h"));
  CHECK_THAT(text, Contains("11     10.0  60.0  60.0     10.0 %  60.0 %  ▁▁▁▁▁▁▁▁▁▁▁▁▅▅▅▅▅▅▅▅▅▅▅▅▁▁▁▁▁▁▁▁▁▁▁▁·▅▅▅▅▅▅▅▅▅▅▅"));
  CHECK_THAT(text, Contains("05:00           2  10.0 %  10.0 %"));
  CHECK_THAT(text, Contains("12:00           1  60.0 %  60.0 %"));  // hour 36 is not known
  CHECK_THAT(text, Contains("23:00           2  60.0 %  60.0 %"));
}

TEST_CASE("ctl history: several groups are one line each, and what is missing or strange is said") {
  const auto text = history_text(answer(2), "cpu_use", false);
  CHECK_THAT(text, Contains("\n–      10.0"));
  CHECK_THAT(text, !Contains("HOUR"));
  auto coarse = answer(1);
  coarse["step_ms"] = 86'400'000;
  coarse["why_coarser"] = "an answer has at most 2016 steps";
  const auto days = history_text(coarse, "cpu_use", false);
  CHECK_THAT(days, Contains("(an answer has at most 2016 steps)"));
  CHECK_THAT(days, Contains("ask for steps of an hour or less"));
  CHECK_THAT(history_text(answer(0), "power", false), Contains("nothing was sampled then"));
  CHECK_THAT(history_text(answer(1), "power", false), Contains("–"));
  for (const char* odd : {"{}", "[]", R"({"groups":[{}]})", R"({"groups":[{"figures":{"cpu_used_millicores":{"mean":[-1,"x",2.5]}}}]})",
                          R"({"from":"9999","step_ms":1,"groups":[{"figures":{"cpu_used_millicores":{"mean":[1,2]}}}]})"}) {
    CHECK_FALSE(history_text(ApiJson::parse(odd), "cpu_use", false).empty());
  }
}
