#include "controller/ctl/foreign.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>

#include "controller/ctl/host_list.hpp"
#include "controller/ctl/json_items.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

std::string fixture(const std::string& name) {
  std::ifstream file(CAPMAP_SOURCE_DIR "/tests/fixtures/inventories/" + name);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

using Row = std::map<std::string, std::string>;

/// Rows of a kind by name, "SITE/POOL" of pools.
std::map<std::string, Row> rows_of(ImportFile& file, RecordKind kind) {
  std::map<std::string, Row> rows;
  const auto& table = file.table(kind);
  for (const auto& row : table.rows) {
    Row cells;
    for (const auto& [column, text] : row.cells) cells[table.columns[column]] = text;
    rows[kind == RecordKind::kPools ? cells["site"] + "/" + cells["name"] : cells["name"]] = cells;
  }
  return rows;
}

ForeignFile read(const std::string& from, const std::string& text, const std::string& site = {}, std::vector<std::string> roles = {}) {
  auto foreign = read_foreign(text, {.from = from, .site = site, .roles = std::move(roles)});
  check_records(foreign.file, {});
  return foreign;
}

std::string faults(const std::string& from, const std::string& text, const std::string& site = {}) {
  return read(from, text, site).file.faults_text("f");
}

}  // namespace

TEST_CASE("slurm: what scontrol shows is summed by site, partitions are pools, and what runs on a text is passed over") {
  auto foreign = read("slurm", fixture("slurm-scontrol.txt"), "north");
  CHECK(foreign.file.faults.empty());
  const auto site = rows_of(foreign.file, RecordKind::kSites).at("north");
  CHECK(site.at("declared.nodes") == "3");
  CHECK(site.at("declared.packages") == "6");
  CHECK(site.at("declared.cores") == "256");
  CHECK(site.at("declared.memory_bytes") == std::to_string((2 * 2'063'000ULL + 515'000ULL) << 20));
  CHECK(site.at("declared.accelerators") == "16");
  CHECK(site.at("declared.accelerators_by_model.h100") == "16");
  const auto pools = rows_of(foreign.file, RecordKind::kPools);
  CHECK(pools.size() == 3);
  for (const char* name : {"north/train", "north/debug", "north/batch"}) CHECK(pools.contains(name));
}

TEST_CASE("slurm: lines of slurm.conf take defaults, joined lines and lists of hosts; what no node tells stays as it is") {
  auto foreign = read("slurm", fixture("slurm.conf"), "north");
  CHECK(foreign.file.faults.empty());
  const auto site = rows_of(foreign.file, RecordKind::kSites).at("north");
  CHECK(site.at("declared.nodes") == "105");
  CHECK(site.at("declared.cores") == std::to_string(101 * 64 + 4 * 96));
  CHECK(!site.contains("declared.accelerators"));  // only four say anything of cards
  CHECK(rows_of(foreign.file, RecordKind::kPools).size() == 2);
  REQUIRE(foreign.notes.size() == 2);
  CHECK_THAT(foreign.notes[0], Contains("declared.accelerators stays as it is") && Contains("101 machines of 105"));
  CHECK_THAT(foreign.notes[1], Contains("9 machines left out") && Contains("FUTURE"));
  auto one = read("slurm", fixture("slurmd.txt"), "north");
  CHECK(rows_of(one.file, RecordKind::kSites).at("north").at("declared.packages") == "2");
}

TEST_CASE("slurm: mistakes are told with their lines") {
  CHECK_THAT(faults("slurm", fixture("slurmd.txt")), Contains("f:1: Slurm knows no sites: say --site"));
  CHECK_THAT(faults("slurm", "\nNodeName=cn[1-\n", "n"), Contains("f:2: NodeName:") && Contains("not closed"));
  CHECK_THAT(faults("slurm", "NodeName=a\n\nNodeName=b,a\n", "n"), Contains("f:3: node a stands there twice, first in line 1"));
  CHECK_THAT(faults("slurm", "NodeName=a RealMemory=12G\n", "n"), Contains("f:1: realmemory: \"12G\" is no whole number"));
  CHECK_THAT(faults("slurm", "NodeName=a Gres=gpu:h100:x\n", "n"), Contains("f:1: Gres:"));
  CHECK_THAT(faults("slurm", "NodeName=cn[1-999999999]\n", "n"), Contains("more than 100000 hosts"));
  CHECK_THAT(faults("slurm", "ClusterName=x\n", "n"), Contains("nothing in it"));
}

TEST_CASE("kubernetes: zones are sites, node pools pools; cards count once however often they are offered") {
  auto foreign = read("kubernetes", fixture("kubernetes.json"));
  CHECK(foreign.file.faults.empty());
  const auto sites = rows_of(foreign.file, RecordKind::kSites);
  REQUIRE(sites.size() == 2);
  CHECK(sites.at("north").at("declared.accelerators") == "8");
  CHECK(sites.at("north").at("declared.accelerators_by_model.NVIDIA-H100-80GB-HBM3") == "8");
  CHECK(!sites.at("north").contains("declared.cores"));  // its cpu counts threads
  CHECK(sites.at("south").at("declared.nodes") == "2");
  CHECK(sites.at("south").at("declared.memory_bytes") == std::to_string((768ULL << 30) + (257'500ULL << 20)));
  CHECK(sites.at("south").at("declared.accelerators_by_model.Ascend910") == "8");
  CHECK(rows_of(foreign.file, RecordKind::kPools).contains("north/train"));
  auto together = read("kubernetes", fixture("kubernetes.json"), "hall");
  CHECK(rows_of(together.file, RecordKind::kSites).at("hall").at("declared.nodes") == "3");
}

TEST_CASE("kubernetes: mistakes are told with the line that the node begins in") {
  const std::string good = R"({"kind":"Node","metadata":{"name":"a"},"status":{"capacity":{"memory":"1Gi"}}})";
  CHECK_THAT(faults("kubernetes", "{\"items\":[\n" + good + "\n]}"), Contains("f:2: node a has no label topology.kubernetes.io/zone"));
  CHECK_THAT(faults("kubernetes", "[" + good + ",\n" + good + "]", "s"), Contains("f:2: node a stands there twice, first in line 1"));
  CHECK_THAT(faults("kubernetes", "{\"items\":[\n\n{\"kind\":\"Pod\"}]}", "s"), Contains("f:3: kind: \"Pod\" is no Node"));
  CHECK_THAT(faults("kubernetes", R"([{"metadata":{"name":"a"},"status":{"capacity":{"memory":"1 GB"}}}])", "s"),
             Contains("is no quantity"));
  CHECK_THAT(faults("kubernetes", "{\"items\":[\n{]}", "s"), Contains("f:2:"));
  CHECK_THAT(faults("kubernetes", "kind: List", "s"), Contains("f:1: is neither a list nor an object"));
}

TEST_CASE("netbox: devices of server roles that are installed count at their sites; clusters are pools") {
  auto foreign = read("netbox", fixture("netbox-devices.csv"));
  CHECK(foreign.file.faults.empty());
  const auto sites = rows_of(foreign.file, RecordKind::kSites);
  CHECK(sites.at("North Hall").at("declared.nodes") == "2");
  CHECK(sites.at("South Hall").at("declared.nodes") == "1");
  CHECK(!sites.at("South Hall").contains("declared.cores"));
  CHECK(rows_of(foreign.file, RecordKind::kPools).contains("North Hall/train"));
  REQUIRE(foreign.notes.size() == 2);
  CHECK_THAT(foreign.notes[0] + foreign.notes[1], Contains("their role is Switch") && Contains("their status is Planned"));

  auto api = read("netbox", fixture("netbox-devices.json"), {}, {"gpu-server", "Server"});
  CHECK(api.file.faults.empty());
  CHECK(rows_of(api.file, RecordKind::kSites).at("North Hall").at("declared.nodes") == "1");
  CHECK(rows_of(api.file, RecordKind::kSites).at("South Hall").at("declared.nodes") == "1");
}

TEST_CASE("netbox: sites come with where they lie, without what is retired") {
  auto foreign = read("netbox", fixture("netbox-sites.json"));
  CHECK(foreign.file.faults.empty());
  const auto sites = rows_of(foreign.file, RecordKind::kSites);
  REQUIRE(sites.size() == 2);
  CHECK(sites.at("North Hall").at("latitude") == "39.904211");
  CHECK(sites.at("North Hall").at("longitude") == "116.407395");
  CHECK(!sites.at("South Hall").contains("latitude"));
  CHECK_THAT(faults("netbox", "a,b\n1,2\n"), Contains("f:1: has the titles of neither"));
  CHECK_THAT(faults("netbox", "Name,Role,Type\nx,Server,T\n"), Contains("f:2: tells no site"));
  CHECK_THAT(faults("netbox", "[{\"slug\":\"a\",\"name\":\"a\"},\n{\"slug\":\"b\",\"name\":\"a\"}]"),
             Contains("f:2: site \"a\" stands there twice"));
}

TEST_CASE("glpi: lists of computers count servers by their first place; inventories tell processors, cores and memory") {
  auto foreign = read("glpi", fixture("glpi-computers.csv"));
  CHECK(foreign.file.faults.empty());
  CHECK(rows_of(foreign.file, RecordKind::kSites).at("North Hall").at("declared.nodes") == "2");
  CHECK(rows_of(foreign.file, RecordKind::kSites).size() == 1);
  auto inventory = read("glpi", fixture("glpi-inventory.json"), "north");
  CHECK(inventory.file.faults.empty());
  const auto site = rows_of(inventory.file, RecordKind::kSites).at("north");
  CHECK(site.at("declared.nodes") == "2");
  CHECK(site.at("declared.packages") == "3");
  CHECK(site.at("declared.cores") == "72");
  CHECK(site.at("declared.memory_bytes") == std::to_string((262'144ULL + 128'000ULL) << 20));
  CHECK(!site.contains("declared.accelerators"));
  CHECK_THAT(faults("glpi", fixture("glpi-inventory.json")), Contains("tells no site"));
}

TEST_CASE("host lists: ranges keep their zeros, brackets may stand in several places, and what is no range is refused") {
  const auto hosts = expand_hosts("r[1-2]n[08-10],x", 100);
  REQUIRE(hosts);
  CHECK(*hosts == std::vector<std::string>{"r1n08", "r1n09", "r1n10", "r2n08", "r2n09", "r2n10", "x"});
  for (const char* wrong : {"a[", "a[]", "a[2-1]", "a[x]", "a[1-]", "a[1]b[2]c[3]d[4]e[5]"}) {
    INFO(wrong);
    CHECK(!expand_hosts(wrong, 100));
  }
  CHECK(expand_hosts("a[1-100]", 100));
  CHECK(!expand_hosts("a[1-101]", 100));
  CHECK(!expand_hosts("a[1-60],b[1-60]", 100));
}

TEST_CASE("items of JSON: each with its line, of a list or of the named member, and brackets must match") {
  const auto items = json_items("{\"a\": [1, {\"]\": 2}],\n \"items\": [ {\"x\": \"}\\\"\"} ,\n 7 ] }", "items");
  REQUIRE(items);
  REQUIRE(items->size() == 2);
  CHECK((*items)[0].text == "{\"x\": \"}\\\"\"}");
  CHECK((*items)[0].line == 2);
  CHECK((*items)[1].line == 3);
  CHECK(json_items("{\"a\": 1}", "items")->size() == 1);
  CHECK(json_items(" [ ] ", "items")->empty());
  for (const char* wrong : {"", "7", "{", "[1", "[1 2]", "[{]}", "{\"a\" 1}", "[\"a]", "{\"a\": }"}) {
    INFO(wrong);
    CHECK(!json_items(wrong, "items"));
  }
  CHECK(!json_items(std::string(40, '[') + std::string(40, ']'), "items"));
}
