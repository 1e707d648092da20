#pragma once
#include "agent/probe/topology.hpp"
#include "agent/probe/words.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// The processors as a part of the shape, and what their text says about a guest.
struct CpuReading {
  CpuShape shape;
  std::optional<std::uint32_t> packages_told;  ///< where they are no sockets the shape has none
  std::optional<bool> guest;                   ///< x86: the hypervisor flag; absent elsewhere
  std::optional<std::uint32_t> pus_allowed;    ///< to us, of the running ones
  std::optional<std::uint32_t> pus_offline;    ///< present, not running, and in no count of the shape
};

/// Counts from the topology, or from the kernel's own folders where hwloc found no processor in them; vendor, model, identity and ISA from
/// proc/cpuinfo; clocks from sysfs.
///
/// Source:   proc/cpuinfo; sys/devices/system/cpu/cpuN/{cpufreq,acpi_cppc}; proc/hwloc-nofile-info of a capture for its architecture.
/// Clock:    base_frequency; nominal_freq of CPPC; the table of ACPI P-states; CPUID leaf 0x16 on the running bare machine; "@ x GHz"
///           of the model name. A guest's estimate of its TSC is never a base clock.
/// Counts:   clusters of unlike ARM cores that firmware numbers as packages are one package. Packages of one core each on a guest,
///           or on any machine but x86, are no sockets: the shape has none, and a problem line says so. Dies where the kernel tells them,
///           also of packages that are one.
/// Problems: cpuinfo not readable, PUs present but offline, packages that cannot be what is plugged in.
/// Thread:   any. Cost: one read of cpuinfo and one small file a PU.
Probed<CpuReading> read_cpu_shape(const HostRoot& root, const Topology& topology);

/// The same from an XML topology alone, for which there are no files.
CpuShape cpu_from_topology(const Topology& topology);

}  // namespace capmap
