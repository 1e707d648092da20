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

TEST_CASE("accelerators: cards of vendors that make nothing else count by class alone, with ids no table has") {
  struct Card {
    PciDevice pci;
    AcceleratorKind kind;
  };
  const std::vector<Card> cards = {{device("0000:03:00.0", 0x0380, 0x1d94, 0x55b7), AcceleratorKind::kGpu},
                                   {device("0000:04:00.0", 0x0300, 0x1ed5, 0x0440), AcceleratorKind::kGpu},
                                   {device("0000:05:00.0", 0x0380, 0x9999, 0x4000), AcceleratorKind::kGpu},
                                   {device("0000:06:00.0", 0x0b40, 0xcabc, 0x0590), AcceleratorKind::kNpu},
                                   {device("0000:07:00.0", 0x0b40, 0x8086, 0x2250), AcceleratorKind::kOther},
                                   {device("0000:08:00.0", 0x0302, 0x1ee0, 0x0100), AcceleratorKind::kGpu},
                                   {device("0000:09:00.0", 0x1200, 0x19e5, 0xd804), AcceleratorKind::kNpu}};
  for (const auto& card : cards) {
    CAPTURE(card.pci.vendor_id, card.pci.device_id);
    CHECK(counts_as_accelerator(card.pci, nullptr));
    const auto read = read_accelerators(nullptr, with({card.pci}), nullptr).value;
    REQUIRE(read.size() == 1);
    CHECK(read[0].shape.kind == card.kind);
  }
}

TEST_CASE("accelerators: engines, NPUs and co-processors that belong to a server's own processor do not count") {
  for (const auto& part : {device("0000:75:00.0", 0x1200, 0x19e5, 0xa250), device("0000:00:0b.0", 0x1200, 0x8086, 0x7d1d),
                           device("0000:00:0b.0", 0x1200, 0x8086, 0x643e), device("0000:04:00.2", 0x0b40, 0x1d94, 0x1456),
                           device("0000:6d:00.0", 0x0b40, 0x8086, 0x37c8), device("0000:6b:00.0", 0x0b40, 0x8086, 0x4940),
                           device("0000:00:01.0", 0x1200, 0x1ded, 0x8001), device("0000:00:03.0", 0x0b40, 0x10de, 0x0753)}) {
    CAPTURE(part.vendor_id, part.device_id);
    CHECK_FALSE(counts_as_accelerator(part, nullptr));
  }
}

TEST_CASE("accelerators: a card that a guest sees on its root bus counts where the chip table knows its id") {
  const auto chips = ChipTable::load(std::string(CAPMAP_SOURCE_DIR) + "/schemas/catalog");
  REQUIRE(chips);
  for (const auto& card : {device("0000:00:05.0", 0x0300, 0x8086, 0x56a0), device("0000:00:06.0", 0x0300, 0x8086, 0xe211),
                           device("0000:00:07.0", 0x0380, 0x8086, 0x56c0), device("0000:00:08.0", 0x0300, 0x10de, 0x2204)}) {
    CAPTURE(card.vendor_id, card.device_id);
    CHECK(counts_as_accelerator(card, &*chips));
  }
  CHECK_FALSE(counts_as_accelerator(device("0000:00:02.0", 0x0300, 0x8086, 0x46a6), &*chips));
  CHECK_FALSE(counts_as_accelerator(device("0000:0b:00.0", 0x0300, 0x1002, 0x1638), &*chips));
  CHECK_FALSE(counts_as_accelerator(device("0000:01:05.0", 0x0300, 0x1002, 0x791e), nullptr));
  const auto named = read_accelerators(nullptr, with({device("0000:65:00.0", 0x0300, 0x10de, 0x1b06)}), &*chips).value;
  REQUIRE(named.size() == 1);
  CHECK(named[0].model == "NVIDIA GP102 [GeForce GTX 1080 Ti]");
  CHECK(named[0].shape.name.empty());
}

TEST_CASE("accelerators: virtual functions on their own host and an FPGA card's second function are not counted again") {
  const FakeHost host;
  host.put("sys/bus/pci/devices/0000:17:00.4/physfn/vendor", "0x10de\n");
  const auto topology = with({device("0000:17:00.0", 0x0302, 0x10de, 0x2330), device("0000:17:00.4", 0x0302, 0x10de, 0x2330),
                              device("0000:5e:00.0", 0x1200, 0x10ee, 0x5000), device("0000:5e:00.1", 0x1200, 0x10ee, 0x5001),
                              device("0000:af:00.0", 0x1200, 0x10ee, 0x5000)});
  const HostRoot root = host.root();
  const auto accelerators = read_accelerators(&root, topology, nullptr).value;
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
  const auto accelerators = read_accelerators(&root, topology, nullptr).value;
  REQUIRE(accelerators.size() == 2);
  CHECK(accelerators[0].shape.memory_bytes == 68'702'699'520U);
  CHECK(accelerators[0].driver == "amdgpu");
  CHECK_FALSE(accelerators[1].shape.memory_bytes.has_value());
  CHECK(accelerators[1].driver == "");
}

TEST_CASE("accelerators: a topology file does not tell drivers, so none is claimed") {
  const auto accelerators = read_accelerators(nullptr, with({device("0000:17:00.0", 0x0302, 0x10de, 0x2330)}), nullptr).value;
  REQUIRE(accelerators.size() == 1);
  CHECK_FALSE(accelerators[0].driver.has_value());
}

TEST_CASE("accelerators: a vendor without a word is named by its PCI id") {
  CHECK(vendor_word(0x19e5) == "huawei");
  CHECK(vendor_word(0x0abc) == "0x0abc");
}
