#include "agent/probe/shape_accelerator.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "agent/card_dies.hpp"
#include "agent/probe/plausible.hpp"

namespace capmap {
namespace {

constexpr std::uint16_t kVga = 0x0300, kThreeD = 0x0302, kDisplayOther = 0x0380, kCoprocessor = 0x0b40, kProcessing = 0x1200;
constexpr std::uint16_t kNvidia = 0x10de, kAmd = 0x1002, kIntel = 0x8086, kXilinx = 0x10ee, kHuawei = 0x19e5, kHygon = 0x1d94,
                        kAlibaba = 0x1ded;

struct Vendor {
  std::uint16_t id;
  const char* word;
  AcceleratorKind kind;     ///< what its accelerators outside the table are taken for
  bool only_cards = false;  ///< whatever it makes of a display's, a co-processor's or a processing accelerator's class is one
};
constexpr std::array kVendors = std::to_array<Vendor>({
    {kNvidia, "nvidia", AcceleratorKind::kGpu},
    {kAmd, "amd", AcceleratorKind::kGpu},
    {kIntel, "intel", AcceleratorKind::kOther},
    {kXilinx, "xilinx", AcceleratorKind::kFpga},
    {0x1172, "altera", AcceleratorKind::kFpga},
    {kHuawei, "huawei", AcceleratorKind::kNpu},
    {0xcabc, "cambricon", AcceleratorKind::kNpu, true},
    {kHygon, "hygon", AcceleratorKind::kGpu, true},
    {0x1ed5, "moorethreads", AcceleratorKind::kGpu, true},
    {0x9999, "metax", AcceleratorKind::kGpu, true},
    {0x1e3e, "iluvatar", AcceleratorKind::kGpu, true},
    {0x1ee0, "biren", AcceleratorKind::kGpu, true},
    {0x1d22, "kunlunxin", AcceleratorKind::kNpu, true},
    {0x1e36, "enflame", AcceleratorKind::kNpu, true},
    {kAlibaba, "alibaba", AcceleratorKind::kNpu, true},
    {0x1da3, "habana", AcceleratorKind::kNpu, true},
    {0x1ec6, "vastai", AcceleratorKind::kGpu, true},
    {0x1e9f, "lynxi", AcceleratorKind::kNpu, true},
    {0x1fbd, "enrigin", AcceleratorKind::kOther, true},
    {0x1f1c, "sophgo", AcceleratorKind::kNpu, true},
    {0x1ae0, "google", AcceleratorKind::kNpu},
    {0x1d0f, "amazon", AcceleratorKind::kNpu},
    {0x1d95, "graphcore", AcceleratorKind::kNpu, true},
    {0x1de0, "groq", AcceleratorKind::kNpu, true},
    {0x1e52, "tenstorrent", AcceleratorKind::kNpu, true},
    {0x1ed2, "furiosa", AcceleratorKind::kNpu, true},
    {0x1eff, "rebellions", AcceleratorKind::kNpu, true},
});

const Vendor* vendor_of(std::uint16_t id) {
  const auto at = std::find_if(kVendors.begin(), kVendors.end(), [id](const Vendor& vendor) { return vendor.id == id; });
  return at == kVendors.end() ? nullptr : &*at;
}

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
  const Vendor* vendor = vendor_of(device.vendor_id);
  return vendor && vendor->only_cards;
}

/// Xeon Phi cards; other co-processors of Intel's compress and encrypt.
bool is_coprocessor_accelerator(const PciDevice& device) {
  if (device.vendor_id == kIntel) return device.device_id >= 0x2240 && device.device_id <= 0x227f;
  const Vendor* vendor = vendor_of(device.vendor_id);
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
  const Vendor* vendor = vendor_of(device.vendor_id);
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

std::string vendor_word(std::uint16_t vendor_id) {
  if (const Vendor* vendor = vendor_of(vendor_id)) return vendor->word;
  char text[8];
  std::snprintf(text, sizeof text, "0x%04x", static_cast<unsigned>(vendor_id));
  return text;
}

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
