#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/host_root.hpp"

namespace capmap {

/// What a benchmark may use: by affinity and by the limits of its control groups (cgroup v2 and v1), the tightest of all levels above it.
struct BenchLimits {
  std::vector<unsigned> pus;  ///< [pu] kernel numbers that affinity allows, ascending
  std::optional<std::uint32_t> cpu_quota_millicores;
  std::optional<std::uint64_t> memory_bytes;     ///< left below the tightest limit of a group
  std::optional<std::uint64_t> available_bytes;  ///< MemAvailable
  std::vector<std::string> limited_by;           ///< sentences: which limit, how far

  /// Threads that can really run at once; at least 1.
  [[nodiscard]] std::uint32_t threads() const;
  /// Memory a test may take: a quarter of what is left.
  [[nodiscard]] std::uint64_t memory_budget() const;
};

/// "max 100000" or "150000 100000" of cpu.max as thousandths of a core; empty when there is no limit. Errors: kMalformed. Pure.
Result<std::optional<std::uint32_t>> parse_cpu_max(std::string_view text);
/// The group's path of this process in /proc/self/cgroup: of version 2 (empty controllers) or of one version-1 controller; empty when it
/// is in none. Pure.
std::string parse_cgroup_path(std::string_view text, std::string_view controller);

/// Source: sched_getaffinity, <root>/proc/self/cgroup, <root>/sys/fs/cgroup, <root>/proc/meminfo. What cannot be read limits nothing.
BenchLimits read_bench_limits(const HostRoot& root);

/// Until when a test runs, and whether somebody wants it to end earlier.
class BenchClock {
 public:
  /// `stop` is looked at often; it outlives this.
  BenchClock(std::chrono::milliseconds limit, const std::atomic<bool>& stop) : limit_(limit), end_(Now::now() + limit), stop_(stop) {}
  [[nodiscard]] bool over() const { return stop_.load(std::memory_order_relaxed) || Now::now() >= end_; }
  [[nodiscard]] std::chrono::milliseconds limit() const { return limit_; }
  [[nodiscard]] bool stopped() const { return stop_.load(std::memory_order_relaxed); }

 private:
  using Now = std::chrono::steady_clock;
  std::chrono::milliseconds limit_;
  Now::time_point end_;
  const std::atomic<bool>& stop_;
};

}  // namespace capmap
