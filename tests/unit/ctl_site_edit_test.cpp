#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controller/ctl/site_edit.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

ApiJson site() {
  return ApiJson::parse(R"({"id": "s-1", "name": "lab", "region": "1101", "owner": null, "public_compute": true, "security_level": 3,
    "latitude": 39.9, "longitude": 116.4, "pue": 1.25,
    "declared": {"nodes": 40, "memory_bytes": "1099511627776", "accelerators_by_model": {"H100 SXM5": 8}}})");
}

}  // namespace

TEST_CASE("ctl sites edit: a site's file has a line a column, and what is typed into it is what changes") {
  const auto before = site_file(site(), true);
  CHECK_THAT(before, Contains("\nregion = 1101\n") && Contains("\nowner = \n") && Contains("\npublic_compute = yes\n"));
  CHECK_THAT(before,
             Contains("\nlatitude = 39.9\n") && Contains("\npue = 1.25\n") && Contains("\ndeclared.memory_bytes = 1099511627776\n"));
  CHECK_THAT(before, Contains("declared.accelerators_by_model.H100 SXM5 = 8\n"));
  CHECK(changed_lines("f", before, before)->changed.empty());
  CHECK(changed_lines("f", before, "")->changed.empty());  // lines that are taken away change nothing
  const auto lines =
      changed_lines("f", before, "# a note\nregion=31\n  owner = A = B  \npue =\ndeclared.accelerators_by_model.H200 = 4\nname = lab\n");
  REQUIRE(lines);
  CHECK(lines->changed == SiteTexts{{"declared.accelerators_by_model.H200", "4"}, {"owner", "A = B"}, {"pue", ""}, {"region", "31"}});
  CHECK(lines->lines.at("pue") == 4);
}

TEST_CASE("ctl sites edit: coordinates that are not exact are not in the file, and a wrong line is told with its place") {
  CHECK_THAT(site_file(site(), false), !Contains("latitude") && !Contains("longitude"));
  const auto before = site_file(site(), true);
  CHECK_THAT(changed_lines("f", before, "\nregion 31\n").error().what, Catch::StartsWith("f:2: "));
  CHECK_THAT(changed_lines("f", before, "colour = red\n").error().what, Catch::StartsWith("f:1: colour: ") && Contains("region"));
  CHECK_THAT(changed_lines("f", before, "pue = 1\npue = 2\n").error().what, Catch::StartsWith("f:2: pue: ") && Contains("line 1"));
}
