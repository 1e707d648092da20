#pragma once
#include <vector>

#include "agent/probe/cpu_text.hpp"
#include "agent/probe/topology.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// Clocks of each kind of core, and which of a hybrid CPU's efficiency cores are those of least power.
///
/// Source:  sys/devices/system/cpu/cpuN/{cpufreq,acpi_cppc}; CPUID leaf 0x16 on the running bare machine; "@ x GHz" of the model name;
///          sys/devices/cpu_lowpower/cpus of newer kernels, else a base clock below that of the kind's other cores.
/// Returns: [kind] in the order told; more than were told where one had cores of two kinds in it. Clocks in MHz, absent where not told;
///          nonsense makes a problem line.
/// Thread:  any. Cost: two small files a PU.
std::vector<CoreKind> read_core_kinds(const HostRoot& root, const std::vector<PuKind>& told, const CpuText& text,
                                      std::vector<Problem>& problems);

}  // namespace capmap
