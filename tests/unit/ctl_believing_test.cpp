#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controller/ctl/clones.hpp"
#include "controller/ctl/contradictions.hpp"

using namespace capmap;

TEST_CASE("ctl: contradictions are told as a table with their texts below, and as CSV a line a finding") {
  const auto answer = ApiJson::parse(R"({"nodes": [{"id": "n-aaaaaaaaaaaaaaaaaaaaaaaaaa", "hostname": "gpu \"17\", rack 2",
      "site": {"id": "s-x", "name": "北京-1"}, "since": "2026-11-22T21:00:00.123Z", "in_totals": false,
      "findings": [{"reason": "cores_per_package", "contradicts": true, "claimed": "224", "plausible": "120", "text": "cores is 224"},
                   {"reason": "disk_size", "contradicts": true, "claimed": null, "plausible": null, "text": "too large"}]}],
      "contradicted": {"policy": "exclude", "counted": {"nodes": 0, "cores": 0, "accelerators": 0},
                       "left_out": {"nodes": 1, "cores": 224, "accelerators": 8}}})");
  const auto text = contradictions_text(answer, false);
  INFO(text);
  CHECK(text.find("n-aaaaaaaaaaaaaaaaaaaaaaaaaa") != std::string::npos);
  CHECK(text.find("cores_per_package disk_size") != std::string::npos);
  CHECK(text.find("1 node contradicted") != std::string::npos);
  CHECK(text.find("left out: 1 node, 224 cores, 8 accelerators; believe.contradicted is exclude") != std::string::npos);
  CHECK(text.find("cores is 224") != std::string::npos);
  CHECK(contradictions_csv(answer) ==
        "node,hostname,site,since,in_totals,reason,claimed,plausible,text\r\n"
        "n-aaaaaaaaaaaaaaaaaaaaaaaaaa,\"gpu \"\"17\"\", rack 2\",北京-1,2026-11-22T21:00:00.123Z,false,cores_per_package,224,120,cores is "
        "224\r\n"
        "n-aaaaaaaaaaaaaaaaaaaaaaaaaa,\"gpu \"\"17\"\", rack 2\",北京-1,2026-11-22T21:00:00.123Z,false,disk_size,,,too large\r\n");
  CHECK(contradictions_text(ApiJson::parse("{}"), false).find("0 nodes contradicted") != std::string::npos);
}

TEST_CASE("ctl: clones are told run by run, with what settles them") {
  const auto answer = ApiJson::parse(R"({"clones": [{"node": "n-aaaaaaaaaaaaaaaaaaaaaaaaaa", "site": {"id": "s-x", "name": "lab"},
      "since": "2026-11-22T21:00:00.123Z", "runs": [
        {"run": "0123456789abcdef", "hostname": "one", "last_heard": "2026-11-22T21:05:00.000Z", "refused": false},
        {"run": "fedcba9876543210", "hostname": "two", "last_heard": "2026-11-22T21:05:01.000Z", "refused": true}]}]})");
  const auto text = clones_text(answer, false);
  INFO(text);
  CHECK(text.find("0123456789abcdef") != std::string::npos);
  CHECK(text.find("fedcba9876543210 (refused)") != std::string::npos);
  CHECK(text.find("1 node out of totals") != std::string::npos);
  CHECK(text.find("nodes clones settle NODE --keep RUN") != std::string::npos);
  CHECK(clones_text(ApiJson::parse(R"({"clones": []})"), false).find("settle") == std::string::npos);
}
