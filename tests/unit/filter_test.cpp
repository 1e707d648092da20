#include "controller/map/filter.hpp"

#include <catch2/catch.hpp>

namespace capmap {
namespace {

std::string refusal(std::string_view text) {
  const auto filter = parse_filter(text);
  if (filter) return "accepted";
  CHECK(filter.error().code == ErrorCode::kMalformed);
  return filter.error().what;
}

TEST_CASE("filter: what can be asked is understood") {
  for (const char* text : {"region_2 = 11", "region_2 in (11, 31)", "not (site = \"北京 one\" or cores >= 64) and liveness != lost",
                           "cpu_model prefix \"AMD EPYC\"", "has(accelerator memory_gib >= 80 vendor = 10de)", "has(accelerator)",
                           "label.rack in (r1, r2) and hostname prefix gpu-", "os != \"\" or label.a.b = c"}) {
    CAPTURE(text);
    CHECK(refusal(text) == "accepted");
  }
  const auto both = parse_filter("cores > 8 and not pus < 4");
  REQUIRE(both);
  CHECK(both->kind == FilterNode::Kind::kAnd);
  REQUIRE(both->parts.size() == 2);
  CHECK(both->parts[0].field == "cores");
  CHECK(both->parts[0].compare == FilterNode::Compare::kGreater);
  CHECK(both->parts[0].values == std::vector<std::string>{"8"});
  CHECK(both->parts[1].kind == FilterNode::Kind::kNot);
}

TEST_CASE("filter: a quote stands in quoted text as two") {
  const auto filter = parse_filter(R"(site = "the ""old"" hall" and pool != """")");
  REQUIRE(filter);
  REQUIRE(filter->parts.size() == 2);
  CHECK(filter->parts[0].values == std::vector<std::string>{R"(the "old" hall)"});
  CHECK(filter->parts[1].values == std::vector<std::string>{"\""});
  CHECK_THAT(refusal(R"(site = "a"" )"), Catch::StartsWith("at 8: ") && Catch::Contains("a quote without an end"));
}

TEST_CASE("filter: a mistake is answered with its place") {
  CHECK_THAT(refusal(""), Catch::StartsWith("at 1: "));
  CHECK_THAT(refusal("region_2 11"), Catch::StartsWith("at 10: "));
  CHECK_THAT(refusal("region_2 = 11 and"), Catch::StartsWith("at 18: "));
  CHECK_THAT(refusal("colour = red"), Catch::StartsWith("at 1: ") && Catch::Contains("colour"));
  CHECK_THAT(refusal("label.Rack = red"), Catch::StartsWith("at 1: ") && Catch::Contains("label.Rack"));
  CHECK_THAT(refusal("kernel > 6"), Catch::StartsWith("at 8: ") && Catch::Contains("is not a number"));
  CHECK_THAT(refusal("cores > many"), Catch::StartsWith("at 9: "));
  CHECK_THAT(refusal("(cores > 8"), Catch::StartsWith("at 11: "));
  CHECK_THAT(refusal("cores > 8) and"), Catch::StartsWith("at 10: "));
  CHECK_THAT(refusal("site = \"open"), Catch::StartsWith("at 8: "));
}

TEST_CASE("filter: depth, length and number of tests are bounded") {
  CHECK(refusal(std::string(kMaxFilterDepth + 1, '(') + "cores > 8" + std::string(kMaxFilterDepth + 1, ')')) != "accepted");
  CHECK(refusal(std::string(kMaxFilterBytes, ' ') + "cores > 8") != "accepted");
  std::string many = "cores > 8";
  for (std::size_t i = 0; i < kMaxFilterTests; ++i) many += " or cores > 8";
  CHECK(refusal(many) != "accepted");
  for (const char* noise : {"\x01\x02", "and", "not", "in in in", "has(", "has(accelerator", "\"\"", "((((", "cores >", "= = ="}) {
    CAPTURE(noise);
    CHECK(refusal(noise) != "accepted");
  }
}

}  // namespace
}  // namespace capmap
