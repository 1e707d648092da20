#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/text_table.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

ApiJson node() {
  return ApiJson::parse(R"({
    "id": "n-abcdefghijklmnopqrstuvwxya", "hostname": "gpu-17", 
    "site": {"id": "s-aaaaaaaaaaaaaaaaaaaaaaaaaa", "name": "北京一号", "region": "110108"},
    "liveness": "fresh", "service_state": "in_service", "verdict": "contradicted",
    "age_ms": 4200, "verdict_reasons": ["memory shrank"],
    "interval_ms": 10000, "clock_skew_ms": -61000,
    "agent_version": "0.1.0", "os": "Debian GNU/Linux 12", "kernel": "6.1.0", "virtualization": null,
    "memory_total_bytes": 540151775232, "pus_allowed": 96, "file_systems_size_mb": 2000000, "shape_id": null,
    "hardware": {"cpu": {"architecture": "x86_64", "model": "Intel Xeon Platinum 8480+", "microarchitecture": null,
                         "packages": 2, "cores": 48,
                         "pus": 96, "numa_nodes": null, "core_kinds": [{"cores": 48, "pus": 96, "base_mhz": 2000, "max_mhz": null}],
                         "isa": ["amx_bf16", "avx2"]},
                 "memory_bytes": 549755813888,
                 "peak": {"cpu": {"fp64_mflops": 3072000}, "accelerators": {"int8_mflops": 1979000000},
                          "unrated": [{"what": "New NPU", "why": "not in the chip table", "count": 1}]}},
    "accelerators": [{"pci_address": "0000:17:00.0", "name": null, "pci_id": "1e52:401e",
                      "memory_bytes": null, "used": null, "healthy": true},
                     {"pci_address": "0000:65:00.0", "name": "NVIDIA H100", "memory_bytes": 85899345920,
                      "used": true, "memory_used_mib": 1024,
                      "busy_permille": 987, "healthy": null}],
    "disks": [{"name": "nvme0n1", "media": "nvme", "bytes": 3840755982336, "model": "PM9A3"}],
    "nics": [{"name": "ens1f0", "type": "ethernet", "speed_mbps": 25000, "rdma": true}],
    "usage": {"cpu_busy_millicores": 12400, "memory_used_mib": null, "network_receive_kbps": 12},
    "problems": [{"probe": "storage", "what": "sys/block/sda/size: not readable"}]})");
}

}  // namespace

TEST_CASE("a node is shown with its readings, and what it did not say is unknown") {
  const std::string text = node_text(node(), false);
  INFO(text);
  CHECK_THAT(text, Contains("北京一号 (s-aaaaaaaaaaaaaaaaaaaaaaaaaa), region 110108"));
  CHECK_THAT(text, Contains("fresh, heard 4.2 s ago, reports every 10 s"));
  CHECK_THAT(text, Contains("in_service; contradicted: memory shrank"));
  CHECK_THAT(text, Contains("virtualization unknown"));
  CHECK_THAT(text, Contains("61 s behind the controller's"));
  CHECK_THAT(text, Contains("unknown NUMA nodes; 48 at 2,000 MHz"));
  CHECK_THAT(text, Contains("512 GiB installed, 503 GiB usable by the system"));
  CHECK_THAT(text, Contains("cpu 12.4 PUs busy; memory unknown; storage unknown of 2.00 TB, reading") && Contains("network in 12 kbit/s"));
  CHECK_THAT(text, Contains("fp64                   3.07 TFLOP/s             –"));
  CHECK_THAT(text, Contains("1.98 POP/s"));
  CHECK_THAT(text, Contains("1 x New NPU  not in the chip table"));
  CHECK_THAT(text, Contains("PCI 1e52:401e") && Contains("98.7 %") && Contains("80.0 GiB  used        1.00 GiB"));
  CHECK_THAT(text, Contains("3.84 TB") && Contains("25.0 Gbit/s  yes"));
  CHECK_THAT(text, Contains("storage      sys/block/sda/size: not readable"));
}

TEST_CASE("a node is shown with its labels, maker and drivers, and what its accelerators draw, may draw and how warm they are") {
  ApiJson said = node();
  CHECK_THAT(node_text(said, false), !Contains("TEMPERATURE") && !Contains("labels"));
  said["labels"] = {{"rack", "r12"}, {"row", "b"}};
  said["maker"] = "Example";
  said["product"] = "S9";
  said["accelerator_drivers"] = ApiJson::array({{{"name", "nvml"}, {"version", "550.54.15"}, {"cuda_version", "12.4"}}});
  said["accelerators"][1]["power_watts"] = 601;
  said["accelerators"][1]["power_limit_watts"] = 700;
  said["accelerators"][1]["temperature_celsius"] = 0;
  const std::string text = node_text(said, false);
  INFO(text);
  CHECK_THAT(text, Contains("labels       rack=r12 row=b\n"));
  CHECK_THAT(text, Contains("machine      Example, S9\n"));
  CHECK_THAT(text, Contains("driver       nvml 550.54.15, CUDA 12.4\n"));
  CHECK_THAT(text, Contains("0000:65:00.0    601 W    700 W         0 °C"));
  CHECK_THAT(text, Contains("0000:17:00.0  unknown  unknown      unknown"));
}

