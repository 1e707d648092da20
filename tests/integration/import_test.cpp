// Files of sites into a real controller: store, map and http threads, and capmapctl before them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/import_world.hpp"

using namespace capmap;
using namespace capmap::support;
using Catch::Contains;
using nlohmann::json;
using World = ImportWorld;

namespace {

constexpr const char* kCountry = R"([[owner]]
name = "Example Cloud"
owner_class = "private"
[[site]]
name = "lab"
region = "1101"
owner = "Example Cloud"
latitude = 39.904211
longitude = -116.4
pue = 1.25
green_share = 300
security_level = 3
filing_number = "11010800001"
public_compute = true
declared = { nodes = 40, memory_bytes = "1099511627776", accelerators_by_model = { "H100 \"SXM\", 80" = 8 } }
[[site]]
name = "东, \"west\""
[[pool]]
site = "lab"
name = "batch"
compute_class = "super"
[[link]]
name = "trunk-1"
from = "lab"
to = "first"
gbps = 400
ms = 4.5
)";

std::string at(const std::string& file, int line) {
  return file + ":" + std::to_string(line) + ": ";
}

}  // namespace

TEST_CASE("import: a file of all kinds is shown, done, shown by the API, and changes nothing the second time; exports neither") {
  World world;
  const auto file = world.file("country.toml", kCountry);
  const auto shown = world.ctl({"sites", "import", file, "--dry-run"});
  INFO(shown.out << shown.err);
  REQUIRE(shown.code == CtlExit::kDone);
  CHECK_THAT(shown.out,
             Contains("sites   2 added, 0 changed, 0 unchanged") && Contains("+ owner Example Cloud: name Example Cloud, owner_class"));
  CHECK_THAT(shown.out, Contains("nothing was changed: --dry-run"));
  CHECK(world.sites().size() == 1);
  CHECK(world.ctl({"sites", "import", file}).code == CtlExit::kRefused);  // nobody to ask, and no --yes
  const auto done = world.ctl({"sites", "import", file, "--yes"});
  INFO(done.out << done.err);
  REQUIRE(done.code == CtlExit::kDone);
  CHECK_THAT(done.out, Contains("done: 5 changes"));
  REQUIRE(world.shows("lab"));
  const auto lab = world.sites()["lab"];
  CHECK(lab["owner_class"] == "private");  // its owner's
  CHECK(lab["latitude"] == 39.904211);
  CHECK(lab["longitude"] == -116.4);
  CHECK(lab["pue"] == 1.25);
  CHECK(lab["green_share"] == 300);
  CHECK(lab["filing_number"] == "11010800001");
  CHECK(lab["declared"]["accelerators_by_model"]["H100 \"SXM\", 80"] == 8);
  CHECK(world.read("/v1/owners")["owners"] == json::parse(R"([{"name":"Example Cloud","owner_class":"private","sites":1}])"));
  const auto link = world.read("/v1/links")["links"][0];
  CHECK(link["from_id"] == lab["id"]);
  CHECK(link["ms"] == 4.5);
  CHECK(link["km"].is_null());
  CHECK(world.read("/v1/pools")["pools"][0]["site"] == lab["id"]);

  const auto again = world.ctl({"sites", "import", file, "--yes"});
  CHECK_THAT(again.out, Contains("sites   0 added, 0 changed, 2 unchanged") && Contains("nothing to change"));
  for (const char* kind : {"sites", "pools", "owners", "links"}) {
    INFO(kind);
    const auto text = world.ctl({"sites", "export", "--kind", kind});
    REQUIRE(text.code == CtlExit::kDone);
    const auto back = world.ctl({"sites", "import", world.file("back.csv", text.out), "--kind", kind, "--yes"});
    INFO(text.out << back.out << back.err);
    CHECK(back.code == CtlExit::kDone);
    CHECK_THAT(back.out, Contains("nothing to change"));
  }
  CHECK_THAT(world.ctl({"owners"}).out, Contains("Example Cloud  private      1"));
  CHECK_THAT(world.ctl({"links"}).out, Contains("trunk-1  lab   first     400") && Contains("4.5"));
  CHECK_THAT(world.ctl({"sites", "show", "lab", "--exact"}).out, Contains("39.904211") && Contains("8 H100"));
  CHECK_THAT(world.ctl({"sites", "show", "lab"}).out, Contains("39.9\n") && Contains("tenths of a degree"));

  world.controller.reset();  // and after a start from disk
  world.controller = std::make_unique<WholeController>(world.state());
  REQUIRE(world.shows("lab"));
  CHECK(world.sites()["lab"] == lab);
  CHECK(world.read("/v1/links")["links"][0] == link);
}

