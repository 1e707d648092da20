#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controller/ctl/nodes_watch.hpp"

using namespace capmap;

TEST_CASE("ctl nodes watch: a node is read from a list and from its own page, and what is not known stays so") {
  const auto of_list = node_seen(ApiJson::parse(R"({"id": "n-1", "hostname": "gpu-1", "site": {"name": "lab"}, "liveness": "fresh",
    "service_state": "in_service", "age_ms": 900, "pus": 96, "memory_bytes": 549755813888, "accelerators": 8, "accelerators_used": 3,
    "cpu_busy_millicores": 12400, "memory_used_mib": 20480})"));
  CHECK(use_line(of_list) == "busy 12.4 of 96.0 PUs, memory 20.0 GiB of 512 GiB, accelerators 3 of 8");
  const auto page = node_seen(ApiJson::parse(R"({"id": "n-1", "hostname": "gpu-1", "site": {"name": "lab"}, "liveness": "fresh",
    "pus_allowed": 96, "memory_total_bytes": 549755813888, "accelerators": [], "accelerator_counts": {"pci_present": 8, "used": 3},
    "usage": {"cpu_busy_millicores": 12400, "memory_used_mib": 20480}})"));
  CHECK(use_line(page) == use_line(of_list));
  CHECK(use_line(node_seen(ApiJson::object())) == "busy unknown of unknown PUs, memory unknown of unknown");
}

TEST_CASE("ctl nodes watch: use that has hardly moved is not told, another accelerator is") {
  NodeSeen node;
  node.pus = 100;
  node.busy_millicores = 10'000;
  node.memory_bytes = 100ULL << 30U;
  node.used_mib = 10'240;
  node.accelerators = 8;
  node.accelerators_used = 2;
  auto now = node;
  CHECK_FALSE(use_differs(node, now));
  now.busy_millicores = 14'000;
  CHECK_FALSE(use_differs(node, now));
  now.busy_millicores = 15'000;
  CHECK(use_differs(node, now));
  now = node;
  now.accelerators_used = 3;
  CHECK(use_differs(node, now));
  now = node;
  now.used_mib.reset();
  CHECK(use_differs(node, now));
}
