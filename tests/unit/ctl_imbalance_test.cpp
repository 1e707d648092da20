#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/text_table.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

/// Government with most of what there is, and a row nobody declared.
ApiJson answer() {
  return ApiJson::parse(R"({"at": "2026-11-22T21:00:00.123Z", "catalog": "7", "question": "Who has how much?", "by": ["owner_class"],
    "rows": [
      {"key": {"owner_class": null}, "nodes": {"installed": 2, "available": 0, "share_permille": {"installed": 167, "available": 0}},
       "cpu": {"installed_millicores": null, "used_millicores": null, "free_millicores": null, "used_permille": null,
               "share_permille": {"installed": null}},
       "stale_permille": 1000, "unknown_permille": 1000, "unrated_permille": 1000, "age_ms": null},
      {"key": {"owner_class": "government"}, "nodes": {"installed": 10, "available": 9, "share_permille": {"installed": 833}},
       "cpu": {"installed_millicores": 1280000, "used_millicores": 288000, "free_millicores": 864000, "used_permille": 250,
               "share_permille": {"installed": 1000, "used": 1000, "free": 1000}},
       "memory": {"installed_bytes": "5497558138880", "used_bytes": "1099511627776", "free_bytes": "4398046511104", "used_permille": 200,
                  "share_permille": {"installed": 1000, "used": 1000, "free": 1000}},
       "rpeak_like": {"installed_mflops": "539000000", "share_permille": {"installed": 1000}},
       "fp32": {"installed_mflops": null, "share_permille": {"installed": null}},
       "age_ms": {"mean": 4200, "max": 10000, "known_nodes": 9},
       "stale_permille": 100, "unknown_permille": 0, "unrated_permille": 0}],
    "total": {"nodes": {"installed": 12}, "accelerators": {"installed": 0},
              "leaves_out": {"nodes_lost": 3, "nodes_stale": 0, "accelerators_use_unknown": 1200}},
    "not_installed": {"quarantined": 0, "retired": 4}})");
}

std::string squeezed(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' || !out.ends_with(' ')) out += c;
  }
  return out;
}

}  // namespace

TEST_CASE("ctl: an imbalance shows the share of what is installed against those of used and free, and what is left out") {
  const auto text = squeezed(imbalance_text(answer(), false));
  INFO(text);
  for (const char* line :
       {"Who has how much?\n", "map of 2026-11-22T21:00:00.123Z, chip table 7\n",
        "not declared 2 16.7 % 0 unknown 100.0 % 100.0 % 100.0 %\n", "government 10 83.3 % 9 10 s 10.0 % 0.0 % 0.0 %\n",
        "not declared unknown – unknown – unknown – –\n", "government 1,280.0 100.0 % 288.0 100.0 % 864.0 100.0 % 25.0 %\n",
        "government 5.00 TiB 100.0 % 1.00 TiB 100.0 % 4.00 TiB 100.0 % 20.0 %\n", "government 539 TFLOP/s 100.0 % – – – –\n",
        "left out: nodes lost 3, accelerators use unknown 1,200, retired nodes 4\n"}) {
    CHECK_THAT(text, Contains(line));
  }
  CHECK_THAT(text, !Contains("accelerators, used and free"));  // there are none
  CHECK_THAT(text, !Contains("█"));
}

TEST_CASE("ctl: on a terminal use is drawn as a bar, within 100 columns also by two dimensions") {
  auto two = answer();
  two["by"] = {"compute_class", "accelerator_model"};
  for (auto& row : two["rows"])
    row["key"] = {{"compute_class", "intelligent"}, {"accelerator_model", "NVIDIA H100 SXM5 80GB HBM3 with a long name"}};
  const auto text = imbalance_text(two, true);
  CHECK_THAT(text, Contains("25.0 %  █▌"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("\033")) continue;
    INFO(line);
    CHECK(display_width(line) <= TextTable::kMaxWidth);
  }
}

TEST_CASE("ctl: a server without accelerators is called so, and one whose hardware is unknown may have some") {
  auto of_class = answer();
  of_class["by"] = {"architecture", "accelerator_vendor"};
  of_class["rows"][0]["leaves_out"] = {{"nodes_hardware_unknown", 2}};
  const auto text = squeezed(imbalance_text(of_class, false));
  CHECK_THAT(text, Contains("unknown none or unknown 2 16.7 %") && Contains("unknown none 10 83.3 %"));
}

TEST_CASE("ctl: an imbalance of another shape ends nothing") {
  for (const char* text :
       {"{}", "[]", "null", R"({"rows": 3, "by": ["x", 7], "total": []})", R"({"by": ["x"], "rows": [null, {"key": 1}]})"}) {
    CHECK_FALSE(imbalance_text(ApiJson::parse(text), true).empty());
  }
}
