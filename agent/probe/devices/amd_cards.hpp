#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/host_root.hpp"

namespace capmap {

/// What the two ways to AMD's cards (files, ROCm SMI) share.

/// Memory that amdgpu keeps on a card nobody uses is below this.
inline constexpr std::uint64_t kAmdIdleBytes = 512ULL << 20U;

/// True where a graphics card or accelerator of AMD's (PCI vendor 1002) is on the bus, whoever drives it. Cost: a small file a PCI device.
bool amd_card_present(const HostRoot& root);

/// "0000:c1:00.0" of KFD's `domain` and `location_id`, whose layout the lower half of ROCm's PCI id has too. Bits 16 and up, which number
/// a partition, are not looked at.
std::string amd_address(std::uint64_t domain, std::uint64_t location);

/// Addresses of each card's dies, by the first one's, all ascending. Source: vendor, device and serial_number of each PCI device.
std::map<std::string, std::vector<std::string>> amd_cards(const HostRoot& root, const std::vector<std::string>& addresses);

}  // namespace capmap
