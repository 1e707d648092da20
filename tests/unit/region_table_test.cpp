#include "common/region_table.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <set>

#include "tests/support/catalog_regions.hpp"
#include "tests/support/program.hpp"

using namespace capmap;

namespace {

constexpr const char* kHeader = "code,name,name_en,hub,hub_cluster,tile_column,tile_row,year,source\n";

Result<RegionTable> load_text(const std::string& rows, const std::string& header = kHeader) {
  const support::TemporaryFolder folder;
  std::ofstream(folder.path() + "/regions.csv") << header << rows;
  return RegionTable::load(folder.path());
}

std::string why(const Result<RegionTable>& table) {
  return table ? "" : table.error().what.substr(table.error().what.find("regions.csv"));
}

}  // namespace

TEST_CASE("the catalog lists all divisions, each with a name and a tile, and the regions of the clusters") {
  const auto table = support::catalog_regions();
  std::size_t divisions = 0, tiles = 0;
  std::set<std::string> hubs, clusters;
  for (const auto& region : table->rows()) {
    divisions += region.code.size() == kDivisionDigits ? 1 : 0;
    tiles += region.tile_column ? 1 : 0;
    CHECK_FALSE(region.name_en.empty());
    if (region.hub.empty()) continue;
    hubs.insert(region.hub);
    clusters.insert(region.hub_cluster);
  }
  CHECK(divisions == 34);
  CHECK(tiles == 34);
  CHECK(hubs.size() == 8);
  CHECK(clusters.size() == 10);
  CHECK(table->find("11")->name == "北京");
  CHECK(table->find("82")->name_en == "Macao");
  CHECK(table->find("99") == nullptr);
}

TEST_CASE("a place belongs to the hub of the longest code it begins with") {
  const auto table = support::catalog_regions();
  const auto cluster = [&table](const char* code) {
    const auto* const region = table->hub_of(code);
    return region == nullptr ? std::string() : region->hub_cluster;
  };
  CHECK(cluster("130702") == "张家口");
  CHECK(cluster("1307") == "张家口");
  CHECK(cluster("13") == "");
  CHECK(cluster("310118") == "生态绿色一体化示范区");
  CHECK(cluster("310115") == "");
  CHECK(cluster("510185") == "天府");
  CHECK(cluster("500108") == "重庆");
  CHECK(cluster("") == "");
}

TEST_CASE("a code is known by its division") {
  const auto table = load_text("11,北京,Beijing,,,5,2,2024,here\n12,天津,Tianjin,,,6,2,2024,here\n");
  REQUIRE(table);
  CHECK(table->check_code("11"));
  CHECK(table->check_code("110108"));
  const auto unknown = table->check_code("990101");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == ErrorCode::kMalformed);
  CHECK(unknown.error().what == "region: \"990101\" begins with no known division; known are 11 北京, 12 天津");
}

TEST_CASE("a wrong row is refused with its place") {
  CHECK(why(load_text("", "code,name\n")) == std::string("regions.csv:1: the columns are not ") + std::string(kHeader).substr(0, 66));
  CHECK(why(load_text("1,a,a,,,,,2024,here\n")) == "regions.csv:2: code: \"1\" is not 2, 4 or 6 digits");
  CHECK(why(load_text("11,a,a,,,,,2024,here\n11,b,b,,,,,2024,here\n")) == "regions.csv:3: code: 11 stands here twice");
  CHECK(why(load_text("11,,a,,,,,2024,here\n")) == "regions.csv:2: name: is empty");
  CHECK(why(load_text("11,a,a,,,,,2024,\n")) == "regions.csv:2: source: is empty");
  CHECK(why(load_text("11,a,a,hub,,,,2024,here\n")) == "regions.csv:2: hub_cluster: a cluster and its hub go together");
  CHECK(why(load_text("11,a,a,,,,,24,here\n")) == "regions.csv:2: year: \"24\" is not a whole number from 1980 to 2100");
  CHECK(why(load_text("11,a,a,,,1,,2024,here\n")) == "regions.csv:2: tile_column: a tile has a column and a row");
  CHECK(why(load_text("11,a,a,,,,,,here\n")) == "regions.csv:2: year: is empty");
  CHECK(why(load_text("11,a,a,,,1,100,2024,here\n")) == "regions.csv:2: tile_row: \"100\" is not a whole number from 0 to 99");
  CHECK(why(load_text("11,a,a,,,1,1,2024,here\n12,b,b,,,1,1,2024,here\n")) == "regions.csv:3: tile_column: another region has this tile");
  CHECK(why(load_text("1101,a,a,,,,,2024,here\n")) == "regions.csv:2: code: 1101 is below a division that is not listed");
  CHECK(RegionTable::load("/nonexistent").error().code == ErrorCode::kAbsent);
}
