#include "common/region_list.hpp"

#include <catch2/catch.hpp>

#include "common/csv.hpp"
#include "common/region_table.hpp"
#include "controller/map/dictionaries.hpp"
#include "tests/support/catalog_regions.hpp"
#include "tests/support/map_world.hpp"

using namespace capmap;

namespace {

Result<std::vector<ListedRegion>> read(const std::vector<std::string>& files) {
  RegionListReader reader;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto table = parse_csv(std::string(1, static_cast<char>('a' + i)) + ".csv", files[i]);
    if (!table) return table.error();
    if (auto added = reader.add(*table); !added) return added.error();
  }
  return reader.rows();
}

std::string why(const std::vector<std::string>& files) {
  const auto rows = read(files);
  return rows ? "" : rows.error().what;
}

std::string codes(const std::vector<ListedRegion>& rows) {
  std::string text;
  for (const auto& row : rows) text += (text.empty() ? "" : " ") + row.code;
  return text;
}

std::string codes(const std::vector<RegionChange>& changes) {
  std::string text;
  for (const auto& change : changes) text += (text.empty() ? "" : " ") + change.code + ":" + change.before + ">" + change.now;
  return text;
}

RegionList list_of(std::uint32_t year, std::vector<ListedRegion> rows) {
  return {.year = year, .rows = std::move(rows)};
}

RegionTable over_catalog(const RegionList& list) {
  auto table = RegionTable::with_list(support::catalog_regions(), list);
  REQUIRE(table);
  return std::move(*table);
}

const RegionList k2009 = followed({}, list_of(2009, {{.code = "1101", .name = "市辖区", .name_en = {}},
                                                     {.code = "110101", .name = "东城区", .name_en = {}},
                                                     {.code = "110103", .name = "崇文区", .name_en = {}}}));
const RegionList k2024 = followed(k2009, list_of(2024, {{.code = "11", .name = "北京市", .name_en = {}},
                                                        {.code = "1101", .name = "市辖区", .name_en = {}},
                                                        {.code = "110101", .name = "东城区", .name_en = "Dongcheng"},
                                                        {.code = "110102", .name = "西城区", .name_en = {}},
                                                        {.code = "110105", .name = "朝阳区", .name_en = {}}}));

}  // namespace

TEST_CASE("region list: files with parents, other columns, quotes and codes of six digits with noughts are one list") {
  const auto rows = read({"code,name\n11,\"北京市\"\n", "code,name,provinceCode\r\n1101,\"市辖区\",11\r\n4419,东莞市,44\r\n",
                          "name,pinyin,code,parent,name_en\n东城区,dong,110101,110100,Dongcheng\n东莞市,guan,441900,4419,\n",
                          "code,name\n130000,河北省\n130100,石家庄市\n"});
  REQUIRE(rows);
  CHECK(codes(*rows) == "11 1101 110101 13 1301 4419 441900");
  CHECK(rows->at(0).name == "北京市");
  CHECK(rows->at(2) == ListedRegion{.code = "110101", .name = "东城区", .name_en = "Dongcheng", .year = 0});
}