TEST_CASE("a node is shown with how many accelerators its drivers show, what they are cut into, and of how many dies they are") {
  ApiJson said = node();
  CHECK_THAT(node_text(said, false), !Contains("on the PCI bus") && !Contains("PARTS") && !Contains("DIES"));
  said["accelerator_counts"] = {{"pci_present", 2}, {"driver_visible", nullptr}};
  CHECK_THAT(node_text(said, false), Contains("accelerators 2 on the PCI bus, unknown how many shown by a driver\n"));
  said["accelerator_counts"]["driver_visible"] = 1;
  said["accelerators"][0]["dies"] = 2;
  said["accelerators"][1]["dies"] = 1;
  said["accelerators"][1]["partitions"] = 7;
  const std::string text = node_text(said, false);
  INFO(text);
  CHECK_THAT(text, Contains("accelerators 2 on the PCI bus, 1 shown by a driver\n"));
  CHECK_THAT(text, Contains("HEALTH   PARTS  DIES\n") && Contains("healthy      –     2\n") && Contains("unknown      7     1\n"));
  said["accelerator_counts"]["pci_present"] = 0;
  CHECK_THAT(node_text(said, false), !Contains("on the PCI bus"));
}

TEST_CASE("a node's long lines are wrapped between words at 100 columns") {
  ApiJson wide = node();
  for (int i = 0; i < 60; ++i) wide["hardware"]["cpu"]["isa"].push_back("avx512_something");
  std::istringstream lines(node_text(wide, false));
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, display_width(line));
  CHECK(widest <= TextTable::kMaxWidth);
}

TEST_CASE("a node that has not told its shape says so, and shows no 0") {
  const std::string text =
      node_text(ApiJson::parse(R"({"id": "n-abcdefghijklmnopqrstuvwxya", "liveness": "resyncing", "hardware": null})"), false);
  INFO(text);
  CHECK_THAT(text, Contains("unknown: the node has not yet told its shape"));
  CHECK_THAT(text, Contains("not heard since the controller started"));
  CHECK_THAT(text, !Contains("0"));
}

TEST_CASE("the list of nodes names each with its liveness and age, and says when there are more") {
  const ApiJson answer = ApiJson::parse(R"({"nodes": [
      {"id": "n-abcdefghijklmnopqrstuvwxya", "hostname": "gpu-17", "site": {"name": "北京一号"}, "liveness": "fresh", "age_ms": 400, "pus": 96,
       "cpu_busy_millicores": 12400, "memory_bytes": 549755813888, "accelerators": 8},
      {"id": "n-abcdefghijklmnopqrstuvwxyi", "hostname": null, "site": null, "liveness": "resyncing", "age_ms": null, "pus": null}],
      "next": "0.2"})");
  const std::string text = nodes_text(answer, false);
  INFO(text);
  CHECK_THAT(text, Contains("n-abcdefghijklmnopqrstuvwxya  gpu-17    北京一号  fresh      0.4 s"));
  CHECK_THAT(text, Contains("n-abcdefghijklmnopqrstuvwxyi  unknown   unknown   resyncing      –  unknown"));
  CHECK_THAT(text, Contains("2 nodes shown, there are more"));
  CHECK_THAT(text, !Contains(" 0 "));
}

TEST_CASE("the list of sites shows what is declared and what is not") {
  const std::string text = sites_text(ApiJson::parse(R"({"sites": [
      {"id": "s-aaaaaaaaaaaaaaaaaaaaaaaaaa", "name": "demo", "region": "11", "owner_class": null, "security_level": 0}]})"),
                                      false);
  CHECK(text ==
        "ID                            NAME  REGION  OWNER  CLASS  SERVICE  LEVEL  HUB  INDUSTRY\n"
        "s-aaaaaaaaaaaaaaaaaaaaaaaaaa  demo  11      –      –      –            0  –    –\n");
}

TEST_CASE("ctl: an answer that is nested without end is refused, not walked down") {
  const std::string deep(1'000'000, '[');
  CHECK(parse_answer(deep + std::string(1'000'000, ']')).error().what.find("nested too deep") != std::string::npos);
  CHECK(!parse_answer(deep).ok());
  CHECK(parse_answer("{\"nodes\":[").error().what.find("not JSON") != std::string::npos);
  const auto answer = parse_answer("{\"a\":[{\"b\":[1,null,\"x\"]}]}");
  REQUIRE(answer);
  CHECK(answer->dump() == "{\"a\":[{\"b\":[1,null,\"x\"]}]}");
}