TEST_CASE("import: all mistakes of a file are told with line, column and fix, and nothing of it is done") {
  World world;
  const auto file = world.file("sites.csv",
                               "name,region,pue,latitude,longitude,declared.nodes,colour\n"  // 1
                               "a,11,1.2,39.9,116.4,5,red\n"
                               "b,99,1.2,39.9,116.4,5,red\n"
                               "c,11,0.9,95,116.4,-5,red\n"
                               "d,11\n"
                               "a,11,,,,,\n"
                               "\xff,11,,,,,\n"
                               "e,11,,,,1000000001,\n"
                               ",11,,,,,\n");
  const auto refused = world.ctl({"sites", "import", file, "--yes"});
  INFO(refused.err);
  CHECK(refused.code == CtlExit::kFailed);
  for (const auto& [line, what] : std::multimap<int, std::string>{{1, "colour: no column of sites is called that; they are name, region"},
                                                                  {3, "region: \"99\" begins with no known division; known are 11 北京"},
                                                                  {4, "pue: must be a number of at most 3 places from 1 to 5, not \"0.9\""},
                                                                  {4, "latitude: must be a number of at most 6 places from -90 to 90"},
                                                                  {4, "declared.nodes: must be a whole number from 0 to 1000000000"},
                                                                  {5, "2 cells where the header has 7"},
                                                                  {6, "name: stands there twice, first in line 2"},
                                                                  {7, "name: is not UTF-8"},
                                                                  {8, "declared.nodes: must be a whole number"},
                                                                  {9, "name: must be 1 to 100 bytes"}}) {
    CHECK_THAT(refused.err, Contains(at(file, line) + what));
  }
  CHECK(world.sites().size() == 1);
  CHECK(world.ctl({"sites", "import", "/nonexistent.csv"}).code == CtlExit::kNotFound);
}

TEST_CASE("import: what only the controller knows is told with the file's lines too, and a bad row in the middle stops all of it") {
  World world;
  REQUIRE(world.ctl({"sites", "import", world.file("o.csv", "name,owner_class\nState,state-owned\n"), "--kind", "owners", "--yes"}).code ==
          CtlExit::kDone);
  const auto file = world.file("sites.csv", "name,owner,owner_class\na,State,\nb,Nobody,\nc,State,private\nd,State,state-owned\n");
  const auto refused = world.ctl({"sites", "import", file, "--yes"});
  INFO(refused.err);
  CHECK(refused.code == CtlExit::kFailed);
  CHECK_THAT(refused.err, Contains(at(file, 3) + "owner: no owner is called \"Nobody\"") &&
                              Contains(at(file, 4) + "owner_class: is \"private\", but its owner \"State\" is \"state-owned\""));
  CHECK(world.sites().size() == 1);
  // Together with what the file alone is wrong about, in one run.
  const auto both = world.file("both.csv", "name,owner,pue,colour\na,Nobody,1.2,\nb,State,9,\n");
  const auto told = world.ctl({"sites", "import", both, "--yes"});
  CHECK_THAT(told.err, Contains(at(both, 2) + "owner: no owner is called") && Contains(at(both, 3) + "pue: must be"));
  CHECK(std::ranges::count(told.err, '\n') == 4);  // the unknown column, once, and that nothing was changed
  const auto pools = world.file("pools.csv", "site,name\nfirst,x\nnowhere,x\n");
  CHECK_THAT(world.ctl({"sites", "import", pools, "--kind", "pools", "--yes"}).err, Contains(at(pools, 3) + "site: no site is called"));
  CHECK(world.read("/v1/pools")["pools"].empty());
  const auto faults =
      body_of(world.import(R"({"sites":[{"name":"x"},{"region":"11"},{"name":"x"},{"name":"y","pue":7,"declared":{"gpus":1}}]})"));
  CHECK(faults["type"] == "urn:capmap:problem:import-faults");
  REQUIRE(faults["faults"].size() == 4);
  CHECK(faults["faults"][0]["row"] == 1);
  CHECK(faults["faults"][1]["what"] == "name: stands there twice, also in row 1");
  CHECK(faults["faults_total"] == 4);
}

