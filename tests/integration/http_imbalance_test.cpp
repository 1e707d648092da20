#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/csv.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

namespace {

constexpr const char* kCsv = "Accept: text/csv\r\n";

/// A cell of the table under a title.
std::string field(const CsvTable& table, std::size_t row, const std::string& title) {
  const auto at = std::find(table.header.begin(), table.header.end(), title);
  REQUIRE(at != table.header.end());
  return table.rows.at(row).cells.at(static_cast<std::size_t>(at - table.header.begin()));
}

}  // namespace

TEST_CASE("http: each imbalance shows its rows side by side, and what nobody declared is a row of its own") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto map = body_of(get(world.port, "/v1/map"))["total"];
  for (const char* name : {"owner", "class", "use", "scenario", "architecture", "security"}) {
    INFO(name);
    const auto answer = body_of(get(world.port, std::string("/v1/imbalance/") + name));
    CHECK(answer["name"] == name);
    CHECK(answer["row_count"] == answer["rows"].size());
    CHECK(answer["next"].is_null());
    std::uint64_t nodes = 0, accelerators = 0;
    for (const auto& row : answer["rows"]) {
      for (const auto& dimension : answer["by"]) CHECK(row["key"].contains(dimension.get<std::string>()));
      nodes += row["nodes"]["installed"].get<std::uint64_t>();
      if (!row["accelerators"]["installed"].is_null()) accelerators += row["accelerators"]["installed"].get<std::uint64_t>();
    }
    CHECK(nodes == map["nodes"]["installed"]);
    CHECK(accelerators == map["accelerators"]["installed"]);
    CHECK(answer["total"]["memory"]["installed_bytes"] == map["memory"]["installed_bytes"]);
    CHECK(answer["total"]["leaves_out"]["nodes_lost"] == 1);
    CHECK(answer["total"]["leaves_out"]["nodes_hardware_unknown"] == 1);
    CHECK(answer["not_installed"] == json({{"quarantined", 0}, {"retired", 0}, {"counted_elsewhere", 0}}));
  }
  const auto use = body_of(get(world.port, "/v1/imbalance/use"))["rows"];
  REQUIRE(use.size() == 2);
  CHECK(use[0]["key"]["region_2"].is_null());
  CHECK(use[0]["nodes"]["available"] == 0);
  CHECK(use[0]["cpu"]["used_millicores"].is_null());
  CHECK(use[0]["rpeak_like"]["available_mflops"] == "0");
  CHECK(use[1]["key"]["region_2"] == "11");
  CHECK(use[1]["cpu"]["used_millicores"] == 30'000);
  CHECK(use[1]["cpu"]["free_millicores"] == 258'000);
  CHECK(use[1]["cpu"]["used_permille"] == 104);
  CHECK(use[1]["cpu"]["share_permille"]["installed"] == 750);
  CHECK(use[1]["accelerators"]["used"] == 4);
  CHECK(use[1]["accelerators"]["share_permille"]["free"] == 1'000);
  CHECK(use[1]["rpeak_like"]["installed_mflops"] == "9000000");
  CHECK(use[1]["fp16"]["installed_mflops"].is_null());
  CHECK_FALSE(use[1]["nodes"].contains("used"));
  CHECK(use[1]["age_ms"]["known_nodes"] == 3);
}

TEST_CASE("http: an imbalance comes as CSV to who asks for it, page by page") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto whole = get(world.port, "/v1/imbalance/use", kCsv);
  REQUIRE(whole.status == 200);
  CHECK(whole.headers.at("Content-Type") == "text/csv; charset=utf-8; header=present");
  CHECK(whole.headers.at("Vary") == "Accept");
  CHECK_FALSE(whole.headers.contains("Link"));
  const auto table = parse_csv("answer", whole.body, {.columns = 100});
  REQUIRE(table);
  REQUIRE(table->rows.size() == 2);
  CHECK(field(*table, 0, "region_2").empty());
  CHECK(field(*table, 1, "region_2") == "11");
  CHECK(field(*table, 1, "memory_installed_bytes") == std::to_string(3 * (1ULL << 40)));
  CHECK(field(*table, 1, "cpu_used_permille") == "104");
  CHECK(field(*table, 0, "cpu_used_millicores").empty());
  CHECK(field(*table, 1, "leaves_out_nodes_hardware_unknown") == "1");
  CHECK(field(*table, 1, "revision") == "41");

  const auto page = get(world.port, "/v1/imbalance/use?limit=1&filter=not%20region_2%3D99", kCsv);
  CHECK(parse_csv("page", page.body, {.columns = 100})->rows.size() == 1);
  CHECK(page.headers.at("Link") == "<?cursor=1&limit=1&filter=not%20region%5F2%3D99>; rel=\"next\"");
  const auto next = get(world.port, "/v1/imbalance/use?cursor=1&limit=1&filter=not%20region%5F2%3D99", kCsv);
  CHECK(field(*parse_csv("next", next.body, {.columns = 100}), 0, "region_2") == "11");
  CHECK_FALSE(next.headers.contains("Link"));
}

TEST_CASE("http: the two forms of an imbalance have tags of their own") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto as_json = get(world.port, "/v1/imbalance/owner"), as_csv = get(world.port, "/v1/imbalance/owner", kCsv);
  const auto tag = "If-None-Match: " + as_json.headers.at("ETag") + "\r\n";
  CHECK(as_json.headers.at("ETag") != as_csv.headers.at("ETag"));
  CHECK(get(world.port, "/v1/imbalance/owner", tag).status == 304);
  CHECK(get(world.port, "/v1/imbalance/owner", tag + kCsv).status == 200);
}

TEST_CASE("http: a wrong name, filter or page of an imbalance is refused with what would be right") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto unknown = get(world.port, "/v1/imbalance/owners");
  CHECK(unknown.status == 404);
  CHECK(body_of(unknown)["known"] == json({"owner", "class", "use", "scenario", "architecture", "security"}));
  for (const char* query : {"?filter=region_2%20%3D", "?filter=hostname%20%3D%20a", "?limit=0", "?limit=1001", "?cursor=x", "?by=site"}) {
    INFO(query);
    CHECK(get(world.port, std::string("/v1/imbalance/owner") + query).status == 400);
    CHECK(get(world.port, std::string("/v1/imbalance/owner") + query, kCsv).headers.at("Content-Type") == "application/problem+json");
  }
  CHECK(body_of(get(world.port, "/v1/imbalance/owner?filter=region_2%20%3D"))["detail"].get<std::string>().starts_with("at "));
}
