#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/hardware.hpp"

namespace capmap {

/// What /proc/cpuinfo says about the processor, whatever machine this program itself runs on.
struct CpuText {
  Architecture architecture = Architecture::kUnknown;
  std::string vendor, model, identity;  ///< as in CpuShape; empty = unknown
  std::vector<std::string> isa;         ///< words of the known list, sorted
  std::optional<bool> guest;            ///< x86: whether the hypervisor flag is set; absent elsewhere
};

/// Reads the text of /proc/cpuinfo of x86-64, aarch64, loongarch64, ppc64le, riscv64 or s390x, told apart by its own form.
/// Of unlike cores (big.LITTLE) the most numerous name the model. Pure; never fails: what is not said stays empty.
CpuText parse_cpuinfo(std::string_view text);

/// The architecture of a machine word ("x86_64", "aarch64", ...), as uname prints it.
Architecture architecture_of(std::string_view machine);
/// The word of an architecture, as uname prints it; "unknown".
const char* to_word(Architecture architecture);

/// "Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz" -> 2100. Absent when the name carries no clock.
std::optional<std::uint32_t> clock_in_model_name(std::string_view model);

}  // namespace capmap
