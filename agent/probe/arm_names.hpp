#pragma once
#include <cstdint>
#include <string>

namespace capmap {

/// Names behind the numbers of an ARM MIDR, since /proc/cpuinfo prints numbers only. Empty when a number is not known.
/// implementer 0x48 -> "HiSilicon"
std::string arm_vendor(std::uint64_t implementer);
/// implementer 0x48, part 0xd01 -> "Kunpeng-920"
std::string arm_model(std::uint64_t implementer, std::uint64_t part);

}  // namespace capmap
