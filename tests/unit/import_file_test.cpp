#include "controller/ctl/import_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controller/ctl/places.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

const std::vector<std::string> kDivisions = {"11 北京", "31 上海"};

std::string faults_of(ImportFile file) {
  check_records(file, kDivisions);
  return file.faults.empty() ? "" : file.faults_text("f");
}
std::string faults_of_csv(const std::string& text, RecordKind kind = RecordKind::kSites) {
  return faults_of(read_import_csv(text, kind));
}
std::string faults_of_toml(const std::string& text) {
  return faults_of(read_import_toml(text));
}

nlohmann::json body_of(const ImportFile& file) {
  return nlohmann::json::parse(import_body(file, true, false, ""));
}

}  // namespace

TEST_CASE("import file: CSV by its header, with a byte order mark, CRLF and quotes, becomes what the API takes") {
  const auto file = read_import_csv("\xEF\xBB\xBFregion,name,declared.nodes\r\n11,\"a, \"\"b\"\"\",\r\n,东,7\r\n", RecordKind::kSites);
  REQUIRE(file.faults.empty());
  CHECK(body_of(file)["sites"] == nlohmann::json::parse(R"([{"region":"11","name":"a, \"b\"","declared.nodes":""},
                                                            {"region":"","name":"东","declared.nodes":"7"}])"));
  CHECK(file.lines[static_cast<std::size_t>(RecordKind::kSites)] == std::vector<std::size_t>{2, 3});
  CHECK(nlohmann::json::parse(import_body(file, false, true, "abc"))["expect"] == "abc");
}

TEST_CASE("import file: TOML has all kinds, nested tables with dots, numbers as they were written, and the lines of its tables") {
  auto file = read_import_toml(
      "[[site]]\nname = 'a'\npue = 1.25\nlatitude = 39.904211\nlongitude = -0.000001\npublic_compute = false\n"
      "[site.declared]\nnodes = 5\naccelerators_by_model = { 'H.1' = 2 }\n[[site]]\nname = 'b'\n"
      "[[owner]]\nname = 'o'\n[[link]]\nname = 'l'\nfrom = 'a'\nto = 'b'\n");
  CHECK(faults_of(file) == "");
  const auto body = body_of(file);
  CHECK(body["sites"][0] == nlohmann::json::parse(R"({"name":"a","pue":"1.25","latitude":"39.904211","longitude":"-0.000001",
      "public_compute":"false","declared.nodes":"5","declared.accelerators_by_model.H.1":"2"})"));
  CHECK(body["sites"][1] == nlohmann::json::parse(R"({"name":"b"})"));
  CHECK(body["owners"].size() == 1);
  CHECK(body["links"][0]["to"] == "b");
  CHECK(file.lines[static_cast<std::size_t>(RecordKind::kSites)] == std::vector<std::size_t>{1, 10});
}

TEST_CASE("import file: every mistake is told with file, line and column") {
  for (const auto& [text, place, what] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"name,colour\na,red\n", "f:1: colour: ", "no column of sites is called that"},
           {"region\n11\n", "f:1: name: ", "is missing"},
           {"name,name\na,a\n", "f:1: name: ", "the column is there twice"},
           {"name,\na,\n", "f:1: ", "a column has no name"},
           {"", "f:1: ", "a column has no name"},
           {"name,region\na\nb,11\n", "f:2: ", "1 cells where the header has 2"},
           {"name\n\"a\nb\n", "f:2: ", "a quote that is never closed"},
           {"name\na\x01\n", "f:2: ", "a control character"},
           {"name\na\nb\na\n", "f:4: name: ", "stands there twice, first in line 2"},
           {"name\n\xC3\x28\n", "f:2: name: ", "is not UTF-8"},
           {"name\n\xED\xA0\x80\n", "f:2: name: ", "is not UTF-8"},
           {"name,latitude,longitude\na,91,0\n", "f:2: latitude: ", "from -90 to 90"},
           {"name,latitude,longitude\na,0,-180.5\n", "f:2: longitude: ", "from -180 to 180"},
           {"name,latitude\na,5\n", "f:2: longitude: ", "must be declared with latitude"},
           {"name,declared.nodes\na,-5\n", "f:2: declared.nodes: ", "from 0 to 1000000000"},
           {"name,declared.power_watts\na,100000000001\n", "f:2: declared.power_watts: ", "100000000000"},
           {"name,region\na,9901\n", "f:2: region: ", "begins with no known division; known are 11 北京, 31 上海"},
           {"name,region\na,1\n", "f:2: region: ", "is not a code of 2, 4 or 6 digits"},
           {"name,owner_class\na,rich\n", "f:2: owner_class: ", "is not one of government"},
           {"name\n" + std::string(101, 'x') + "\n", "f:2: name: ", "1 to 100 bytes"}}) {
    CAPTURE(text);
    const auto faults = faults_of_csv(text);
    CHECK_THAT(faults, Contains(place) && Contains(what) && Contains("nothing was changed"));
  }
  CHECK_THAT(faults_of_csv("site,name\n,x\n", RecordKind::kPools), Contains("f:2: site: is missing"));
  CHECK(faults_of_csv("site,name\na,x\nb,x\n", RecordKind::kPools) == "");
  CHECK_THAT(faults_of_csv("site,name\na,x\na,x\n", RecordKind::kPools), Contains("f:3: name: stands there twice, first in line 2"));
  CHECK_THAT(faults_of_csv("name,from,to,gbps\nl,a,b,0\n", RecordKind::kLinks), Contains("f:2: gbps: must be a whole number from 1"));
}

