#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controller/ctl/doubles.hpp"

using namespace capmap;

namespace {

const char* const kAnswer = R"({"doubles": [
  {"state": "suspected", "node": {"id": "n-aaaaaaaaaaaaaaaaaaaaaaaaaa", "hostname": "one, rack 2", "site": {"id": "s-x", "name": "lab"},
   "liveness": "lost"}, "other": {"id": "n-aeaaaaaaaaaaaaaaaaaaaaaaaa", "hostname": null, "site": {"id": "s-x", "name": null},
   "liveness": "fresh"}, "alike": ["uuid", "ports"], "left_out": false, "since": "2026-11-22T21:00:00.123Z", "settled": null},
  {"state": "confirmed", "node": {"id": "n-aiaaaaaaaaaaaaaaaaaaaaaaaa", "hostname": "two", "site": null, "liveness": "stale"},
   "other": {"id": "n-amaaaaaaaaaaaaaaaaaaaaaaaa", "hostname": "three", "site": null, "liveness": "fresh"}, "alike": ["ports"],
   "left_out": true, "since": null, "settled": "2026-11-23T00:00:00.000Z"}],
  "next": null, "complete": false, "suspected_nodes": 2, "left_out_nodes": 1})";

}  // namespace

TEST_CASE("ctl: doubles are told in two lines a pair, with what settles them") {
  const auto text = doubles_text(ApiJson::parse(kAnswer), false);
  INFO(text);
  CHECK(text.find("uuid ports") != std::string::npos);
  CHECK(text.find("2 nodes may be counted twice") != std::string::npos);
  CHECK(text.find("1 node left out") != std::string::npos);
  CHECK(text.find("there are more pairs") != std::string::npos);
  CHECK(text.find("confirm NODE --same-as OTHER") != std::string::npos);
  const auto left_out = text.find("n-aiaaaaaaaaaaaaaaaaaaaaaaaa"), counts = text.find("n-amaaaaaaaaaaaaaaaaaaaaaaaa");
  REQUIRE(left_out < counts);
  CHECK(text.substr(counts).find("counts alone") != std::string::npos);
  CHECK(text.substr(0, counts).find("counts alone") == std::string::npos);
  CHECK(text.find("2026-11-22T21:00\n") != std::string::npos);
  const auto none = doubles_text(ApiJson::parse(R"({"doubles": [], "complete": true})"), false);
  CHECK(none.find("0 nodes may be counted twice") != std::string::npos);
  CHECK(none.find("confirm") == std::string::npos);
}

TEST_CASE("ctl: doubles as CSV have a line a pair, and what is not known is empty") {
  CHECK(doubles_csv(ApiJson::parse(kAnswer)) ==
        "state,node,hostname,site,liveness,other,other_hostname,other_site,other_liveness,alike,left_out,since,settled\r\n"
        "suspected,n-aaaaaaaaaaaaaaaaaaaaaaaaaa,\"one, rack 2\",lab,lost,n-aeaaaaaaaaaaaaaaaaaaaaaaaa,,s-x,fresh,uuid ports,false,"
        "2026-11-22T21:00:00.123Z,\r\n"
        "confirmed,n-aiaaaaaaaaaaaaaaaaaaaaaaaa,two,,stale,n-amaaaaaaaaaaaaaaaaaaaaaaaa,three,,fresh,ports,true,,"
        "2026-11-23T00:00:00.000Z\r\n");
}
