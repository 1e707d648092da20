#include "controller/store/columns.hpp"

#include <catch2/catch.hpp>

#include "controller/store/fixed_point.hpp"
#include "controller/store/store.hpp"

using namespace capmap;

namespace {

std::string refusal(const std::string& column, const std::string& text) {
  Site site;
  const auto set = site_column(column)->set(site, text);
  return set ? "taken as " + site_column(column)->text(site) : set.error().what;
}

Result<Done> valid_with(const std::string& column, const std::string& text) {
  Site site;
  site.name = "x";
  REQUIRE(site_column(column)->set(site, text));
  return validate_site(site);
}

}  // namespace

TEST_CASE("fixed point: decimals are read exactly, and written as short as they can be") {
  CHECK(parse_fixed("39.9042", 6) == 39'904'200);
  CHECK(parse_fixed("-0.5", 6) == -500'000);
  CHECK(parse_fixed("12", 3) == 12'000);
  CHECK(parse_fixed("1.2500000", 3) == 1'250);
  CHECK(parse_fixed("999999999999", 6) == 999'999'999'999'000'000);
  for (const char* text : {"", "-", ".5", "1.", "1.2345", "1e3", "+1", "1.2.3", "--1", " 1", "nan", "0x1", "1234567890123", "1,5"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_fixed(text, 3).has_value());
  }
  CHECK(fixed_text(39'904'200, 6) == "39.9042");
  CHECK(fixed_text(-500, 3) == "-0.5");
  CHECK(fixed_text(-1, 6) == "-0.000001");
  CHECK(fixed_text(7, 0) == "7");
  CHECK(fixed_text(0, 6) == "0");
}

TEST_CASE("columns: each takes back what it writes, nothing said is nothing declared, and what no column takes is told with its bounds") {
  Site site;
  site.name = "n";
  for (const auto& [column, text] : {std::pair{"region", "1101"},
                                     {"owner", "o"},
                                     {"security_level", "0"},
                                     {"filing_number", "7-1"},
                                     {"public_compute", "false"},
                                     {"latitude", "-90"},
                                     {"longitude", "179.999999"},
                                     {"pue", "1"},
                                     {"green_share", "1000"},
                                     {"declared.nodes", "0"},
                                     {"declared.storage_bytes", "9223372036854775807"},
                                     {"declared.accelerators_by_model.A.b=c", "3"}}) {
    CAPTURE(column);
    REQUIRE(site_column(column)->set(site, text));
    CHECK(site_column(column)->text(site) == text);
  }
  CHECK(validate_site(site));
  Site copy;
  for (const auto& name : column_names(RecordKind::kSites)) REQUIRE(site_column(name)->set(copy, site_column(name)->text(site)));
  copy.declared.accelerators_by_model = site.declared.accelerators_by_model;
  CHECK(copy == site);
  for (const auto& name : column_names(RecordKind::kSites)) REQUIRE(site_column(name)->set(copy, ""));
  REQUIRE(site_column("declared.accelerators_by_model.A.b=c")->set(copy, ""));
  CHECK(copy == Site{});

  CHECK(refusal("latitude", "90.1") == "must be a number of at most 6 places from -90 to 90, not \"90.1\"");
  CHECK(refusal("longitude", "12.1234567").find("at most 6 places") != std::string::npos);
  CHECK(refusal("pue", "0.99") == "must be a number of at most 3 places from 1 to 5, not \"0.99\"");
  CHECK(refusal("green_share", "0.3") == "must be a whole number from 0 to 1000, not \"0.3\"");
  CHECK(refusal("security_level", "6") == "must be a whole number from 0 to 5, not \"6\"");
  CHECK(refusal("public_compute", "maybe") == "must be true or false, not \"maybe\"");
  CHECK(refusal("declared.cores", "-1").find("from 0 to 1000000000") != std::string::npos);
  CHECK(refusal("declared.accelerators_by_model.H", "x").find("must be a whole number") != std::string::npos);
  CHECK_FALSE(site_column("declared.accelerators_by_model.").has_value());
  CHECK_FALSE(site_column("id").has_value());
  CHECK(check_column(RecordKind::kLinks, "mbps").error().what ==
        "no column of links is called that; they are name, from, to, gbps, km, ms");
}

TEST_CASE("columns: a coordinate alone is refused, and words of owners and links are held to their lists") {
  CHECK(valid_with("latitude", "1").error().what == "longitude: must be declared with latitude, or neither");
  CHECK(valid_with("longitude", "1").error().what == "latitude: must be declared with longitude, or neither");
  CHECK(validate_owner({.name = "o", .owner_class = "rich"}).error().what.find("owner_class: \"rich\" is not one of government") == 0);
  CHECK(validate_owner({.name = "", .owner_class = ""}).error().what.find("name: ") == 0);
  TrunkLink link{.name = "l", .from = {}, .to = {}, .gbps = 0, .km = {}, .latency_us = {}};
  CHECK(validate_link(link).error().what == "gbps: must be 1 to 10000000");
  link.gbps = 400;
  CHECK(validate_link(link));
  Site site;
  site.owner_class = "private";
  CHECK(*owner_class_of(site, {.name = "o", .owner_class = ""}) == "private");
  CHECK_FALSE(owner_class_of(site, {.name = "o", .owner_class = "government"}));
  site.owner_class.clear();
  CHECK(*owner_class_of(site, {.name = "o", .owner_class = "government"}) == "government");
}