TEST_CASE("import file: mistakes of TOML too") {
  for (const auto& [text, place, what] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"[[site]]\nname = 'a'\n[[sites]]\nname = 'b'\n", "f:3: sites: ", "is not known here; a file has [[owner]]"},
           {"[site]\nname = 'a'\n", "f:1: site: ", "two brackets"},
           {"[[site]]\nname = 'a'\n\n[[site]]\nname = 'b'\ncolour = 1\n", "f:4: colour: ", "no column of sites"},
           {"[[site]]\nname = ['a']\n", "f:2: name: ", "must be a text, a number, true or false"},
           {"[[site]]\nname = 'a'\nname = 'b'\n", "f:3: ", ""},
           {"[[site]]\nname = 'a'\n\"declared.nodes\" = 1\ndeclared = { nodes = 2 }\n", "declared.nodes: ", "stands there twice"},
           {"[[pool]]\nname = 'a'\nsite = '" + std::string(1'001, 'x') + "'\n", "f:1: site: ", "is longer than 1000 bytes"},
           {"site = [1]\n", "f:1: site: ", "must be a list of tables"},
           {"[[site]]\nname = 'a'\npue = nan\n", "f:1: pue: ", "from 1 to 5"},
           {"[[site]]\nname = 'a'\n[[site]]\nname = 'a'\n", "f:3: name: ", "first in line 1"},
           {"[[site]]\nname = 2026-11-22\n", "f:2: ", ""},
           {"[[site]\n", "f:1: ", ""}}) {
    CAPTURE(text);
    CHECK_THAT(faults_of_toml(text), Contains(place) && Contains(what));
  }
}

TEST_CASE("import file: the first hundred mistakes are told, and that there are more; a file above 64 MiB is not read") {
  std::string text = "name,pue\n";
  for (int i = 0; i < 150; ++i) text += "s" + std::to_string(i) + ",9\n";
  const auto faults = faults_of_csv(text);
  CHECK_THAT(faults, Contains("f:101: pue") && Contains("more is wrong; these are the first 100"));
  CHECK(faults.find("f:102: pue") == std::string::npos);
  const support::TemporaryFolder folder;
  const auto path = folder.path() + "/large.csv";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  REQUIRE(fd >= 0);
  REQUIRE(ftruncate(fd, (64 << 20) + 1) == 0);
  close(fd);
  const auto large = read_import_file(path, RecordKind::kSites);
  REQUIRE_FALSE(large);
  CHECK(large.error().code == ErrorCode::kFull);
  CHECK_THAT(large.error().what, Contains("67108865 bytes, over 64 MiB"));
  CHECK(read_import_file(folder.path() + "/none.csv", RecordKind::kSites).error().code == ErrorCode::kAbsent);
  CHECK(read_import_file(folder.path(), RecordKind::kSites).error().code == ErrorCode::kMalformed);
}

TEST_CASE("export: CSV of what the API answers, quoted where it must be, is read back as it was") {
  const auto answer = ApiJson::parse(R"({"sites":[{"id":"s-1","name":"a, \"b\"","region":"11","latitude":39.904211,
      "longitude":-1e-06,"pue":1.25,"green_share":0,
      "public_compute":false,"security_level":null,"declared":{"nodes":5,"storage_bytes":"9007199254740993",
      "accelerators_by_model":{"X,1":2}}},{"id":"s-2","name":null}]})");
  const auto text = records_csv(RecordKind::kSites, answer, {});
  auto file = read_import_csv(text, RecordKind::kSites);
  CHECK(faults_of(file) == "");
  const auto rows = body_of(file)["sites"];
  REQUIRE(rows.size() == 1);  // the other one was never declared
  for (const auto& [column, value] : {std::pair{"name", "a, \"b\""},
                                      {"latitude", "39.904211"},
                                      {"longitude", "-0.000001"},
                                      {"pue", "1.25"},
                                      {"green_share", "0"},
                                      {"public_compute", "false"},
                                      {"security_level", ""},
                                      {"declared.storage_bytes", "9007199254740993"},
                                      {"declared.accelerators_by_model.X,1", "2"},
                                      {"industry", ""}}) {
    CAPTURE(column);
    CHECK(rows[0][column] == value);
  }
  const auto pools = ApiJson::parse(R"({"pools":[{"id":"p-1","site":"s-1","name":"x","compute_class":null}]})");
  CHECK(records_csv(RecordKind::kPools, pools, answer) == "site,name,compute_class\n\"a, \"\"b\"\"\",x,\n");
}
