#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/text_table.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

/// Ten nodes of one site: eight available, one lost, one whose hardware is not known; one accelerator model is not in the table.
ApiJson group() {
  return ApiJson::parse(R"({
    "key": {"site": "北京一号"},
    "nodes": {"installed": 10, "healthy": 8, "available": 8, "fresh": 8, "stale": 0, "lost": 1, "resyncing": 1, "hardware_unknown": 1},
    "cpu": {"packages": 18, "cores": 432, "pus": 864, "busy_millicores": 12400, "free_millicores": 755600, "use_unknown_nodes": 1},
    "memory": {"installed_bytes": "9895604649984", "unknown_nodes": 0, "used_bytes": "1099511627776", "free_bytes": "7696581394432",
               "use_unknown_nodes": 0},
    "accelerators": {"installed": 16, "used": 3, "free": 9, "use_unknown": 4,
                     "by_model": {"NVIDIA H100 SXM5 80GB": {"installed": 8, "used": 3, "free": 5}, "New NPU": {"installed": 8}}},
    "storage": {"installed_bytes": "36893488147419103232", "unknown_disks": 2, "by_media": {"nvme": "36893488147419103232", "hdd": "0"}},
    "network": {"nics": 18, "speed_mbps": 450000, "speed_unknown": 1},
    "peak": {"cpu": {"fp64_mflops": "35942400", "fp32_mflops": "71884800", "fp16_mflops": null},
             "accelerators": {"fp64_mflops": "272000000", "fp32_mflops": "536000000", "fp16_mflops": "7912000000",
                              "int8_mflops": "15832000000"},
             "unrated": {"cpu_packages": 0, "accelerators": 8, "nodes": 2,
                         "why": [{"what": "New NPU", "why": "not in the chip table", "count": 8}]}},
    "largest_free": {"cores": 64, "memory_gib": 512, "accelerators": 8},
    "age_ms": {"mean": 4200, "max": 10000, "known_nodes": 9}, "stale_permille": 200, "unrated_permille": 200})");
}

ApiJson answer(const ApiJson& total, bool grouped) {
  ApiJson map = {{"revision", 42}, {"at", "2026-11-22T21:00:00.123Z"}, {"age_ms", 90}, {"catalog", "1"}, {"resyncing", nullptr}};
  map["by"] = grouped ? ApiJson::array({"site"}) : ApiJson::array();
  map["groups"] = grouped ? ApiJson::array({total}) : ApiJson::array();
  map["total"] = total;
  return map;
}

std::string line_with(const std::string& text, const std::string& start) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(start)) return line;
  }
  return "no line starts with " + start;
}

std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, display_width(line));
  return widest;
}

}  // namespace

TEST_CASE("the total shows installed, used and free in the units people use") {
  const std::string text = map_text(answer(group(), false), false);
  INFO(text);
  CHECK_THAT(line_with(text, "map of"), Contains("revision 42, 0.1 s old, chip table 1"));
  CHECK_THAT(line_with(text, "nodes"), Contains("10"));
  CHECK_THAT(line_with(text, "  available"), Contains("8"));
  CHECK_THAT(line_with(text, "  lost"), Contains("1"));
  CHECK_THAT(line_with(text, "  stale"), Contains("no line"));
  CHECK_THAT(line_with(text, "  hardware unknown"), Contains("1") && Contains("in no figure below"));
  CHECK_THAT(line_with(text, "cpu PUs"), Contains("864") && Contains("12.4") && Contains("755.6") && Contains("use unknown on 1 node"));
  CHECK_THAT(line_with(text, "memory"), Contains("9.00 TiB") && Contains("1.00 TiB") && Contains("7.00 TiB"));
  CHECK_THAT(line_with(text, "accelerators"), Contains("use unknown of 4 devices"));
  CHECK_THAT(line_with(text, "storage"), Contains("36.9 EB") && Contains("size unknown of 2 disks"));
  CHECK_THAT(line_with(text, "network"), Contains("450 Gbit/s"));
  CHECK_THAT(text, !Contains("hdd"));
  CHECK(widest_line(text) <= TextTable::kMaxWidth);
}

TEST_CASE("beside every total stand its age and its shares of stale and unrated nodes") {
  const std::string text = map_text(answer(group(), false), false);
  const std::string line = "age mean 4.2 s, max 10 s (9 of 10 nodes heard), 20.0 % not fresh, 20.0 % with unrated parts";
  const auto first = text.find(line);
  REQUIRE(first != std::string::npos);
  CHECK(text.find(line, first + 1) != std::string::npos);
}