TEST_CASE("import: a site that comes to another division is called out and needs a word for it; ids stay, and the audit tells it") {
  World world;
  REQUIRE(body_of(world.import(R"({"sites":[{"name":"m","region":"1101"},{"name":"first","region":"31"}]})"))["applied"] == true);
  REQUIRE(world.shows("m"));
  const auto id = world.sites()["m"]["id"];
  const auto file = world.file("m.csv", "name,region,pue\nm,310115,1.5\n");
  const auto refused = world.ctl({"sites", "import", file, "--yes"});
  CHECK(refused.code == CtlExit::kRefused);
  CHECK_THAT(refused.out, Contains("~ site m: region 1101 → 310115, pue – → 1.5\n! site m moves to another division: 1101 → 310115\n"));
  CHECK_THAT(refused.err, Contains("1 site would come to another division; say --allow-move"));
  const auto by_api = world.import(R"({"sites":[{"name":"m","region":"31"}]})");
  CHECK(by_api.status == 409);
  CHECK(body_of(by_api)["type"] == "urn:capmap:problem:sites-move");
  CHECK(world.ctl({"sites", "import", file, "--yes", "--allow-move"}).code == CtlExit::kDone);
  CHECK(world.sites()["m"]["region"] == "310115");
  CHECK(world.sites()["m"]["id"] == id);
  // Within the division, and to a first region, is no move; what a row does not say stays.
  CHECK(body_of(world.import(R"({"sites":[{"name":"m","region":"31"}]})"))["applied"] == true);
  CHECK(world.sites()["m"]["region"] == "31");
  CHECK(world.sites()["m"]["pue"] == 1.5);
  CHECK(body_of(world.import(R"({"sites":[{"name":"m","pue":null}]})"))["changes"][0]["fields"] ==
        json::parse(R"([{"field":"pue","old":"1.5","new":null}])"));
  std::vector<std::string> told;
  for (const auto& entry : world.audit()) told.push_back(entry.what + ": " + entry.detail);
  CHECK_THAT(told, Catch::VectorContains(std::string("site_changed: region 1101 → 310115, pue – → 1.5")));
  CHECK_THAT(told, Catch::VectorContains(std::string("records_imported: sites 1 added, 1 changed")));
}

TEST_CASE("import: of two that overlap the second is refused, and the same request again is done once") {
  World world;
  const std::string sites = R"("sites":[{"name":"first","industry":"steel"},{"name":"new"}])";
  const auto digest = body_of(world.import("{" + sites + R"(,"dry_run":true})"))["digest"].get<std::string>();
  REQUIRE(world.import(R"({"sites":[{"name":"first","industry":"coal"}]})").status == 200);
  const auto refused = world.import("{" + sites + R"(,"expect":")" + digest + "\"}");
  CHECK(refused.status == 409);
  CHECK(body_of(refused)["type"] == "urn:capmap:problem:import-overlaps");
  CHECK(world.sites()["first"]["industry"] == "coal");
  CHECK(world.sites().size() == 1);
  const auto now = body_of(refused)["digest"].get<std::string>();
  const std::string key = "Idempotency-Key: once\r\n", body = "{" + sites + R"(,"expect":")" + now + "\"}";
  const auto done = world.import(body, key);
  CHECK(body_of(done)["sites"] == json::parse(R"({"added":1,"changed":1,"unchanged":0})"));
  const auto replayed = world.import(body, key);
  CHECK(replayed.headers.contains("Idempotency-Replayed"));
  CHECK(replayed.body == done.body);
}

TEST_CASE("import: sites follow the class of their owner, and one that says otherwise stops it") {
  World world;
  REQUIRE(world
              .import(R"({"owners":[{"name":"o","owner_class":"private"},{"name":"p"}],
      "sites":[{"name":"a","owner":"o"},{"name":"b","owner":"p","owner_class":"government"},{"name":"c","owner":"o"}]})")
              .status == 200);
  const auto followed = body_of(world.import(R"({"owners":[{"name":"o","owner_class":"state-owned"}]})"));
  CHECK(followed["owners"]["changed"] == 1);
  CHECK(followed["sites"]["changed"] == 2);
  CHECK(world.sites()["a"]["owner_class"] == "state-owned");
  CHECK(world.sites()["b"]["owner_class"] == "government");
  const auto refused = world.import(R"({"owners":[{"name":"p","owner_class":"private"}]})");
  CHECK(refused.status == 400);
  CHECK_THAT(refused.body, Contains("site \\\"b\\\": owner_class: is \\\"government\\\""));
  CHECK(post(world.controller->port, "/v1/sites", R"({"name":"d","owner":"nobody"})", world.token()).status == 400);
  CHECK(body_of(post(world.controller->port, "/v1/sites", R"({"name":"d","owner":"o"})", world.token()))["owner_class"] == "state-owned");
}
