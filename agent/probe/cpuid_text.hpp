#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "agent/probe/cpu_text.hpp"

namespace capmap {

struct CpuidRegisters {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  bool operator==(const CpuidRegisters&) const = default;
};

/// What the CPUID instruction answered on one PU: {leaf, subleaf} -> registers. A leaf that was not asked is not there.
struct CpuidLeaves {
  std::map<std::pair<std::uint32_t, std::uint32_t>, CpuidRegisters> answers;
  /// What the kernel keeps of the processor's registers (XCR0): without it, vectors beyond SSE are not to be used. Absent = not told.
  std::optional<std::uint64_t> kept_registers;
};

/// What the leaves say.
struct CpuidText {
  CpuText cpu;             ///< as /proc/cpuinfo says it
  std::string hypervisor;  ///< "kvm", "vmware", ..; "vm" for one without a known signature; empty = no hypervisor, or not told
  std::optional<std::uint32_t> base_mhz, max_mhz;  ///< leaf 0x16
};

/// Reads vendor, brand, family, model and stepping, the words of the known ISA list, the hypervisor's signature and leaf 0x16.
/// Leaves above what leaf 0 or 0x80000000 allows are passed over, as processors answer those with another leaf's data.
/// Source: Intel SDM vol. 2A, CPUID; AMD APM vol. 3, appendix E; Linux arch/x86/kernel/cpu. Pure; never fails: what is not told, or
/// cannot be, stays empty.
CpuidText parse_cpuid(const CpuidLeaves& leaves);

/// Asks the processor that this thread runs on; nothing on other architectures. Thread: any. Cost: some twenty instructions.
CpuidLeaves read_cpuid();

}  // namespace capmap
