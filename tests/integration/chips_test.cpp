// Rows of an operator's own, from a file through capmapctl into a running controller, and over its restart.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "controller/ctl/pages.hpp"
#include "tests/support/deployment.hpp"
#include "tests/support/http_peer.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;
using Catch::Contains;

namespace {

const std::string kTitles =
    "vendor,model,form,kind,pci_ids,names,devices_per_card,fp64,fp64_matrix,fp32,fp32_matrix,tf32,fp16,bf16,fp8,fp4,int8,int4,"
    "memory_gb,memory_bandwidth_gbs,tdp_w,confidence,unsourced,notes,source\n";

json own_cards(const Deployment& deployment) {
  json own = json::array();
  const auto answer = body_of(get(static_cast<std::uint16_t>(deployment.http_port), "/v1/chips?limit=1000"));
  for (const auto& chip : answer["chips"]) {
    if (chip["own"] == true) own.push_back(chip);
  }
  return own;
}

std::string catalog_of(const Deployment& deployment) {
  return body_of(get(static_cast<std::uint16_t>(deployment.http_port), "/v1/map?measure=nodes"))["catalog"];
}

}  // namespace

TEST_CASE("chips add: shown first, in force without a restart and after one, wrong rows told by their line, taken back whole") {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/cards.csv";
  const auto write = [&file](const std::string& rows) { std::ofstream(file) << kTitles << rows; };
  Deployment deployment;
  deployment.start();
  const auto before = catalog_of(deployment);

  write("Acme,Ninety,PCIe,npu,abcd:0090,,1,,,10,,,100,,,,200,,64,1000,300,A,,,\n");
  const auto wrong = deployment.ctl({"chips", "add", file, "--yes"});
  CHECK(wrong.code == 1);
  CHECK_THAT(wrong.output, Contains(file + ":2: source: is empty"));

  write("Acme,Ninety,PCIe,npu,abcd:0090,,1,,,10,,,100,,,,200,,64,1000,300,A,,,\"measured here, 2026-10\"\n");
  CHECK(deployment.ctl({"chips", "add", file}).code == 5);
  const auto looked = deployment.ctl({"chips", "add", file, "--dry-run"});
  CHECK(looked.code == 0);
  CHECK_THAT(looked.output, Contains("+ Acme | Ninety | PCIe") && Contains("nothing was changed"));
  CHECK(catalog_of(deployment) == before);
  const auto done = deployment.ctl({"chips", "add", file, "--yes"});
  INFO(done.output);
  REQUIRE(done.code == 0);
  REQUIRE(soon([&] { return own_cards(deployment).size() == 1; }));
  CHECK(own_cards(deployment)[0]["rates"]["fp16"] == 100'000'000);
  const auto after = catalog_of(deployment);
  CHECK_THAT(after, Catch::StartsWith(before + "-"));
  CHECK_THAT(deployment.ctl({"chips", "add", file, "--yes"}).output, Contains("nothing to change"));

  CHECK(deployment.stop(SIGKILL) != 0);
  deployment.start();
  CHECK(catalog_of(deployment) == after);
  CHECK(own_cards(deployment).size() == 1);
  CHECK(soon([&] {
    const auto names = body_of(get(static_cast<std::uint16_t>(deployment.http_port), "/v1/history/spans"))["chip_tables"];
    return std::any_of(names.begin(), names.end(), [&after](const auto& name) { return name == after; });
  }));
  const auto kept = deployment.ctl({"chips", "own", "accelerators"});
  CHECK_THAT(kept.output, Contains("\"measured here, 2026-10\""));
  CHECK_THAT(deployment.ctl({"audit"}).output, Contains("chips_changed"));

  write("");
  REQUIRE(deployment.ctl({"chips", "add", file, "--replace", "--yes"}).code == 0);
  CHECK(soon([&] { return catalog_of(deployment) == before; }));
  CHECK(own_cards(deployment).empty());
  CHECK_THAT(deployment.ctl({"chips", "reload"}).output, Contains("chip table " + before));
  CHECK(deployment.ctl({"chips", "list", "--part", "gpu"}).code == 0);
  CHECK(deployment.ctl({"chips", "unrated"}).code == 0);
  CHECK(deployment.ctl({"hardware", "--csv"}).code == 0);
  CHECK(deployment.stop(SIGTERM) == 0);
}

TEST_CASE("chips list: as CSV it is what the API tells, whether that comes in one page or in many") {
  Deployment deployment;
  deployment.start();
  const ApiConnection connection{
      .url = "http://127.0.0.1:" + std::to_string(deployment.http_port), .state = deployment.state(), .token_file = {}};
  const auto told = get(static_cast<std::uint16_t>(deployment.http_port), "/v1/chips?limit=1000", "Accept: text/csv\r\n").body;
  std::ostringstream whole, pages, refused;
  REQUIRE(api_print_csv(connection, "/v1/chips?limit=1000", whole));
  CHECK(whole.str() == told);
  REQUIRE(api_print_csv(connection, "/v1/chips?limit=7", pages));
  CHECK(pages.str() == told);
  const auto error = api_print_csv(connection, "/v1/chips?limit=nonsense", refused);
  REQUIRE_FALSE(error);
  CHECK_THAT(error.error().what, Contains("limit"));
  CHECK(refused.str().empty());
  CHECK(deployment.ctl({"chips", "list", "--csv"}).output == told);
  CHECK(deployment.ctl({"nodes", "versions", "--csv"}).output == "agent_version,os,kernel,nodes,fresh,lost\r\n");
  CHECK(deployment.stop(SIGTERM) == 0);
}
