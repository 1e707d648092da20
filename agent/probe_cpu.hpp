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
  std::uint32_t pus = 0;         ///< online now
  bool operator==(const CpuCounters&) const = default;
};

/// Text of /proc/stat to counters. Errors: kMalformed. Thread: any; pure.
Result<CpuCounters> parse_cpu(std::string_view text);

/// Busy core-time between two readings in millicores, at most 1000 a PU (ticks are coarser than the clock). Empty when time stood
/// still or a counter went backwards. Thread: any; pure.
std::optional<std::uint32_t> cpu_busy_millicores(const CpuCounters& before, const CpuCounters& after, std::uint64_t elapsed_ms,
                                                 std::uint64_t ticks_per_s);

/// What one tick leaves for the next.
struct CpuMemory {
  KeptFile file{"proc/stat"};
  std::optional<CpuCounters> before;
  std::uint64_t before_ms = 0;
};

/// Reads how much of the processors was busy since the last call.
///
/// Source:  <root>/proc/stat (proc_stat(5)), in clock ticks.
/// Returns: millicores; empty on the first call and when the counters cannot tell.
/// Errors:  those of KeptFile::read, kMalformed.
/// Thread:  one, with its CpuMemory. Cost: one small read.
Result<std::optional<std::uint32_t>> read_cpu(const HostRoot& root, CpuMemory& memory, std::uint64_t now_ms);

}  // namespace capmap
