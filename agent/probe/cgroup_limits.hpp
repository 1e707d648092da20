#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "common/host_root.hpp"

namespace capmap {

/// What the control groups that a process stands in leave of the machine. Absent = not limited.
struct CgroupLimits {
  std::optional<std::uint64_t> cpu_millicores, memory_bytes;
  std::optional<std::uint32_t> pus;      ///< of its cpuset
  std::optional<std::uint64_t> tasks{};  ///< threads of all its processes
  bool operator==(const CgroupLimits&) const = default;
};

/// Source:  proc/self/cgroup, or another process's; below sys/fs/cgroup of version 2 cpu.max, memory.max, pids.max, cpuset.cpus.effective,
///          of version 1 cpu/cpu.cfs_quota_us and cpu.cfs_period_us, memory/memory.limit_in_bytes, pids/pids.max,
///          cpuset/cpuset.effective_cpus. The tightest limit from the group up to the root holds; a group that is not shown (another
///          namespace's) is its nearest one above.
/// Returns: absent where the kernel does not tell which groups they are. Thread: any. Cost: some ten small files.
std::optional<CgroupLimits> read_cgroup_limits(const HostRoot& root, const std::string& process = "proc/self/cgroup");

}  // namespace capmap
