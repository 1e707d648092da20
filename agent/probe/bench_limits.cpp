#include "agent/probe/bench_limits.hpp"

#include <sched.h>

#include <algorithm>

#include "agent/fields.hpp"
#include "agent/probe_memory.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kMillicores = 1'000;
constexpr std::uint64_t kNoMemoryLimit = std::uint64_t{1} << 60U;  // cgroup v1 writes a number near 2^63 for "none"
constexpr const char* kMount = "sys/fs/cgroup";
constexpr int kMaxPus = 1 << 16;

std::vector<unsigned> allowed_pus() {
  for (int count = 1'024; count <= kMaxPus; count *= 2) {
    cpu_set_t* const set = CPU_ALLOC(count);
    if (set == nullptr) return {};
    const std::size_t size = CPU_ALLOC_SIZE(count);
    const bool read = sched_getaffinity(0, size, set) == 0;
    std::vector<unsigned> pus;
    for (int pu = 0; read && pu < count; ++pu) {
      if (CPU_ISSET_S(pu, size, set)) pus.push_back(static_cast<unsigned>(pu));
    }
    CPU_FREE(set);
    if (read) return pus;
  }
  return {};
}

template <class T>
void tighten(std::optional<T>& limit, T other) {
  limit = limit ? std::min(*limit, other) : other;
}

/// Folders from the group up to the mount: a limit above holds for all below.
std::vector<std::string> levels_of(const std::string& mount, std::string path) {
  std::vector<std::string> levels;
  for (;;) {
    levels.push_back(mount + (path == "/" ? "" : path));
    const auto slash = path.rfind('/');
    if (path.empty() || path == "/" || slash == std::string::npos) return levels;
    path.resize(slash);
  }
}

void read_cpu_quota(const HostRoot& root, const std::string& cgroups, BenchLimits& limits) {
  for (const auto& folder : levels_of(kMount, parse_cgroup_path(cgroups, ""))) {
    const auto text = root.read_line(folder + "/cpu.max");
    const auto quota = text ? parse_cpu_max(*text) : Result<std::optional<std::uint32_t>>(std::optional<std::uint32_t>());
    if (quota && *quota) tighten(limits.cpu_quota_millicores, **quota);
  }
  for (const auto& folder : levels_of(std::string(kMount) + "/cpu", parse_cgroup_path(cgroups, "cpu"))) {
    const auto quota = root.read_u64(folder + "/cpu.cfs_quota_us"), period = root.read_u64(folder + "/cpu.cfs_period_us");
    if (!quota || !period) continue;  // a quota of -1 is no number: there is none
    const auto both = parse_cpu_max(std::to_string(*quota) + " " + std::to_string(*period));
    if (both && *both) tighten(limits.cpu_quota_millicores, **both);
  }
}

void read_memory_limit(const HostRoot& root, const std::string& mount, const std::string& path, const char* most, const char* now,
                       BenchLimits& limits) {
  for (const auto& folder : levels_of(mount, path)) {
    const auto limit = root.read_u64(folder + most), used = root.read_u64(folder + now);
    if (!limit || !used || *limit >= kNoMemoryLimit) continue;  // "max" is no number
    tighten(limits.memory_bytes, *limit - std::min(*limit, *used));
  }
}

std::string cores_text(std::uint64_t millicores) {
  return std::to_string(millicores / kMillicores) + "." + std::to_string(millicores % kMillicores / 100);
}

}  // namespace

Result<std::optional<std::uint32_t>> parse_cpu_max(std::string_view text) {
  const auto quota = take_word(text), period = take_word(text);
  const auto period_us = to_number(period), quota_us = to_number(quota);
  if (!period_us || *period_us == 0 || !take_word(text).empty() || (!quota_us && quota != "max")) {
    return Error{ErrorCode::kMalformed, "cpu.max: not a quota and a period"};
  }
  if (!quota_us) return std::optional<std::uint32_t>();
  const bool absurd = *quota_us > UINT64_MAX / kMillicores || *quota_us * kMillicores / *period_us > UINT32_MAX;
  if (absurd || *quota_us * kMillicores < *period_us) {  // the kernel takes no quota below a thousandth of a core
    return Error{ErrorCode::kMalformed, "cpu.max: a quota no machine has"};
  }
  return std::optional<std::uint32_t>(static_cast<std::uint32_t>(*quota_us * kMillicores / *period_us));
}

std::string parse_cgroup_path(std::string_view text, std::string_view controller) {
  while (!text.empty()) {
    auto path = take_line(text);  // "4:cpu,cpuacct:/path", version 2: "0::/path"
    take_until(path, ':');
    auto names = take_until(path, ':');
    if (path.empty() || path.front() != '/') continue;
    if (controller.empty() && names.empty()) return std::string(path);
    while (!names.empty()) {
      if (take_until(names, ',') == controller && !controller.empty()) return std::string(path);
    }
  }
  return "";
}

std::uint32_t BenchLimits::threads() const {
  const auto by_affinity = std::max<std::size_t>(pus.size(), 1);
  const auto by_quota =
      cpu_quota_millicores ? std::max<std::uint64_t>((*cpu_quota_millicores + kMillicores - 1) / kMillicores, 1) : by_affinity;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(by_affinity, by_quota));
}

std::uint64_t BenchLimits::memory_budget() const {
  constexpr std::uint64_t kUnknown = std::uint64_t{256} << 20U;
  const auto left = std::min(memory_bytes.value_or(UINT64_MAX), available_bytes.value_or(UINT64_MAX));
  return left == UINT64_MAX ? kUnknown : left / 4;
}

BenchLimits read_bench_limits(const HostRoot& root) {
  BenchLimits limits;
  limits.pus = allowed_pus();
  if (const auto cgroups = root.read("proc/self/cgroup")) {
    read_cpu_quota(root, *cgroups, limits);
    read_memory_limit(root, kMount, parse_cgroup_path(*cgroups, ""), "/memory.max", "/memory.current", limits);
    read_memory_limit(root, std::string(kMount) + "/memory", parse_cgroup_path(*cgroups, "memory"), "/memory.limit_in_bytes",
                      "/memory.usage_in_bytes", limits);
  }
  KeptFile meminfo("proc/meminfo");
  if (const auto memory = read_memory(root, meminfo)) limits.available_bytes = memory->available_bytes;
  if (const auto online = root.read_line("sys/devices/system/cpu/online")) {
    const auto all = parse_kernel_list(*online);
    if (all && limits.pus.size() < all->size()) {
      limits.limited_by.push_back("affinity: " + std::to_string(limits.pus.size()) + " of " + std::to_string(all->size()) + " PUs");
    }
  }
  if (limits.cpu_quota_millicores) limits.limited_by.push_back("control group: " + cores_text(*limits.cpu_quota_millicores) + " cores");
  if (limits.memory_bytes)
    limits.limited_by.push_back("control group: " + std::to_string(*limits.memory_bytes >> 20U) + " MiB of memory left");
  return limits;
}

}  // namespace capmap
