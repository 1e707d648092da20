#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/host_root.hpp"

namespace capmap {

/// Dies of one card that are PCI devices each: which belong together. Thread: any; no state.

/// PCI devices that one card of a product shows as: 2 for AMD's MI250X and MI250, whose two GCDs sit on one OAM card; else 1, also where
/// only a driver can tell (Ascend). The same as devices_per_card of the chip table for AMD, which a test holds it to.
unsigned dies_a_card(std::uint16_t vendor_id, std::uint16_t device_id);

/// The card's serial number as amdgpu reads it from the card's own memory, the same for both dies (Linux, Documentation/gpu/amdgpu,
/// serial_number); empty where there is none.
/// Source: sys/bus/pci/devices/ADDRESS/serial_number.
std::string card_serial(const HostRoot& root, const std::string& pci_address);

struct Die {
  std::string pci_address, serial;
};

/// [card][die], both ascending by address. Dies are one card where exactly `dies` of them tell one serial number; every other one, and one
/// whose serial is empty, zeros or longer than 64 characters, is alone.
std::vector<std::vector<std::string>> group_dies(const std::vector<Die>& all, unsigned dies);

}  // namespace capmap
