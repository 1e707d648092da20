#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "common/hardware.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// What the kernel's own folders say of the processors, where hwloc finds too little in them to make a topology.
struct CpuFolders {
  std::vector<unsigned> online;  ///< [pu] kernel numbers, ascending; empty = not told
  std::optional<std::uint32_t> packages, dies, cores;
  std::optional<std::uint32_t> offline;  ///< PUs present that do not run
  std::vector<unsigned> numa_nodes;      ///< [node] kernel numbers, ascending; empty = not told
  std::vector<Problem> problems{};       ///< ids that are none, of the first such PU
};

/// Source:  sys/devices/system/cpu/{online,present,cpuN/online,cpuN/topology/{physical_package_id,die_id,core_id,thread_siblings_list}},
///          sys/devices/system/node. Without the list `online` a cpuN folder counts unless its own file `online` says 0.
/// Returns: packages, dies and cores only when every running PU says its own; cores without sibling lists only where no core's number
///          comes twice in a package, since firmware may number them anew in each cluster.
/// Thread:  any. Cost: some four small files a PU.
CpuFolders read_cpu_folders(const HostRoot& root);

/// PUs that are present and do not run; absent where the kernel's two lists are not told or contradict each other.
std::optional<std::uint32_t> read_offline_pus(const HostRoot& root);

/// Whether the kernel tells the dies of packages (Linux 5.2, x86): by die_id and die_cpus of the first running PU.
bool numbers_dies(const HostRoot& root);

}  // namespace capmap
