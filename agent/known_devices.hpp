#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"

namespace capmap {

/// What a driver last said of a device that does not change: kept in the agent's state folder, so that the shape of a server is the
/// same whether its drivers answer or hang.
struct KnownDevice {
  std::string pci_id;  ///< "10de:2330": what is said of another card at the same address is not said of this one
  std::optional<std::uint64_t> memory_bytes;
  std::string name;
  std::vector<std::string> more_dies{};  ///< addresses of the card's other dies
  bool operator==(const KnownDevice&) const = default;
};
using KnownDevices = std::map<std::string, KnownDevice>;  ///< by PCI address

/// <state>/accelerators.known; capmap-agent writes it, `capmap-probe shape --known` reads it.
std::string known_devices_path(const std::string& state);
/// One line a device: "ADDRESS[+ADDRESS...] PCI_ID BYTES NAME", BYTES "-" where unknown; further addresses are the card's other dies. At
/// most 1024 are read. Errors: kAbsent, kDenied; kMalformed with the line.
Result<KnownDevices> read_known_devices(const std::string& path);
/// The text of such a file.
std::string known_devices_text(const KnownDevices& devices);
/// Replaces the file. Errors: kDenied, kFull, kUnavailable.
Result<Done> write_known_devices(const std::string& path, const KnownDevices& devices);

}  // namespace capmap
