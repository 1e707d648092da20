#include "common/accelerator_vendor.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace capmap {
namespace {

constexpr std::array kVendors = std::to_array<AcceleratorVendor>({
    {0x10de, "nvidia", AcceleratorKind::kGpu},
    {0x1002, "amd", AcceleratorKind::kGpu},
    {0x8086, "intel", AcceleratorKind::kOther},
    {0x10ee, "xilinx", AcceleratorKind::kFpga},
    {0x1172, "altera", AcceleratorKind::kFpga},
    {0x19e5, "huawei", AcceleratorKind::kNpu},
    {0xcabc, "cambricon", AcceleratorKind::kNpu, true},
    {0x1d94, "hygon", AcceleratorKind::kGpu, true},
    {0x1ed5, "moorethreads", AcceleratorKind::kGpu, true},
    {0x9999, "metax", AcceleratorKind::kGpu, true},
    {0x1e3e, "iluvatar", AcceleratorKind::kGpu, true},
    {0x1ee0, "biren", AcceleratorKind::kGpu, true},
    {0x1d22, "kunlunxin", AcceleratorKind::kNpu, true},
    {0x1e36, "enflame", AcceleratorKind::kNpu, true},
    {0x1ded, "alibaba", AcceleratorKind::kNpu, true},
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

}  // namespace

const AcceleratorVendor* accelerator_vendor(std::uint16_t vendor_id) {
  const auto* const at = std::find_if(kVendors.begin(), kVendors.end(), [vendor_id](const auto& vendor) { return vendor.id == vendor_id; });
  return at == kVendors.end() ? nullptr : at;
}

std::string vendor_word(std::uint16_t vendor_id) {
  if (const auto* const vendor = accelerator_vendor(vendor_id)) return vendor->word;
  char text[8];
  std::snprintf(text, sizeof text, "0x%04x", static_cast<unsigned>(vendor_id));
  return text;
}

}  // namespace capmap
