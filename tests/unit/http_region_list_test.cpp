#include <catch2/catch.hpp>

#include "controller/http/region_list_json.hpp"

using namespace capmap;

namespace {

std::string why(const std::string& body) {
  const auto read = read_region_import(body);
  return read ? "" : read.error().what;
}

}  // namespace

TEST_CASE("http region list: rows are read in any order of rows and members") {
  const auto read =
      read_region_import(R"({"regions":[{"name":"b","code":"1101"},{"code":"11","name":"a","name_en":"A"}],"dry_run":true,"year":2024})");
  REQUIRE(read);
  CHECK(read->dry_run);
  CHECK(read->list.year == 2024);
  CHECK(read->list.rows == std::vector<ListedRegion>{{.code = "11", .name = "a", .name_en = "A", .year = 2024},
                                                     {.code = "1101", .name = "b", .name_en = {}, .year = 2024}});
  CHECK_FALSE(read_region_import(R"({"year":2024,"regions":[{"code":"11","name":"a"}]})")->dry_run);
}

TEST_CASE("http region list: what has another form is refused with its place") {
  CHECK(why("") == "body: not JSON at byte 1");
  CHECK(why("[]") == "body: must be a JSON object");
  CHECK(why("7") == "body: must be a JSON object");
  CHECK(why("{}") == "year: of which year is the list?");
  CHECK(why(R"({"year":2024})") == "regions: there is none");
  CHECK(why(R"({"year":1979})") == "year: must be a whole number from 1980 to 2100");
  CHECK(why(R"({"year":"2024"})") == "year: must be a whole number from 1980 to 2100");
  CHECK(why(R"({"year":null})") == "year: must be a whole number from 1980 to 2100");
  CHECK(why(R"({"dry_run":1})") == "dry_run: must be true or false");
  CHECK(why(R"({"regions":{}})") == "regions: must be an array");
  CHECK(why(R"({"regions":[7]})") == "regions: must be objects with code and name");
  CHECK(why(R"({"regions":[[]]})") == "regions: must be objects with code and name");
  CHECK(why(R"({"regions":[{"code":11}]})") == "regions[0]: code: must be a text");
  CHECK(why(R"({"regions":[{"code":{}}]})") == "regions[0]: code: must be a text");
  CHECK(why(R"({"regions":[{"code":[]}]})") == "regions[0]: code: must be a text");
  CHECK(why(R"({"regions":[{"code":"11","name":null}]})") == "regions[0]: name: must be a text");
  CHECK(why(R"({"regions":[{"code":"11","name":"a"},{"code":"11"}]})") == "regions[1]: name: is empty");
  CHECK(why(R"({"regions":[{"code":"11","name":"a"},{}]})").find("regions[1]: code: \"\" is not 2, 4 or 6 digits") == 0);
  CHECK(why(R"({"regions":[{"code":"11","code":"12"}]})") == "regions[0]: \"code\" stands there twice");
  CHECK(why(R"({"regions":[{"parent":"11"}]})") == "regions[0]: no member is called \"parent\"; known are code, name, name_en");
  CHECK(why(R"({"years":2024})") == "body: no member is called \"years\"; known are year, regions, dry_run");
  CHECK(why(R"({"year":2024,"year":2024})") == "body: \"year\" stands there twice");
  CHECK(why(R"({"year":2024,"regions":[{"code":"11","name":"a"},{"code":"11","name":"b"}]})") == "regions: code 11 stands there twice");
  CHECK(why(R"({"year":2024,"regions":[{"code":"11","name":"a")").find("body: not JSON at byte") == 0);
  std::string many = R"({"year":2024,"regions":[)";
  for (std::size_t i = 0; i <= kMostListedRegions; ++i) many += R"({"code":"11","name":"a"},)";
  CHECK(why(many) == "regions: more than 10000");
}
