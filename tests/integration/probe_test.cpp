#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/probe_frames.hpp"
#include "common/host_root.hpp"
#include "common/shape.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using capmap::support::run;
using capmap::support::TemporaryFolder;
using Json = nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string kSource = CAPMAP_SOURCE_DIR;

Json probe(const std::vector<std::string>& options) {
  std::vector<std::string> words{"capmap-probe", "probe", "--json", "--catalog", kSource + "/schemas/catalog"};
  words.insert(words.end(), options.begin(), options.end());
  const auto ran = run(words);
  CAPTURE(ran.output);
  REQUIRE(ran.code == 0);
  return Json::parse(ran.output);
}

/// A tool's JSON; null with a printed line when the tool is missing.
Json ask_tool(const std::vector<std::string>& words) {
  const auto ran = run(words);
  const Json answer = ran.code == 0 ? Json::parse(ran.output, nullptr, false) : Json();
  if (!answer.is_object()) std::cout << "skipped: " << words[0] << " is missing or answers no JSON here\n";
  return answer.is_object() ? answer : Json();
}

/// lscpu's rows as a flat object: {"Model name:": "...", ...}.
Json lscpu_fields() {
  Json fields = Json::object();
  const Json answer = ask_tool({"lscpu", "-J"});
  if (answer.is_null()) return fields;
  std::vector<Json> open{answer["lscpu"]};
  for (std::size_t i = 0; i < open.size(); ++i) {
    for (const auto& row : Json(open[i])) {
      fields[row["field"].get<std::string>()] = row["data"];
      if (row.contains("children")) open.push_back(row["children"]);
    }
  }
  return fields;
}

}  // namespace

TEST_CASE("probe: this machine's processors are those lscpu tells") {
  const Json fields = lscpu_fields();
  if (fields.empty()) return;
  const auto number = [&](const char* name) { return std::stoul(fields.at(name).get<std::string>()); };
  const Json cpu = probe({})["cpu"];
  CHECK(cpu["model"] == fields["Model name:"]);
  CHECK(cpu["packages"] == number("Socket(s):"));
  CHECK(cpu["cores"] == number("Socket(s):") * number("Core(s) per socket:"));
  CHECK(cpu["pus"] == number("CPU(s):"));
  CHECK(cpu["numa_nodes"] == number("NUMA node(s):"));
}

TEST_CASE("probe: this machine's memory is MemTotal, exactly") {
  std::ifstream meminfo("/proc/meminfo");
  std::string key;
  std::uint64_t kib = 0;
  meminfo >> key >> kib;
  REQUIRE(key == "MemTotal:");
  const Json memory = probe({})["memory"];
  CHECK(memory["total_bytes"] == kib * 1024);
  CHECK(memory["shape_bytes"].get<std::uint64_t>() >= kib * 1024);
}

TEST_CASE("probe: this machine's disks are those lsblk tells, without what is no disk of its own") {
  const Json answer = ask_tool({"lsblk", "-b", "-d", "-J", "-o", "NAME,SIZE,TYPE,MODEL"});
  if (answer.is_null()) return;
  Json wanted = Json::object();
  for (const auto& device : answer["blockdevices"]) {
    const auto name = device["name"].get<std::string>();
    if (device["type"] == "disk" && name.rfind("zram", 0) != 0 && name.rfind("ram", 0) != 0) wanted[name] = device["size"];
  }
  Json seen = Json::object();
  const Json disks = probe({})["storage"];
  for (const auto& disk : disks) seen[disk["name"].get<std::string>()] = disk["bytes"];
  CHECK(seen == wanted);
}