TEST_CASE("region list: what cannot stand in it is refused with its file and line, and nothing of the file is taken") {
  CHECK(why({"kode,name\n11,a\n"}) == "a.csv:1: there is no column code; wanted are code and name, and parent if there is one");
  CHECK(why({"code\n11\n"}).find("a.csv:1: there is no column name;") == 0);
  CHECK(why({"code,name\n11,a\n1,b\n"}) == "a.csv:3: code: \"1\" is not 2, 4 or 6 digits; what lies below a county is not listed");
  CHECK(why({"code,name\n110101001,a\n"}).find("a.csv:2: code: \"110101001\" is not 2, 4 or 6 digits") == 0);
  CHECK(why({"code,name\n11,\n"}) == "a.csv:2: name: is empty");
  CHECK(why({"code,name\n11,\xB1\xB1\xBE\xA9\n"}).find("a.csv:2: name: is not printable UTF-8; another encoding") == 0);
  CHECK(why({"code,name\n11," + std::string(101, 'x') + "\n"}) == "a.csv:2: name: has more than 100 bytes");
  CHECK(why({"code,name\n11,a\n11,b\n"}) == "a.csv:3: code: 11 stands at a.csv:2 too");
  CHECK(why({"code,name\n12,z\n11,a\n", "code,name\n110000,b\n"}) == "b.csv:2: code: 11 stands at a.csv:3 too");
  CHECK(why({"code,name,cityCode,provinceCode\n110101,a,1101,12\n"}) == "a.csv:2: provinceCode: is not what the code 110101 begins with");
  CHECK(why({"code,name,parent\n11,a,110101\n"}) == "a.csv:2: parent: is not what the code 11 begins with");
  CHECK(why({"code,name\n11,a,b\n"}).find("a.csv:2: 3 cells") == 0);
  std::string many = "code,name\n";
  for (std::size_t i = 0; i <= kMostListedRegions; ++i) many += std::to_string(100'101 + i + i / 99) + ",a\n";
  CHECK(why({many}) == "a.csv:10002: more than 10000 regions");

  RegionListReader reader;
  REQUIRE(reader.add(*parse_csv("a.csv", "code,name\n12,kept\n")));
  CHECK_FALSE(reader.add(*parse_csv("b.csv", "code,name\n11,a\n1,b\n")));
  CHECK(codes(reader.rows()) == "12");
}

TEST_CASE("region list: codes of former years are kept with their year; a list of the same year is corrected") {
  CHECK(codes(k2024.rows) == "11 1101 110101 110102 110103 110105");
  CHECK(k2024.rows[4] == ListedRegion{.code = "110103", .name = "崇文区", .name_en = {}, .year = 2009});
  const auto corrected = followed(k2024, list_of(2024, {{.code = "1101", .name = "市辖区", .name_en = {}}}));
  CHECK(codes(corrected.rows) == "1101 110103");
  CHECK(followed(k2024, list_of(2024, {k2024.rows[5], k2024.rows[0], k2024.rows[1], k2024.rows[3], k2024.rows[2]})) == k2024);
  const auto older = followed(k2024, list_of(2009, {{.code = "110103", .name = "崇文区", .name_en = {}}}));
  CHECK(older.year == 2009);
  CHECK(codes(older.rows) == "11 1101 110101 110102 110103 110105");
  CHECK(over_catalog(older).listed() == std::vector<std::string>{"110103"});
}

TEST_CASE("region list: it lies over the catalog, whose hubs and tiles stay") {
  const auto table = over_catalog(k2024);
  CHECK(table.list_year() == 2024);
  CHECK(table.catalog() == support::catalog_regions());
  CHECK(support::catalog_regions()->catalog() == nullptr);
  REQUIRE(table.find("11") != nullptr);
  CHECK(table.find("11")->name == "北京市");
  CHECK(table.find("11")->name_en == "Beijing");
  CHECK(table.find("11")->tile_column == support::catalog_regions()->find("11")->tile_column);
  CHECK(table.find("110101")->name_en == "Dongcheng");
  CHECK(table.hub_of("130701")->hub_cluster == "张家口");
  CHECK(table.find("110103") == nullptr);
  REQUIRE(table.find_former("110103") != nullptr);
  CHECK(table.find_former("110103")->year == 2009);
  for (std::size_t i = 1; i < table.rows().size(); ++i) CHECK(table.rows()[i - 1].code < table.rows()[i].code);

  const auto lost =
      RegionTable::with_list(support::catalog_regions(), followed({}, list_of(2024, {{.code = "9901", .name = "x", .name_en = {}}})));
  REQUIRE_FALSE(lost);
  CHECK(lost.error().what == "code: 9901 is below a division that is not listed");
  CHECK(RegionTable::with_list(support::catalog_regions(), followed({}, list_of(2024, {{.code = "9901", .name = "x", .name_en = {}},
                                                                                       {.code = "99", .name = "y", .name_en = {}}}))));
}

TEST_CASE(
    "region list: a code that is not in it is refused with its year, its former name and its neighbours, where it says what lies there") {
  const auto table = over_catalog(k2024);
  for (const char* code : {"11", "1101", "110101", "12", "120101", "310115", "71", "710001"}) {
    CAPTURE(code);
    CHECK(table.check_code(code));  // nothing is known of what lies below 12, 31 and 71
  }
  CHECK(table.check_code("110103").error().what ==
        "region: \"110103\" is not in the list of 2024; it was 崇文区 in that of 2009; near it are 110102 西城区, 110105 朝阳区; what it "
        "would "
        "lie in is 1101 市辖区");
  CHECK(table.check_code("110199").error().what ==
        "region: \"110199\" is not in the list of 2024; near it are 110105 朝阳区; what it would lie in is 1101 市辖区");
  CHECK(table.check_code("1102").error().what ==
        "region: \"1102\" is not in the list of 2024; near it are 1101 市辖区; what it would lie in is 11 北京市");
  CHECK(table.check_code("990101").error().what.find("begins with no known division") != std::string::npos);

  const auto counties = over_catalog(followed({}, list_of(2024, {{.code = "110101", .name = "东城区", .name_en = {}}})));
  CHECK(counties.check_code("1101"));  // a county of it is listed
  CHECK_FALSE(counties.check_code("1102"));
}

TEST_CASE("region list: what it changes is told beside what was known, from the catalog too") {
  const auto first = changes_between(*support::catalog_regions(), over_catalog(k2009));
  CHECK(codes(first.added) == "1101:>市辖区 110101:>东城区 110103:>崇文区");
  CHECK(first.renamed.empty());
  CHECK(first.gone.empty());
  const auto second = changes_between(over_catalog(k2009), over_catalog(k2024));
  CHECK(codes(second.added) == "110102:>西城区 110105:>朝阳区");
  CHECK(codes(second.renamed) == "11:北京>北京市");
  CHECK(codes(second.gone) == "110103:崇文区>");
  const auto none = changes_between(over_catalog(k2024), over_catalog(k2024));
  CHECK((none.added.empty() && none.renamed.empty() && none.gone.empty()));
}

TEST_CASE(
    "region list: a map lays it over its catalog for the next view, sites keep their hubs, and one that does not fit changes nothing") {
  test::World world;
  Site site;
  site.id = test::numbered_id<SiteId>(1);
  site.name = "zhang";
  site.region = "130701";
  world.map.put_site(site);
  const auto before = world.map.view(world.now, 0);
  REQUIRE(world.map.put_regions(k2024));
  const auto now = world.map.view(world.now, 0);
  CHECK(now->revision > before->revision);
  CHECK(now->regions->find("110105")->name == "朝阳区");
  CHECK(before->regions->find("110105") == nullptr);
  CHECK(now->dictionaries->column(Dimension::kHubCluster).texts == before->dictionaries->column(Dimension::kHubCluster).texts);
  CHECK_FALSE(world.map.put_regions(followed({}, list_of(2025, {{.code = "9901", .name = "x", .name_en = {}}}))));
  CHECK(world.map.view(world.now, 0)->regions->list_year() == 2024);
  CapacityMap bare(MapOptions{}, nullptr, 1'000);
  CHECK(bare.put_regions(k2024).error().code == ErrorCode::kAbsent);
}
