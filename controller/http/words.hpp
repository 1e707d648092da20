#pragma once
#include <array>
#include <cstddef>

#include "controller/map/rollup.hpp"

namespace capmap {

/// The API's words of what the domain counts in enums, by value; 0 is unknown.
inline constexpr std::array<const char*, 7> kArchitectureWords = {"unknown", "x86_64",  "aarch64", "loongarch64",
                                                                  "ppc64le", "riscv64", "s390x"};
inline constexpr std::array<const char*, 4> kCoreTypeWords = {"unknown", "performance", "efficiency", "low-power"};
inline constexpr std::array<const char*, 4> kClockSourceWords = {"unknown", "sysfs", "cpuid", "model_name"};
inline constexpr std::array<const char*, 5> kAcceleratorKindWords = {"unknown", "gpu", "npu", "fpga", "other"};
inline constexpr std::array<const char*, 4> kNicTypeWords = {"unknown", "ethernet", "infiniband", "roce"};
inline constexpr std::array<const char*, 5> kMediaWords = {"unknown", "nvme", "ssd", "hdd", "remote"};

/// False when not one available node told it: then the sum is unknown, not 0.
inline bool use_known(const RollupGroup& group, const Amount& amount) {
  return group.available_nodes > amount.unknown;
}

/// The same for accelerators, whose use is told device by device. Where none are installed, none are used: that is known.
inline bool accelerator_use_known(const RollupGroup& group) {
  if (group.accelerators == 0 || group.accelerators_used + group.accelerators_free > 0) return true;
  return group.accelerators_use_unknown == 0 && group.available_nodes > 0;
}

}  // namespace capmap