TEST_CASE("probe: the agent's frames carry the same shape as the report, with names in the order of its rows") {
  const auto ran = run({"capmap-probe", "shape", "--catalog", kSource + "/schemas/catalog"});
  REQUIRE(ran.code == 0);
  const auto frames = read_probe_frames(std::as_bytes(std::span(ran.output)));
  REQUIRE(frames);
  const auto& [hello, encoded] = *frames;
  const auto unpacked = unpack_shape(encoded);
  REQUIRE(unpacked);
  const Json report = probe({});
  CHECK(report["shape_id"] == to_text(unpacked->id));
  CHECK(hello.shape_id == unpacked->id);
  CHECK(report["node"]["hostname"] == hello.hostname);
  CHECK(report["memory"]["total_bytes"] == hello.memory_total_bytes.value_or(0));
  CHECK_FALSE(hello.agent_version.empty());
  std::size_t disks = 0;
  for (const auto& row : unpacked->shape.disks) disks += row.count;
  CHECK(hello.disk_names.size() == disks);
  CHECK(report["storage"].size() == disks);
}

// Peaks by hand: EPYC 7763: 128 cores x 2450 MHz x 16 FLOP/cycle (Zen 3: two 256-bit FMA units) = 5,017,600 MFLOP/s fp64, twice that
// in fp32. Kunpeng 920: 96 cores x 2600 MHz x 4 (one 128-bit FMA in fp64) = 998,400, and x 16 (two in fp32) = 3,993,600.
// 8 H100 SXM: 8 x 33,500,000 + 112 cores x 2000 MHz x 32 (two 512-bit FMA units) = 275,168,000 in fp64; by matrix units 8 x 66,900,000;
// tf32 8 x 494,700,000. The guest tells no clock and no number of AVX-512 units: unrated, not 0.
TEST_CASE("probe: made hosts give the counts, devices and peaks worked out by hand") {
  const TemporaryFolder folder;
  for (const auto& entry : fs::directory_iterator(kSource + "/tests/fixtures/hosts")) {
    if (!fs::exists(entry.path() / "parameters")) continue;
    const std::string name = entry.path().filename().string(), root = folder.path() + "/" + name;
    CAPTURE(name);
    const auto made = run({kSource + "/tests/support/make_host.sh", (entry.path() / "parameters").string(), root});
    CAPTURE(made.output);
    REQUIRE(made.code == 0);
    const Json report = probe({"--root", root});
    std::ifstream file(entry.path() / "expected.json");
    const Json expected = Json::parse(file);
    for (const auto& [place, value] : expected.items()) {
      CAPTURE(place);
      CHECK(report.at(Json::json_pointer(place)) == value);
    }
  }
}

TEST_CASE("probe: a look below a root never mixes in the running machine") {
  const TemporaryFolder folder;
  const Json report = probe({"--root", folder.path()});
  CHECK(report["node"]["hostname"].is_null());
  CHECK(report["node"]["kernel"].is_null());
  CHECK(report["node"]["arch"] == "unknown");
  CHECK(report["cpu"]["model"].is_null());
  CHECK(report["memory"]["total_bytes"].is_null());
  CHECK(report["storage"].empty());
  CHECK(report["network"].empty());
  CHECK_FALSE(report["problems"].empty());
}

TEST_CASE("probe: the text for people stays within 100 columns") {
  const auto ran = run({"capmap-probe", "probe", "--catalog", kSource + "/schemas/catalog"});
  REQUIRE(ran.code == 0);
  std::istringstream lines(ran.output);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(line.size() <= 100);
  }
}

TEST_CASE("probe: wrong use is exit code 2, a machine that cannot be read 1") {
  CHECK(run({"capmap-probe"}).code == 2);
  CHECK(run({"capmap-probe", "frobnicate"}).code == 2);
  CHECK(run({"capmap-probe", "probe", "--nonsense"}).code == 2);
  CHECK(run({"capmap-probe", "probe", "--root", "/nonexistent"}).code == 2);
  const TemporaryFolder folder;
  std::ofstream(folder.path() + "/bad.xml") << "<topology>";
  CHECK(run({"capmap-probe", "probe", "--hwloc-xml", folder.path() + "/bad.xml"}).code == 1);
  CHECK(run({"capmap-probe", "--version"}).code == 0);
  CHECK(run({"capmap-probe", "--help"}).code == 0);
}
