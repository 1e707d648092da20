#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controller/ctl/commands.hpp"

using namespace capmap;
using Catch::Contains;

TEST_CASE("ctl: what an id names is shown with its owner and what is plain in its record") {
  const auto text = resolved_text(ApiJson::parse(R"({"id": "h-x", "kind": "hardware", "owner": "c-y", "href": "/v1/nodes?filter=1",
    "record": {"id": "h-x", "cpu": {"model": "Xeon\u001b", "cores": 48, "isa": ["avx2", "avx512f"], "core_kinds": [{"cores": 48}]},
               "memory_bytes": 1024, "peak": null, "public_compute": true}})"),
                                  false);
  INFO(text);
  for (const char* line : {"id                 h-x\n", "kind               hardware\n", "owner              c-y\n",
                           "read on            /v1/nodes?filter=1\n", "cpu model          Xeon?\n", "cpu cores          48\n",
                           "cpu isa            avx2, avx512f\n", "memory bytes       1024\n", "public compute     true\n"}) {
    CHECK_THAT(text, Contains(line));
  }
  CHECK_THAT(text, !Contains("peak"));
}

TEST_CASE("ctl: a node is shown as nodes show does, and an answer of another shape ends nothing") {
  const auto record = ApiJson::parse(R"({"id": "n-x", "hostname": "gpu-1", "liveness": "fresh"})");
  ApiJson answer = {{"id", "n-x"}, {"kind", "node"}, {"owner", nullptr}, {"href", nullptr}, {"record", record}};
  const auto text = resolved_text(answer, false);
  CHECK_THAT(text, Contains(node_text(record, false)) && Contains("owner              unknown"));
  for (const char* other : {"{}", "[]", "null", R"({"kind": 3, "record": [1]})", R"({"kind": "node", "record": {"site": 3}})"}) {
    CHECK_FALSE(resolved_text(ApiJson::parse(other), true).empty());
  }
}
