// The bulletin over HTTP: the map's own figures, beside what others published, in every form, within a scope.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controller/http/bulletin.hpp"
#include "controller/map/headlines.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"
#include "tests/support/small_view.hpp"

using namespace capmap;
using namespace capmap::support;
using Catch::Contains;
using nlohmann::json;

TEST_CASE("bulletin: every figure of the total is the map's, and its groups add up") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto map = body_of(get(world.port, "/v1/map"))["total"];
  const auto bulletin = body_of(get(world.port, "/v1/bulletin"));
  for (const char* part : {"nodes", "cpu", "accelerators", "storage", "stale_permille", "unrated_permille"}) {
    INFO(part);
    auto ours = bulletin["total"][part];
    if (part == std::string("accelerators")) ours["by_model"] = map[part]["by_model"];  // asked for by who wants models
    auto maps = map[part];
    // Of healthy nodes the bulletin says nothing.
    for (const char* of_health : {"healthy", "available"}) {
      if (maps.is_object() && part != std::string("nodes")) maps.erase(of_health);
    }
    CHECK(ours == maps);
  }
  CHECK(bulletin["total"]["peak"]["cpu"]["fp32_mflops"] == map["peak"]["cpu"]["fp32_mflops"]);
  for (const char* groups : {"by_region", "by_hub", "by_compute_class", "by_owner_class"}) {
    INFO(groups);
    std::uint64_t nodes = 0;
    for (const auto& row : bulletin[groups]) nodes += row["nodes"]["installed"].get<std::uint64_t>();
    CHECK(nodes == map["nodes"]["installed"]);
  }
  REQUIRE(bulletin["published"].size() == headlines().size());
  for (const auto& one : bulletin["published"]) {
    CHECK(one["source"].get<std::string>().size() > 10);
    CHECK(!one["basis"].get<std::string>().empty());
  }
}

TEST_CASE("bulletin: as Markdown, page and CSV, in both languages, with what it leaves out") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto english = get(world.port, "/v1/bulletin?format=md").body, chinese = get(world.port, "/v1/bulletin?format=md&lang=zh").body;
  CHECK_THAT(english, Contains("# Computing capacity bulletin") && Contains("| racks | not measured |") && Contains("788 EFLOPS (FP16;") &&
                          Contains("servers of unknown hardware | 1 |") && Contains("precisions are never added"));
  CHECK_THAT(chinese, Contains("# 算力公报") && Contains("| 标准机架 | 不测量 |") && Contains("硬件未知的服务器 | 1 |"));
  const auto page = get(world.port, "/v1/bulletin?format=html&lang=zh");
  CHECK_THAT(page.body, Catch::StartsWith("<!doctype html><html lang=\"zh-CN\">") && Contains("<svg role=\"img\"") && !Contains("<script"));
  CHECK_THAT(page.headers.at("Content-Security-Policy"), Catch::StartsWith("default-src 'none'; style-src 'sha256-"));
  const auto csv = get(world.port, "/v1/bulletin", "Accept: text/csv\r\n");
  CHECK_THAT(csv.body, Catch::StartsWith("table,row,column,unit,value\r\n") && Contains("\r\nPeak by precision,fp32,CPUs,MFLOP/s,"));
  CHECK(csv.body == get(world.port, "/v1/bulletin?format=csv").body);
  const auto refused = get(world.port, "/v1/bulletin?format=pdf");
  CHECK(refused.status == 400);
  CHECK_THAT(refused.body, Contains("format is \\\"pdf\\\": one of json, csv, md, html"));
  CHECK(get(world.port, "/v1/bulletin?lang=fr").status == 400);
}

TEST_CASE("bulletin: what a name holds is no markup, and no row of a table of Markdown is broken by it") {
  BulletinDocument document{.language = BulletinLanguage::kEnglish,
                            .title = "<script>",
                            .lines = {"a & b"},
                            .tables = {{.title = "t", .note = {}, .columns = {{"name", ""}, {"n", "1"}}, .rows = {}, .charts = {1}}}};
  document.tables[0].rows = {{{"a|b\n\"<i>", "a|b\n\"<i>"}, {"3", "3"}}, {{"c", "c"}, {"1", "1"}}};
  const auto page = bulletin_page(document);
  CHECK(page.find("<script>") == std::string::npos);
  CHECK(page.find("<i>") == std::string::npos);
  CHECK_THAT(page, Contains("a|b\n&quot;&lt;i&gt;"));
  CHECK_THAT(bulletin_markdown(document), Contains("| a\\|b; \"<i> | 3 |\n| c | 1 |\n"));
  CHECK_THAT(bulletin_csv(document), Contains("t,\"a|b\n\"\"<i>\",n,1,3\r\n"));
}

TEST_CASE("bulletin: file systems that servers share stand beside their disks, each once") {
  HttpWorld world;
  auto view = small_view(world.clock.boot_ms());
  auto shared = std::make_shared<SharedTable>();
  shared->sites = {
      {}, {.things = 2, .unknown_size = 1, .unknown_use = 1, .size_mb = 3'000'000, .used_mb = 500'000}, {.things = 1, .size_mb = 7}};
  view->shared = std::move(shared);
  world.view.publish(std::move(view));
  const auto bulletin = body_of(get(world.port, "/v1/bulletin"));
  CHECK(bulletin["total"]["storage"]["shared"]["size_bytes"] == "3000007000000");
  CHECK(bulletin["total"]["storage"]["shared"] == body_of(get(world.port, "/v1/map"))["total"]["storage"]["shared"]);
  const auto regions = body_of(get(world.port, "/v1/map?group_by=region_2"))["groups"];
  REQUIRE(bulletin["by_region"].size() == regions.size());
  for (std::size_t i = 0; i < regions.size(); ++i) CHECK(bulletin["by_region"][i]["storage"]["shared"] == regions[i]["storage"]["shared"]);
  CHECK_THAT(get(world.port, "/v1/bulletin?format=md").body,
             Contains("| shared file systems | 3.00 TB; used 500 GB | 3 that servers mount, each once; without a size: 1;"));
}
