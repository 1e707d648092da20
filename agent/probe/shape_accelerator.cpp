#include "agent/probe/shape_accelerator.hpp"

#include <algorithm>

#include "agent/card_dies.hpp"
#include "common/accelerator_vendor.hpp"

namespace capmap {
namespace {

constexpr std::uint16_t kVga = 0x0300, kThreeD = 0x0302, kDisplayOther = 0x0380, kProcessing = 0x1200;
constexpr std::uint16_t kNvidia = 0x10de, kAmd = 0x1002, kIntel = 0x8086, kXilinx = 0x10ee;

/// Device ids of AMD's discrete chips since about 2011; below and above lie graphics inside processors and the VGA chips of old servers.
bool is_discrete_amd(std::uint16_t device_id) {
  return device_id >= 0x6600 && device_id <= 0x7fff;
}

/// Intel's graphics inside a processor is always a function of the root bus: "0000:00:02.0".
bool is_on_root_bus(const std::string& address) {
  const auto colon = address.find(':');
  return colon != std::string::npos && address.compare(colon + 1, 3, "00:") == 0;
}

bool is_display_accelerator(const PciDevice& device) {
  if (device.vendor_id == kNvidia) return true;
  if (device.vendor_id == kAmd) return is_discrete_amd(device.device_id);
  return device.vendor_id == kIntel && !is_on_root_bus(device.address);
}

/// A card that shows itself as several functions (an FPGA's management and user function) is one: the one with the lowest address.
bool is_second_function(const PciDevice& device, const std::vector<Accelerator>& before) {
  if (device.vendor_id != kXilinx || before.empty()) return false;
  const auto slot = [](const std::string& address) { return address.substr(0, address.rfind('.')); };
  return before.back().shape.vendor_id == kXilinx && slot(before.back().pci_address) == slot(device.address);
}

AcceleratorKind kind_of(const PciDevice& device, const ChipTable* chips) {
  const auto listed = chips ? chips->accelerator_kind(device.vendor_id, device.device_id) : AcceleratorKind::kUnknown;
  if (listed != AcceleratorKind::kUnknown) return listed;
  if (device.class_code != kProcessing) return AcceleratorKind::kGpu;
  const auto* const vendor = accelerator_vendor(device.vendor_id);
  return vendor ? vendor->kind : AcceleratorKind::kOther;
}

void complete_from_files(const HostRoot& root, Accelerator& accelerator) {
  const std::string folder = "sys/bus/pci/devices/" + accelerator.pci_address;
  const auto driver = root.link_name(folder + "/driver");
  accelerator.driver = driver ? *driver : std::string();
  const auto memory = root.read_u64(folder + "/mem_info_vram_total");
  if (memory && *memory > 0) accelerator.shape.memory_bytes = *memory;
  if (dies_a_card(accelerator.shape.vendor_id, accelerator.shape.device_id) > 1) {
    accelerator.serial = card_serial(root, accelerator.pci_address);
  }
}

Accelerator to_accelerator(const PciDevice& device, const ChipTable* chips) {
  Accelerator accelerator;
  accelerator.pci_address = device.address;
  accelerator.shape.kind = kind_of(device, chips);
  accelerator.shape.vendor_id = device.vendor_id;
  accelerator.shape.device_id = device.device_id;
  accelerator.shape.subsystem_vendor_id = device.subsystem_vendor_id;
  accelerator.shape.subsystem_device_id = device.subsystem_device_id;
  accelerator.vendor = vendor_word(device.vendor_id);
  if (chips) accelerator.model = chips->accelerator_name(device.vendor_id, device.device_id).value_or("");
  accelerator.numa_node = device.numa_node;
  accelerator.serial = device.serial;
  return accelerator;
}

}  // namespace

bool counts_as_accelerator(const PciDevice& device, const ChipTable* chips) {
  if (chips && chips->is_accelerator(device.vendor_id, device.device_id)) return true;
  if (device.class_code == kThreeD || device.class_code == kProcessing) return true;
  return (device.class_code == kVga || device.class_code == kDisplayOther) && is_display_accelerator(device);
}

std::vector<Accelerator> read_accelerators(const HostRoot* root, const Topology& topology, const ChipTable* chips) {
  std::vector<Accelerator> accelerators;
  for (const auto& device : topology.pci_devices) {
    if (!counts_as_accelerator(device, chips) || is_second_function(device, accelerators)) continue;
    if (root && root->exists("sys/bus/pci/devices/" + device.address + "/physfn")) continue;
    accelerators.push_back(to_accelerator(device, chips));
    if (root) complete_from_files(*root, accelerators.back());
  }
  return accelerators;
}

}  // namespace capmap
