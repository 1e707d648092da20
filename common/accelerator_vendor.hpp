#pragma once
#include <cstdint>
#include <string>

#include "common/hardware.hpp"

namespace capmap {

/// A maker of accelerators by its PCI vendor id.
struct AcceleratorVendor {
  std::uint16_t id = 0;
  const char* word = "";                             ///< lower case: "nvidia"
  AcceleratorKind kind = AcceleratorKind::kUnknown;  ///< what its accelerators are taken for that no table knows
  bool only_cards = false;  ///< whatever it makes of a display's, a co-processor's or a processing accelerator's class is one
};
/// Null: not known. Thread: any.
const AcceleratorVendor* accelerator_vendor(std::uint16_t vendor_id);

/// "nvidia", "amd", "huawei", ...; "0x1234" for a vendor without a word.
std::string vendor_word(std::uint16_t vendor_id);

}  // namespace capmap
