#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/host_root.hpp"

namespace capmap {

/// Cheap signs that a machine's hardware may have changed since the last look: how many PUs, how much memory, which PCI devices, disks and
/// interfaces there are. A changed sign starts a look at once, so that looks by the clock can be rare. One thread.
class HardwareSigns {
 public:
  /// True when a sign differs from what it was at the call before. Lists are read anew each kSignsEveryMs: /sys/bus/pci/devices,
  /// /sys/block, /sys/class/net (names only), /sys/devices/system/{cpu/online,memory}; what cannot be read is a sign too.
  bool changed(const HostRoot& root, std::uint64_t now_ms);

 private:
  std::size_t signs_ = 0;
  std::uint64_t due_ms_ = 0;
  bool known_ = false;
};
inline constexpr std::uint64_t kSignsEveryMs = 300'000;

}  // namespace capmap
