#include "agent/probe/shape_accelerator.hpp"

#include <algorithm>

#include "agent/card_dies.hpp"
#include "agent/probe/plausible.hpp"
#include "common/accelerator_vendor.hpp"

namespace capmap {
namespace {

constexpr std::uint16_t kVga = 0x0300, kThreeD = 0x0302, kDisplayOther = 0x0380, kCoprocessor = 0x0b40, kProcessing = 0x1200;
constexpr std::uint16_t kNvidia = 0x10de, kAmd = 0x1002, kIntel = 0x8086, kXilinx = 0x10ee, kHuawei = 0x19e5, kHygon = 0x1d94,
                        kAlibaba = 0x1ded;

/// Device ids of AMD's discrete chips since about 2011; below and above lie graphics inside processors and the VGA chips of old servers,
/// and from 0x7800 on those of chipsets before them.
bool is_discrete_amd(std::uint16_t device_id) {
  return device_id >= 0x6600 && device_id <= 0x77ff;
}

/// Intel's graphics inside a processor is always a function of the root bus: "0000:00:02.0".
bool is_on_root_bus(const std::string& address) {
  const auto colon = address.find(':');
  return colon != std::string::npos && address.compare(colon + 1, 3, "00:") == 0;
}

bool is_display_accelerator(const PciDevice& device) {
  if (device.vendor_id == kNvidia) return true;
  if (device.vendor_id == kAmd) return is_discrete_amd(device.device_id);
  if (device.vendor_id == kIntel) return !is_on_root_bus(device.address);
  const auto* const vendor = accelerator_vendor(device.vendor_id);
  return vendor && vendor->only_cards;
}

/// Xeon Phi cards; other co-processors of Intel's compress and encrypt.
bool is_coprocessor_accelerator(const PciDevice& device) {
  if (device.vendor_id == kIntel) return device.device_id >= 0x2240 && device.device_id <= 0x227f;
  const auto* const vendor = accelerator_vendor(device.vendor_id);
  return vendor && vendor->only_cards;
}

/// Functions of a server's own processor that have an accelerator's class: Intel's NPU of clients, the engines of a Kunpeng and a Yitian
/// that compress and encrypt, a Hygon's security processor.
bool is_part_of_processor(const PciDevice& device) {
  const auto page = device.device_id & 0xff00U;
  switch (device.vendor_id) {
    case kIntel: return device.class_code == kProcessing && is_on_root_bus(device.address);
    case kHuawei: return page == 0xa100 || page == 0xa200;
    case kAlibaba: return page == 0x8000;
    case kHygon: return page == 0x1400;
    default: return false;
  }
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
  const auto* const vendor = accelerator_vendor(device.vendor_id);
  const bool display = device.class_code == kVga || device.class_code == kThreeD || device.class_code == kDisplayOther;
  if (display && !(vendor && vendor->only_cards)) return AcceleratorKind::kGpu;
  return vendor ? vendor->kind : AcceleratorKind::kOther;
}

void complete_from_files(const HostRoot& root, Accelerator& accelerator, std::vector<Problem>& problems) {
  const std::string folder = "sys/bus/pci/devices/" + accelerator.pci_address;
  const auto driver = root.link_name(folder + "/driver");
  accelerator.driver = driver ? *driver : std::string();
  const auto memory = plausible_in(root, folder + "/mem_info_vram_total", kMostAcceleratorBytes, "accelerators", problems);
  if (memory && *memory > 0) accelerator.shape.memory_bytes = memory;
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
  if (is_part_of_processor(device)) return false;
  switch (device.class_code) {
    case kThreeD:
    case kProcessing: return true;
    case kVga:
    case kDisplayOther: return is_display_accelerator(device);
    case kCoprocessor: return is_coprocessor_accelerator(device);
    default: return false;
  }
}

Probed<std::vector<Accelerator>> read_accelerators(const HostRoot* root, const Topology& topology, const ChipTable* chips) {
  Probed<std::vector<Accelerator>> probed;
  auto& accelerators = probed.value;
  for (const auto& device : topology.pci_devices) {
    if (!counts_as_accelerator(device, chips) || is_second_function(device, accelerators)) continue;
    if (root && root->exists("sys/bus/pci/devices/" + device.address + "/physfn")) continue;
    accelerators.push_back(to_accelerator(device, chips));
    if (root) complete_from_files(*root, accelerators.back(), probed.problems);
  }
  return probed;
}

}  // namespace capmap
