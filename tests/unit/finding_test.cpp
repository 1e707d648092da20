#include "common/finding.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace capmap {
namespace {

const Findings kMixed = {{"state", Health::kWell, "/var/lib/capmap-agent: mode 0700", {}},
                         {"keys", Health::kBroken, "agent.key: others may \"read\" it", "chmod 600 agent.key"},
                         {"clock", Health::kWarning, "follows no other clock", "run a time service"}};

TEST_CASE("finding: what a doctor ends with is the worst it found") {
  CHECK(doctor_exit({}) == 0);
  CHECK(doctor_exit({{"a", Health::kWell, "x", {}}, {"b", Health::kNote, "y", {}}}) == 0);
  CHECK(doctor_exit({{"a", Health::kWarning, "x", {}}, {"b", Health::kNote, "y", {}}}) == 0);
  CHECK(doctor_exit(kMixed) == 1);
}

TEST_CASE("finding: a page has a line each, its fix below, and a sum") {
  const auto page = findings_text(kMixed);
  CHECK(page ==
        "well     state         /var/lib/capmap-agent: mode 0700\n"
        "broken   keys          agent.key: others may \"read\" it\n"
        "                       fix: chmod 600 agent.key\n"
        "warning  clock         follows no other clock\n"
        "                       fix: run a time service\n"
        "1 broken, 1 warnings, 0 notes, 1 well\n");
}

TEST_CASE("finding: JSON carries the same, whatever bytes stand in a path") {
  auto findings = kMixed;
  findings.push_back({"tls", Health::kNote, std::string("/etc/\xff\x1b[2J\\\"\n\0x", 15), {}});
  const auto json = nlohmann::json::parse(findings_json(findings));
  CHECK(json["schema"] == 1);
  CHECK(json["worst"] == "broken");
  REQUIRE(json["findings"].size() == 4);
  CHECK(json["findings"][1]["what"] == "agent.key: others may \"read\" it");
  CHECK(json["findings"][1]["fix"] == "chmod 600 agent.key");
  CHECK(json["findings"][0]["fix"].is_null());
  CHECK(json["findings"][3]["what"] == "/etc/??[2J\\\"??x");
  CHECK(nlohmann::json::parse(findings_json({}))["worst"] == "well");
}

}  // namespace
}  // namespace capmap
