#pragma once
#include <array>
#include <string_view>
#include <vector>

#include "common/fingerprint.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// Where a machine's UUID stands: the first is root's to read, the others are Xen's and POWER's.
inline constexpr std::array<const char*, 3> kUuidFiles = {"sys/class/dmi/id/product_uuid", "sys/hypervisor/uuid",
                                                          "sys/firmware/devicetree/base/vm,uuid"};

/// What the host of this virtual machine may know it by, ascending, each once, at most kMaxFingerprints.
///
/// Source:  sys/class/net/*/address of ports with a device behind them; the machine's UUID where it may be read (by root alone
///          on most, see kUuidFiles). Not etc/machine-id, though systemd may have made it from that UUID: copies of an image often share
///          it.
/// Thread:  any. Cost: a directory, a file or two a port.
std::vector<Fingerprint> read_own_fingerprints(const HostRoot& root, std::string_view salt);

}  // namespace capmap