TEST_CASE("peaks stay apart by precision and by part, and a missing one is not 0") {
  const std::string text = map_text(answer(group(), false), false);
  INFO(text);
  CHECK_THAT(line_with(text, "fp32"), Contains("71.9 TFLOP/s") && Contains("536 TFLOP/s"));
  CHECK_THAT(line_with(text, "fp16"), Contains("not offered") && Contains("7.91 PFLOP/s"));
  CHECK_THAT(line_with(text, "int8"), Contains("15.8 POP/s"));
  CHECK_THAT(line_with(text, "fp4"), Contains("no line starts"));
  CHECK_THAT(line_with(text, "8 x New NPU"), Contains("not in the chip table"));
  CHECK_THAT(text, Contains("0 cpu packages, 8 accelerators, on 2 nodes"));
}

TEST_CASE("a part that is wholly unrated says so with the reason beside") {
  ApiJson total = group();
  total["peak"] = ApiJson::parse(R"({"cpu": {"fp32_mflops": null}, "accelerators": {},
    "unrated": {"cpu_packages": 18, "accelerators": 16, "nodes": 9, "why": [{"what": "cpu", "why": "no base clock", "count": 18},
                                                                           {"what": "New NPU", "why": "no row", "count": 16}]}})");
  const std::string text = map_text(answer(total, false), false);
  INFO(text);
  CHECK_THAT(line_with(text, "fp32"), Contains("unrated") && Contains("cpu: no base clock; accelerators: no row"));
  CHECK_THAT(line_with(text, "fp32"), !Contains(" 0"));
}

TEST_CASE("what nobody could read is unknown and not 0") {
  ApiJson total = group();
  total["nodes"]["hardware_unknown"] = 10;
  total["cpu"] = {{"packages", 0}, {"cores", 0}, {"pus", 0}, {"busy_millicores", 0}, {"free_millicores", 0}, {"use_unknown_nodes", 8}};
  total["memory"] = {{"installed_bytes", "0"}, {"unknown_nodes", 10}, {"used_bytes", "0"}, {"free_bytes", "0"}, {"use_unknown_nodes", 8}};
  total["accelerators"] = {{"installed", 4}, {"used", 0}, {"free", 0}, {"use_unknown", 4}};
  total["peak"] = ApiJson::object();
  total["age_ms"] = nullptr;
  const std::string text = map_text(answer(total, false), false);
  INFO(text);
  CHECK_THAT(line_with(text, "cpu cores"), Contains("unknown"));
  CHECK_THAT(line_with(text, "cpu PUs"), Contains("unknown") && !Contains("0.0"));
  CHECK_THAT(line_with(text, "memory"), Contains("unknown") && !Contains("0 B"));
  CHECK_THAT(line_with(text, "accelerators"), Contains("4  unknown  unknown"));
  CHECK_THAT(line_with(text, "fp32"), Contains("unknown"));
  CHECK_THAT(text, Contains("age unknown: no node heard yet"));
}

TEST_CASE("with no node available nothing is used or free, and it does not read as 0") {
  ApiJson total = group();
  total["nodes"]["available"] = 0;
  const std::string text = map_text(answer(total, false), false);
  CHECK_THAT(line_with(text, "memory"), Contains("–") && !Contains("7.00 TiB"));
  CHECK_THAT(text, Contains("used and free are of 0 available nodes\n"));
}

TEST_CASE("a controller that is still hearing its nodes says so first") {
  ApiJson map = answer(group(), false);
  map["resyncing"] = {{"heard", 1234}, {"known", 20000}};
  CHECK_THAT(map_text(map, false), Catch::StartsWith("resyncing: 1,234 of 20,000 known nodes\n"));
}

TEST_CASE("groups are four tables with the total last, each row with its age and shares, within 100 columns") {
  ApiJson map = answer(group(), true);
  map["groups"].push_back(group());
  map["groups"][1]["key"]["site"] = nullptr;
  const std::string text = map_text(map, false);
  INFO(text);
  for (const char* title : {"nodes\nSITE", "cpu and memory", "devices", "peaks"}) CHECK_THAT(text, Contains(title));
  CHECK(std::ranges::count(text, '\n') > 20);
  CHECK_THAT(line_with(text, "北京一号"), Contains("10 s") && Contains("20.0 %"));
  CHECK_THAT(line_with(text, "not declared"), Contains("20.0 %"));
  CHECK_THAT(line_with(text, "total"), Contains("20.0 %"));
  CHECK(widest_line(text) <= TextTable::kMaxWidth);
}

TEST_CASE("an answer of another shape is shown as unknown instead of ending the program") {
  for (const char* text :
       {"{}", "[]", "null", R"({"total": [], "groups": 3, "by": ["site", 7]})", R"({"by": ["site"], "groups": [null, {"key": 1}]})"}) {
    CHECK_FALSE(map_text(ApiJson::parse(text), false).empty());
  }
}
