#include "agent/probe/shape_accelerator.hpp"

#include <catch2/catch.hpp>

#include "common/accelerator_vendor.hpp"
#include "tests/support/fake_host.hpp"

using namespace capmap;
using capmap::test::FakeHost;

namespace {

PciDevice device(const std::string& address, std::uint16_t class_code, std::uint16_t vendor_id, std::uint16_t device_id) {
  PciDevice pci;
  pci.address = address;
  pci.class_code = class_code;
  pci.vendor_id = vendor_id;
  pci.device_id = device_id;
  return pci;
}

Topology with(std::vector<PciDevice> devices) {
  Topology topology;
  topology.pci_devices = std::move(devices);
  return topology;
}

}  // namespace

TEST_CASE("accelerators: class codes tell compute devices without any table") {
  CHECK(counts_as_accelerator(device("0000:17:00.0", 0x0302, 0x10de, 0x2330), nullptr));
  CHECK(counts_as_accelerator(device("0000:c1:00.0", 0x1200, 0x19e5, 0xd802), nullptr));
  CHECK(counts_as_accelerator(device("0000:03:00.0", 0x0380, 0x1002, 0x740c), nullptr));
  CHECK(counts_as_accelerator(device("0000:65:00.0", 0x0300, 0x10de, 0x2684), nullptr));
  CHECK_FALSE(counts_as_accelerator(device("0000:41:00.0", 0x0200, 0x15b3, 0x101d), nullptr));
}

TEST_CASE("accelerators: the VGA of management controllers, hypervisors and processors does not count") {
  for (const auto& vga : {device("0000:c4:00.0", 0x0300, 0x1a03, 0x2000), device("0000:03:00.0", 0x0300, 0x102b, 0x0536),
                          device("0000:00:02.0", 0x0300, 0x1013, 0x00b8), device("0000:00:01.0", 0x0300, 0x1af4, 0x1050),
                          device("0000:01:05.0", 0x0300, 0x1002, 0x515e), device("0000:0b:00.0", 0x0300, 0x1002, 0x1638),
                          device("0000:00:02.0", 0x0300, 0x8086, 0x46a6), device("0000:02:00.0", 0x0300, 0x19e5, 0x1711)}) {
    CAPTURE(vga.vendor_id, vga.device_id);
    CHECK_FALSE(counts_as_accelerator(vga, nullptr));
  }
}

TEST_CASE("accelerators: virtual functions on their own host and an FPGA card's second function are not counted again") {
  const FakeHost host;
  host.put("sys/bus/pci/devices/0000:17:00.4/physfn/vendor", "0x10de\n");
  const auto topology = with({device("0000:17:00.0", 0x0302, 0x10de, 0x2330), device("0000:17:00.4", 0x0302, 0x10de, 0x2330),
                              device("0000:5e:00.0", 0x1200, 0x10ee, 0x5000), device("0000:5e:00.1", 0x1200, 0x10ee, 0x5001),
                              device("0000:af:00.0", 0x1200, 0x10ee, 0x5000)});
  const HostRoot root = host.root();
  const auto accelerators = read_accelerators(&root, topology, nullptr);
  REQUIRE(accelerators.size() == 3);
  CHECK(accelerators[0].pci_address == "0000:17:00.0");
  CHECK(accelerators[0].vendor == "nvidia");
  CHECK(accelerators[0].shape.kind == AcceleratorKind::kGpu);
  CHECK(accelerators[1].shape.kind == AcceleratorKind::kFpga);
  CHECK(accelerators[2].pci_address == "0000:af:00.0");
}

TEST_CASE("accelerators: the kernel's word on memory and driver is taken, and absent where there is none") {
  const FakeHost host;
  host.put("sys/bus/pci/devices/0000:03:00.0/mem_info_vram_total", "68702699520\n");
  std::filesystem::create_symlink("../../../bus/pci/drivers/amdgpu",
                                  std::filesystem::path(host.path()) / "sys/bus/pci/devices/0000:03:00.0/driver");
  const auto topology = with({device("0000:03:00.0", 0x0380, 0x1002, 0x740f), device("0000:83:00.0", 0x0380, 0x1002, 0x740f)});
  const HostRoot root = host.root();
  const auto accelerators = read_accelerators(&root, topology, nullptr);
  REQUIRE(accelerators.size() == 2);
  CHECK(accelerators[0].shape.memory_bytes == 68'702'699'520U);
  CHECK(accelerators[0].driver == "amdgpu");
  CHECK_FALSE(accelerators[1].shape.memory_bytes.has_value());
  CHECK(accelerators[1].driver == "");
}

TEST_CASE("accelerators: a topology file does not tell drivers, so none is claimed") {
  const auto accelerators = read_accelerators(nullptr, with({device("0000:17:00.0", 0x0302, 0x10de, 0x2330)}), nullptr);
  REQUIRE(accelerators.size() == 1);
  CHECK_FALSE(accelerators[0].driver.has_value());
}

TEST_CASE("accelerators: a vendor without a word is named by its PCI id") {
  CHECK(vendor_word(0x19e5) == "huawei");
  CHECK(vendor_word(0x0abc) == "0x0abc");
}
