#pragma once
#include <optional>
#include <string>
#include <vector>

#include "agent/probe/topology.hpp"
#include "agent/probe/words.hpp"
#include "common/chip_table.hpp"
#include "common/host_root.hpp"

namespace capmap {

struct Accelerator {
  std::string pci_address;
  AcceleratorShape shape;             ///< count 1
  std::string vendor;                 ///< lower-case word ("nvidia"), or the vendor's PCI id in hex
  std::string model;                  ///< from the chip table; empty = unknown
  std::optional<std::string> driver;  ///< kernel driver bound to it, empty = none is; absent = not told
  std::optional<unsigned> numa_node;
  std::string serial{};             ///< the card's, only where it tells which dies share one; empty = not told
  std::vector<std::string> dies{};  ///< addresses of all its dies, ascending, the first one's first; empty = it is one device
};

/// Accelerators by PCI, with no driver at all: [device], ordered by address, each physical device once; dies of one card still apart
/// (shape_dies.hpp).
///
/// What counts: ids of the chip table, on whatever bus, so that a card handed to a guest is seen; class 3D controller (0x0302) and
///           processing accelerator (0x1200); class display (0x0300, 0x0380) of NVIDIA, of AMD's discrete families, and of Intel off the
///           root bus; these classes and co-processor (0x0b40) of vendors that make nothing else of them (Hygon, Cambricon, ...), and
///           Xeon Phi. The VGA of management controllers, hypervisors and processors does not, nor do NPUs and engines that are a
///           processor's own functions. Left out: virtual functions on their own host; the second function of an FPGA card.
/// Source:   the topology's PCI devices; sys/bus/pci/devices/ADDRESS/{driver,physfn,mem_info_vram_total,serial_number} where `root` is
///           given.
/// Memory:   only where the kernel says it without a vendor library (amdgpu).
/// Problems: memory that cannot be. Thread: any. Cost: three small files a device.
Probed<std::vector<Accelerator>> read_accelerators(const HostRoot* root, const Topology& topology, const ChipTable* chips);

/// True when a PCI device is an accelerator by the rule above, virtual functions and second functions aside.
bool counts_as_accelerator(const PciDevice& device, const ChipTable* chips);

}  // namespace capmap
