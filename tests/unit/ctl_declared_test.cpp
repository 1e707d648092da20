#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controller/ctl/commands.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

ApiJson answer() {
  return ApiJson::parse(R"({"revision": 3, "by": ["region_2"], "declared_why": null, "groups": [
    {"key": {"region_2": "11"}, "declared": {"sites": 3,
      "nodes": {"declared": 100, "sites_not_declared": 1, "installed": 96, "difference": -4, "installed_complete": true},
      "memory_bytes": {"declared": "2199023255552", "sites_not_declared": 0, "installed": "4398046511104", "difference": "2199023255552",
                       "beyond": "2199023255552", "sites_beyond": 2, "installed_complete": false},
      "power_watts": {"declared": 5000, "sites_not_declared": 0, "installed": null, "difference": null, "installed_complete": false},
      "cores": null, "accelerators_by_model": {"H\u001b100": {"declared": 8, "sites_not_declared": 2, "installed": 8, "difference": 0,
                                                             "installed_complete": true}}}},
    {"key": {"region_2": null}, "declared": {"sites": 1}}],
    "total": {"declared": {"sites": 4}}})");
}

/// Blanks between columns as one: widths are another test's.
std::string squeezed(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' || !out.ends_with(' ')) out += c;
  }
  return out;
}

}  // namespace

TEST_CASE("ctl: what is declared stands beside what is installed, with its sign, and what nobody declared is in no row") {
  TableLook whole;
  whole.wide = true;
  const std::string text = squeezed(map_text(answer(), whole));
  for (const char* line :
       {"11 nodes 100 96 -4 not declared by 1 site\n",
        "11 memory 2.00 TiB 4.00 TiB +2.00 TiB some of what is installed is not known; 2 sites",
        "2 sites with 2.00 TiB more than declared\n", "11 power 5.00 kW – –\n", "11 H?100 8 8 0 not declared by 2 sites\n"}) {
    CHECK_THAT(text, Contains(line));
  }
  CHECK_THAT(text, !Contains("cores"));
  CHECK_THAT(text, Contains("of 4 sites"));
}

TEST_CASE("ctl: a question that cannot be told of sites shows the reason, and broken figures end nothing") {
  auto map = answer();
  map["declared_why"] = "these groups are not of sites alone";
  map["groups"][0]["declared"] = nullptr;
  map["total"]["declared"] = {{"sites", "x"}, {"nodes", {{"declared", -1}, {"difference", "--4"}, {"installed", 1.5}}}, {"cores", 7}};
  CHECK_THAT(map_text(map, false), Contains("these groups are not of sites alone"));
}
