#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/kept_file.hpp"
#include "common/host_root.hpp"
#include "common/result.hpp"

namespace capmap {

/// Processor time since boot, all PUs together.
struct CpuCounters {
  std::uint64_t busy_ticks = 0;  ///< user, nice, system, irq, softirq; guests are inside user. Steal is not ours: another guest had it
  std::optional<std::uint64_t> steal_ticks{};  ///< what the hypervisor gave to others; empty where the kernel does not tell
  std::uint32_t pus = 0;                       ///< online now
  bool operator==(const CpuCounters&) const = default;
};

/// Text of /proc/stat to counters. Errors: kMalformed. Thread: any; pure.
Result<CpuCounters> parse_cpu(std::string_view text);

/// Core-time between two readings.
struct CpuUse {
  std::optional<std::uint32_t> busy_millicores, steal_millicores;
  std::optional<std::uint32_t> load_centi;  ///< load average of the last minute x 100
  bool operator==(const CpuUse&) const = default;
};

/// Busy and stolen core-time, each at most 1000 a PU (ticks are coarser than the clock) and empty when time stood still or its counter
/// went backwards. Thread: any; pure.
CpuUse cpu_use(const CpuCounters& before, const CpuCounters& after, std::uint64_t elapsed_ms, std::uint64_t ticks_per_s);

/// Text of /proc/loadavg to the first of its averages x 100. Errors: kMalformed. Thread: any; pure.
Result<std::uint32_t> parse_load(std::string_view text);

/// What one tick leaves for the next.
struct CpuMemory {
  KeptFile file{"proc/stat"}, load_file{"proc/loadavg"};
  std::optional<CpuCounters> before;
  std::uint64_t before_ms = 0;
};

/// Reads how much of the processors was busy since the last call, and what waits for them.
///
/// Source:  <root>/proc/stat (proc_stat(5)), in clock ticks; <root>/proc/loadavg.
/// Returns: millicores, empty on the first call and when the counters cannot tell; the load, empty where it cannot be read.
/// Errors:  those of KeptFile::read, kMalformed, all of proc/stat.
/// Thread:  one, with its CpuMemory. Cost: two small reads.
Result<CpuUse> read_cpu(const HostRoot& root, CpuMemory& memory, std::uint64_t now_ms);

}  // namespace capmap
