// Codes of a site and its descriptors, by capmapctl against a running controller with a reporting server, and over its restart.
#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "common/csv.hpp"
#include "tests/support/deployment.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

namespace {

json rows_of(const Deployment& deployment, const char* form, const char* edition) {
  const auto ran = deployment.ctl({"export", "descriptors", "--form", form, "--edition", edition, "--json"});
  INFO(ran.output);
  REQUIRE(ran.code == 0);
  return json::parse(ran.output)["rows"];
}

json row_of(const json& rows, const std::string& site, const std::string& kind) {
  for (const auto& row : rows) {
    if (row["site"]["name"] == site && row["kind"] == kind) return row;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("export descriptors: a server's cores and memory stand in its site's texts, codes are declared, kept and withdrawn") {
  Deployment deployment;
  deployment.start();
  REQUIRE(deployment.ctl({"sites", "add", "lab", "--region", "330106", "--compute-class", "general"}).code == 0);
  REQUIRE(soon([&] { return !row_of(rows_of(deployment, "a", "k1"), "lab", "general").is_null(); }));
  const auto without = rows_of(deployment, "a", "k1");
  CHECK(row_of(without, "lab", "general")["descriptor"].is_null());
  CHECK(row_of(without, "lab", "general")["reasons"].size() == 7);

  REQUIRE(deployment
              .ctl({"sites", "codes", "lab", "--organization", "20004", "--city", "1101", "--industry", "tc", "--zone", "502",
                    "--service-type", "601009", "--pool-zone", "batch=503"})
              .code == 0);
  const TemporaryFolder folder;
  const std::string state = folder.path() + "/agent";
  const auto token = deployment.ctl({"token", "create", "--site", "lab", "--quiet"});
  REQUIRE(token.code == 0);
  const auto text = token.output.substr(0, token.output.find('\n'));
  REQUIRE(run({"capmap-agent", "join", text, "--state", state}).code == 0);
  Program agent({"capmap-agent", "--state", state});
  REQUIRE(soon([&] {  // its hello may come before its shape
    const auto row = row_of(rows_of(deployment, "b", "k1"), "lab", "cpu");
    return !row.is_null() && !row["used"]["cores"].is_null();
  }));

  const auto rows = rows_of(deployment, "b", "k1");
  const auto cpu = row_of(rows, "lab", "cpu"), memory = row_of(rows, "lab", "memory");
  INFO(rows.dump());
  const auto cores = cpu["used"]["cores"].get<std::string>();
  const auto id = cpu["site"]["id"].get<std::string>();
  CHECK(cpu["descriptor"].get<std::string>().find("K1.200043301502.C" + cores) == 0);
  CHECK(cpu["descriptor"].get<std::string>().ends_with("." + id));
  const auto gib = std::to_string(std::stoull(memory["used"]["memory_bytes"].get<std::string>()) >> 30);
  CHECK(memory["descriptor"] == "K1.200043301502.M" + gib + ".N1." + id);

  const auto csv = deployment.ctl({"export", "descriptors", "--form", "b", "--edition", "k1", "--csv"});
  const auto table = parse_csv("csv", csv.output);
  REQUIRE(table);
  CHECK(std::ranges::any_of(table->rows, [&](const auto& row) { return row.cells[5] == memory["descriptor"]; }));
  const auto shown = deployment.ctl({"export", "descriptors", "--form", "b", "--edition", "k1"});
  CHECK(shown.output.find("no national standard") != std::string::npos);
  CHECK(shown.output.find("encoder b/1") != std::string::npos);
  const auto wrong = deployment.ctl({"export", "descriptors", "--form", "c", "--edition", "k1"});
  CHECK(wrong.code == 1);
  CHECK(wrong.output.find("form: must be one of a, b") != std::string::npos);

  CHECK(deployment.stop(SIGKILL) != 0);
  deployment.start();
  // What it is was noted lazily and may be lost; then its agent tells it again.
  CHECK(eventually([&] { return row_of(rows_of(deployment, "b", "k1"), "lab", "memory")["descriptor"] == memory["descriptor"]; },
                   std::chrono::seconds(60)));
  REQUIRE(deployment.ctl({"sites", "codes", "lab", "--nothing"}).code == 0);
  REQUIRE(soon([&] { return row_of(rows_of(deployment, "b", "k1"), "lab", "memory")["descriptor"].is_null(); }));
  CHECK(deployment.ctl({"sites", "codes", "lab"}).code == 2);
  CHECK(deployment.ctl({"sites", "codes", "absent", "--zone", "502"}).code == 4);
  CHECK(deployment.stop(SIGTERM) == 0);
}
