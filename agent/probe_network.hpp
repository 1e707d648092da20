#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/kept_file.hpp"
#include "agent/traffic.hpp"
#include "common/host_root.hpp"
#include "common/result.hpp"

namespace capmap {

/// Text of /proc/net/dev to bytes of the interfaces named in `physical` (sorted) since they came up. Errors: kMalformed. Thread: any; pure.
Result<std::vector<TrafficCounters>> parse_network(std::string_view text, const std::vector<std::string>& physical);

/// The port that `name` only carries frames for: a hypervisor's port (hv_netvsc, net_failover) that hands its traffic to a virtual function
/// while there is one. Both are one NIC: the port above is there always, and its counters hold what went through the function.
/// Source: sys/class/net/NAME/master, where that has a device of its own; the master of a bond's or bridge's port has none.
std::optional<std::string> port_above(const HostRoot& root, const std::string& name);

/// What one tick leaves for the next.
struct NetworkMemory {
  KeptFile file{"proc/net/dev"};
  std::vector<std::string> physical;  ///< sorted; looked up anew each kNicLookEvery ticks
  std::vector<std::string> order;     ///< interfaces whose own traffic is told, in this order
  std::uint32_t ticks = 0;
  std::optional<std::vector<TrafficCounters>> before;
  std::uint64_t before_ms = 0;
};
inline constexpr std::uint32_t kNicLookEvery = 30;

/// Reads the traffic of the physical NICs since the last call.
///
/// Source:  <root>/proc/net/dev; physical = <root>/sys/class/net/NAME/device is there, is no SR-IOV virtual function of this
///          host, and no port_above() speaks for it.
/// Returns: 10^3 bits a second, in = received, out = transmitted; empty ones on the first call.
/// Errors:  those of KeptFile::read and HostRoot::list, kMalformed.
/// Thread:  one, with its NetworkMemory. Cost: one small read; each kNicLookEvery ticks a directory.
Result<Traffic> read_network(const HostRoot& root, NetworkMemory& memory, std::uint64_t now_ms);

}  // namespace capmap
