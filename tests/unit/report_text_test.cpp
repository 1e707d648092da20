#include <catch2/catch.hpp>

#include "agent/probe/report.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

Accelerator card(const std::string& address) {
  Accelerator one;
  one.shape.kind = AcceleratorKind::kGpu;
  one.vendor = "nvidia";
  one.model = "NVIDIA H100 SXM5 80GB";
  one.pci_address = address;
  one.driver = "nvidia";
  return one;
}

}  // namespace

TEST_CASE("report text: what only a driver tells of accelerators stands under each, and below them how many a driver shows") {
  Report report;
  CHECK_THAT(report_text(report), Contains("accelerators  none\n"));
  report.machine.accelerators = {card("0000:17:00.0"), card("0000:65:00.0")};
  for (auto& one : report.machine.accelerators) one.shape.vendor_id = 0x10de;
  auto& look = report.machine.look.emplace();
  look.drivers.push_back({.name = "nvml", .pci_vendor = 0x10de, .listed = true, .driver_version = "550.54.15", .cuda_version = "12.4"});
  auto& reading = look.readings["0000:17:00.0"];
  reading.power_limit_milliwatts = 700'000;
  reading.core_max_mhz = 1'980;
  reading.links = 18;
  reading.partitions.resize(2);
  const std::string text = report_text(report);
  INFO(text);
  CHECK_THAT(text, Contains("accelerators  0000:17:00.0 gpu nvidia NVIDIA H100 SXM5 80GB, driver nvidia\n"
                            "              power limit 700 W, at most 1980 MHz, ? of 18 links up, cut into 2\n"
                            "              0000:65:00.0 gpu nvidia"));
  CHECK_THAT(text, Contains("              2 on the PCI bus, 1 shown by a driver, nvml 550.54.15 with CUDA 12.4\n"));
  look.drivers[0].listed = false;  // it did not answer
  CHECK_THAT(report_text(report), Contains("2 on the PCI bus, ? shown by a driver\n"));
}

TEST_CASE("report text: RDMA ports and power meters are lines of their own, and none are no line") {
  Report report;
  CHECK_THAT(report_text(report), !Contains("rdma") && !Contains("\npower"));
  report.machine.rdma_ports = {
      {.device = "mlx5_0",
       .number = 1,
       .link_layer = "InfiniBand",
       .present_mbps = 400'000,
       .state = "ACTIVE",
       .phys_state = "LinkUp",
       .netdev = "ib0",
       .address = ""},
      {.device = "mlx5_1", .number = 1, .link_layer = "", .present_mbps = {}, .state = "", .phys_state = "", .netdev = "", .address = ""}};
  report.machine.energy.meters = {{.name = "package-0", .source = "powercap/intel-rapl:0", .limit_watts = 350, .unreadable = "needs root"}};
  const std::string text = report_text(report);
  INFO(text);
  CHECK_THAT(text, Contains("rdma          mlx5_0/1 InfiniBand 400000 Mb/s, ACTIVE, interface ib0\n"));
  CHECK_THAT(text, Contains("              mlx5_1/1 unknown ? Mb/s, unknown\n"));
  CHECK_THAT(text, Contains("power         package-0 powercap/intel-rapl:0, limit 350 W, not readable: needs root\n"));
}
