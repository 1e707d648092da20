#include "agent/probe/cgroup_limits.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "agent/fields.hpp"
#include "agent/probe/plausible.hpp"
#include "agent/probe/words.hpp"

namespace capmap {
namespace {

constexpr int kMostLines = 64, kMostDepth = 64;
constexpr std::uint64_t kMostMillicores = 65'536'000, kMostTasks = 1 << 30;

/// Takes the tighter of two; what is no number, 0 or beyond all machines ("max", -1, 2^63) limits nothing.
void tighten(std::optional<std::uint64_t>& limit, std::optional<std::uint64_t> other, std::uint64_t most) {
  if (other && *other > 0 && *other <= most) limit = std::min(limit.value_or(*other), *other);
}

/// Microseconds of processor time in a period, both as text, in thousandths of a core.
std::optional<std::uint64_t> millicores(std::string_view quota, std::string_view period) {
  const auto time = number_in(quota), every = number_in(period);
  if (!time || !every || *every == 0 || *time > UINT64_MAX / 1'000) return std::nullopt;
  return *time * 1'000 / *every;
}

void read_group(const HostRoot& root, const std::string& folder, CgroupLimits& limits) {
  const std::string quota = line_of(root, folder + "/cpu.max");
  if (const auto words = split_words(quota); words.size() == 2)
    tighten(limits.cpu_millicores, millicores(words[0], words[1]), kMostMillicores);
  const auto old = millicores(line_of(root, folder + "/cpu.cfs_quota_us"), line_of(root, folder + "/cpu.cfs_period_us"));
  tighten(limits.cpu_millicores, old, kMostMillicores);
  for (const char* file : {"/memory.max", "/memory.limit_in_bytes"}) {
    tighten(limits.memory_bytes, number_in(line_of(root, folder + file)), kMostMemoryBytes);
  }
  tighten(limits.tasks, number_in(line_of(root, folder + "/pids.max")), kMostTasks);
  for (const char* file : {"/cpuset.cpus.effective", "/cpuset.effective_cpus"}) {
    const auto pus = parse_kernel_list(line_of(root, folder + file));
    if (!limits.pus && pus && !pus->empty()) limits.pus = static_cast<std::uint32_t>(pus->size());
  }
}

/// From the group up to the root of its tree.
void read_upwards(const HostRoot& root, const std::string& tree, std::string_view path, CgroupLimits& limits) {
  if (path.find("..") != std::string_view::npos) path = "";
  for (int depth = 0; depth < kMostDepth; ++depth) {
    read_group(root, tree + std::string(path == "/" ? "" : path), limits);
    const auto slash = path.rfind('/');
    if (path.size() < 2 || slash == std::string_view::npos) return;
    path = path.substr(0, slash);
  }
}

}  // namespace

std::optional<CgroupLimits> read_cgroup_limits(const HostRoot& root, const std::string& process) {
  const auto text = root.read(process);
  if (!text) return std::nullopt;
  CgroupLimits limits;
  std::string_view rest = *text;
  for (int lines = 0; !rest.empty() && lines < kMostLines; ++lines) {
    auto path = take_line(rest);
    const auto number = take_until(path, ':');
    auto controllers = take_until(path, ':');
    if (number == "0" && controllers.empty()) read_upwards(root, "sys/fs/cgroup", path, limits);
    while (!controllers.empty()) {
      const auto one = take_until(controllers, ',');
      if (one == "cpu" || one == "memory" || one == "cpuset" || one == "pids")
        read_upwards(root, "sys/fs/cgroup/" + std::string(one), path, limits);
    }
  }
  return limits;
}

}  // namespace capmap
