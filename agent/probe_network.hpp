#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/kept_file.hpp"
#include "common/host_root.hpp"
#include "common/result.hpp"

namespace capmap {

/// Bytes of one interface since it came up.
struct NicCounters {
  std::string name;
  std::uint64_t received_bytes = 0, transmitted_bytes = 0;
  bool operator==(const NicCounters&) const = default;
};

/// Traffic of all physical NICs together, 10^3 bits a second.
struct NetworkRates {
  std::optional<std::uint32_t> receive_kbps, transmit_kbps;
  bool operator==(const NetworkRates&) const = default;
};

/// Text of /proc/net/dev to counters of the interfaces named in `physical` (sorted). Errors: kMalformed. Thread: any; pure.
Result<std::vector<NicCounters>> parse_network(std::string_view text, const std::vector<std::string>& physical);

/// Rates over the interfaces that stand in both readings; empty when there is none, or when a counter went backwards.
NetworkRates network_rates(const std::vector<NicCounters>& before, const std::vector<NicCounters>& after, std::uint64_t elapsed_ms);

/// What one tick leaves for the next.
struct NetworkMemory {
  KeptFile file{"proc/net/dev"};
  std::vector<std::string> physical;  ///< sorted; looked up anew each kNicLookEvery ticks
  std::uint32_t ticks = 0;
  std::optional<std::vector<NicCounters>> before;
  std::uint64_t before_ms = 0;
};
inline constexpr std::uint32_t kNicLookEvery = 30;

/// Reads the traffic of the physical NICs since the last call.
///
/// Source:  <root>/proc/net/dev; physical = <root>/sys/class/net/NAME/device is there and is no SR-IOV virtual function of this host.
/// Returns: rates; empty ones on the first call.
/// Errors:  those of KeptFile::read and HostRoot::list, kMalformed.
/// Thread:  one, with its NetworkMemory. Cost: one small read; each kNicLookEvery ticks a directory.
Result<NetworkRates> read_network(const HostRoot& root, NetworkMemory& memory, std::uint64_t now_ms);

}  // namespace capmap
