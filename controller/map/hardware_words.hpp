#pragma once
#include <array>
#include <cstddef>

namespace capmap {

/// The words of what the domain counts in enums, by value, as API and SQL say them; 0 is unknown.
inline constexpr std::array<const char*, 7> kArchitectureWords = {"unknown", "x86_64",  "aarch64", "loongarch64",
                                                                  "ppc64le", "riscv64", "s390x"};
inline constexpr std::array<const char*, 4> kCoreTypeWords = {"unknown", "performance", "efficiency", "low-power"};
inline constexpr std::array<const char*, 4> kClockSourceWords = {"unknown", "sysfs", "cpuid", "model_name"};
inline constexpr std::array<const char*, 5> kAcceleratorKindWords = {"unknown", "gpu", "npu", "fpga", "other"};
inline constexpr std::array<const char*, 4> kNicTypeWords = {"unknown", "ethernet", "infiniband", "roce"};
inline constexpr std::array<const char*, 5> kMediaWords = {"unknown", "nvme", "ssd", "hdd", "remote"};

/// The word of an enum; null for unknown and for what this version does not know.
template <class Enum, std::size_t N>
const char* known_word(Enum value, const std::array<const char*, N>& words) {
  const auto i = static_cast<std::size_t>(value);
  return i == 0 || i >= N ? nullptr : words[i];
}

}  // namespace capmap
