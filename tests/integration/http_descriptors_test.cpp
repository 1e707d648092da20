#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/csv.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

namespace {

constexpr const char* kPath = "/v1/export/descriptors?form=";

/// The small view with codes and a class at its first site, and a pool without nodes.
std::shared_ptr<MapView> coded_view(std::uint64_t at_boot_ms) {
  auto view = small_view(at_boot_ms);
  auto site = std::make_shared<Site>(*view->sites[1]);
  site->compute_class = "general";
  site->region = "110108";
  site->codes = {{"organization", "20004"}, {"city", "1101"}, {"industry", "tc"}, {"zone", "502"}, {"service_type", "601009"}};
  view->sites[1] = site;
  auto pool = std::make_shared<Pool>();
  pool->id.bytes[0] = 3;
  pool->site = site->id;
  pool->name = "=batch";  // a formula, to a spreadsheet
  view->pools = {nullptr, pool};
  auto hardware = std::make_shared<HardwareRow>(*view->hardware[1]);
  hardware->peak.cpu[static_cast<std::size_t>(Precision::kFp32)] = 6'000'000;
  view->hardware[1] = hardware;
  return view;
}

}  // namespace

TEST_CASE("http descriptors: form a has a text where all codes are declared, and reasons elsewhere, with what went in") {
  HttpWorld world;
  world.view.publish(coded_view(world.clock.boot_ms()));
  const auto answer = body_of(get(world.port, std::string(kPath) + "a&edition=k1"));
  CHECK(answer["encoder"] == "a/1");
  CHECK(answer["revision"] == 41);
  CHECK(answer["at"] == "2026-09-21T14:13:20.123Z");
  CHECK(answer["inferred"].get<std::string>().find("20265037-Z-907") != std::string::npos);
  CHECK(answer["next"].is_null());
  REQUIRE(answer["rows"].size() == 3);
  std::map<std::string, json> rows;
  for (const auto& row : answer["rows"]) rows[row["site"]["name"].get<std::string>() + (row["pool"].is_null() ? "" : "/pool")] = row;
  const auto& whole = rows["北京 \"one\""];
  INFO(whole.dump());
  CHECK(whole["kind"] == "general");
  CHECK(whole["descriptor"] == "1101tc200044011101502601009F18S23N600P1");
  CHECK(whole["used"]["cpu_peak_fp32_mflops"] == "18000000");
  CHECK(whole["used"]["storage_bytes"] == "23040000000000");
  CHECK(whole["incomplete"].size() == 4);
  CHECK(rows["北京 \"one\"/pool"]["descriptor"].is_null());
  CHECK(rows["bare"]["kind"].is_null());
  CHECK(rows["bare"]["reasons"] == json::array({"kind: its compute class is not declared"}));

  const auto available = body_of(get(world.port, std::string(kPath) + "a&edition=k2"));
  for (const auto& row : available["rows"]) {
    if (row["site"]["name"] != whole["site"]["name"] || !row["pool"].is_null()) continue;
    CHECK(row["reasons"] == json::array({"S: no node tells how much storage is free"}));
  }
}

TEST_CASE("http descriptors: form b has a row a resource, pages follow each other, and CSV says the same") {
  HttpWorld world;
  world.view.publish(coded_view(world.clock.boot_ms()));
  std::vector<json> rows;
  std::string cursor;
  for (int page = 0; page < 3; ++page) {
    const auto answer = body_of(get(world.port, std::string(kPath) + "b&edition=k1&limit=1" + cursor));
    for (const auto& row : answer["rows"]) rows.push_back(row);
    if (answer["next"].is_null()) break;
    cursor = "&cursor=" + answer["next"].get<std::string>();
  }
  std::map<std::string, json> kinds;
  for (const auto& row : rows) {
    if (row["pool"].is_null() && row["site"]["name"] != "bare") kinds[row["kind"].get<std::string>()] = row;
  }
  REQUIRE(kinds.size() == 4);
  const auto id = kinds["cpu"]["site"]["id"].get<std::string>();
  CHECK(kinds["cpu"]["descriptor"] == "K1.200041101502.C144F18.P6." + id);
  CHECK(kinds["accelerator"]["descriptor"] == "K1.200041101502.A24.Example_NPU=24." + id);
  CHECK(kinds["memory"]["descriptor"] == "K1.200041101502.M3072.N4." + id);
  CHECK(kinds["storage"]["descriptor"] == "K1.200041101502.S23.N4F23." + id);
  CHECK(kinds["accelerator"]["left_out"] == json::array({"peak: no accelerator here has a sourced fp16 peak"}));

  const auto csv = get(world.port, std::string(kPath) + "b&edition=k1", "Accept: text/csv\r\n");
  CHECK(csv.headers.at("Content-Type") == "text/csv; charset=utf-8");
  const auto table = parse_csv("csv", csv.body);
  REQUIRE(table);
  REQUIRE(table->rows.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CHECK(table->rows[i].cells[0] == rows[i]["site"]["id"]);
    CHECK(table->rows[i].cells[5] == (rows[i]["descriptor"].is_null() ? "" : rows[i]["descriptor"].get<std::string>()));
    CHECK(table->rows[i].cells[9] == "b/1");
    if (!rows[i]["pool"].is_null()) CHECK(table->rows[i].cells[3] == "'=batch");
  }
  const auto first = get(world.port, std::string(kPath) + "b&edition=k1&limit=1", "Accept: text/csv\r\n");
  CHECK(first.headers.at("Link") == "</v1/export/descriptors?form=b&edition=k1&limit=1&cursor=1>; rel=\"next\"");
}

TEST_CASE("http descriptors: a form or edition that is not known is refused with those that are") {
  HttpWorld world;
  world.view.publish(coded_view(world.clock.boot_ms()));
  const auto refused = get(world.port, std::string(kPath) + "c&edition=k1");
  CHECK(refused.status == 400);
  CHECK(body_of(refused)["known"] == json::array({"a", "b"}));
  CHECK(body_of(get(world.port, std::string(kPath) + "a&edition=k3"))["known"] == json::array({"k1", "k2"}));
  CHECK(get(world.port, std::string(kPath) + "a&edition=k1&limit=101").status == 400);
  CHECK(get(world.port, std::string(kPath) + "a&edition=k1&cursor=x").status == 400);
  CHECK(body_of(get(world.port, std::string(kPath) + "a&edition=k1&cursor=7"))["rows"].empty());
  const auto coded =
      body_of(post(world.port, "/v1/sites/x/codes", R"({"zone":"502","industry":null,"pool_zones":{"a.b":"1"}})", kAdminToken));
  CHECK(coded["codes"] == json({{"zone", "502"}, {"pool_zones", {{"a.b", "1"}}}}));
  CHECK(post(world.port, "/v1/sites/x/codes", R"({"zone":"5 2"})", kAdminToken).status == 400);
  CHECK(post(world.port, "/v1/sites/x/codes", R"({"zones":"52"})", kAdminToken).status == 400);
}
