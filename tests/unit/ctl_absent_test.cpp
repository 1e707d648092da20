#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controller/ctl/commands.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

std::string squeezed(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' || !out.ends_with(' ')) out += c;
  }
  return out;
}

}  // namespace

TEST_CASE("ctl: absent nodes are shown with when they were last seen, and sites with how many were never met") {
  const auto answer = ApiJson::parse(R"({"resyncing": null, "next": "4.2", "sites_left_out": 3,
    "nodes": [
      {"id": "n-a", "hostname": "gpu-1", "site": {"name": "east"}, "pool": {"name": "batch"}, "service_state": "in_service",
       "absence": "lost", "last_seen": "2026-11-22T21:00:00.000Z", "last_seen_coarse_ms": 0, "age_ms": 9000000},
      {"id": "n-b", "hostname": "gpu-2", "site": {"name": "east"}, "pool": null, "service_state": "maintenance",
       "absence": "lost", "last_seen": "2026-11-22T21:00:00.000Z", "last_seen_coarse_ms": 3600000, "age_ms": 9000000},
      {"id": "n-c", "hostname": "gpu-3", "site": null, "pool": null, "service_state": "in_service",
       "absence": "never_came", "last_seen": null, "last_seen_coarse_ms": null, "age_ms": null}],
    "sites": [{"site": {"name": "east"}, "declared_nodes": 40, "installed_nodes": 38, "lost_nodes": 2, "difference": -2},
              {"site": {"id": "s-x", "name": null}, "declared_nodes": 3, "installed_nodes": 4, "lost_nodes": 0, "difference": 1}]})");
  const auto text = squeezed(absent_text(answer, false));
  INFO(text);
  for (const char* line : {"n-a gpu-1 east batch in_service 2.5 h ago\n", "n-b gpu-2 east – maintenance about 2.5 h ago\n",
                           "n-c gpu-3 unknown – in_service never\n", "3 nodes absent, 1 of them never came; shown are some",
                           "east 40 38 2 2\n", "s-x 3 4 0 1 more than declared\n", "and 3 more sites\n"}) {
    CHECK_THAT(text, Contains(line));
  }
}

TEST_CASE("ctl: with nobody absent that is said, and an answer of another shape ends nothing") {
  CHECK_THAT(absent_text(ApiJson::parse(R"({"nodes": [], "next": null, "sites": []})"), false), Contains("\n0 nodes absent\n"));
  for (const char* text : {"{}", "[]", "null", R"({"nodes": [1, {"site": 3}], "sites": [null, {"declared_nodes": -1}]})"}) {
    CHECK_FALSE(absent_text(ApiJson::parse(text), true).empty());
  }
}
