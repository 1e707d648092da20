#include "agent/probe/cpu_folders.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "agent/probe/plausible.hpp"
#include "agent/probe/words.hpp"

namespace capmap {
namespace {

constexpr const char* kCpus = "sys/devices/system/cpu";
constexpr unsigned kMaxPus = 65'536;

std::optional<std::vector<unsigned>> numbers_in(const HostRoot& root, const std::string& path) {
  const auto line = root.read_line(path);
  if (!line) return std::nullopt;
  const auto numbers = parse_kernel_list(*line);
  if (!numbers) return std::nullopt;
  std::set<unsigned> sorted(numbers->begin(), numbers->end());
  return std::vector<unsigned>(sorted.begin(), sorted.end());
}

/// Numbers of the folders "cpu0", "cpu1", ... or "node0", ...
std::vector<unsigned> numbered_folders(const HostRoot& root, const std::string& folder, std::string_view prefix) {
  std::vector<unsigned> numbers;
  const auto names = root.list(folder);
  for (const auto& name : names ? *names : std::vector<std::string>{}) {
    if (!name.starts_with(prefix)) continue;
    const auto number = number_in(std::string_view(name).substr(prefix.size()));
    if (number && *number < kMaxPus) numbers.push_back(static_cast<unsigned>(*number));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::string topology_file(unsigned pu, const char* name) {
  return std::string(kCpus) + "/cpu" + std::to_string(pu) + "/topology/" + name;
}

/// An id of a PU as text; empty where it has none, which the kernel also says as -1. What is no id of the kernel's is told once.
std::string id_of(const HostRoot& root, unsigned pu, const char* name, std::vector<Problem>& problems) {
  const auto path = topology_file(pu, name);
  if (const auto line = root.read_line(path); line && *line == "-1") return "";
  std::vector<Problem> nonsense;
  const auto id = plausible_in(root, path, INT32_MAX, "cpu", nonsense);
  if (problems.empty()) problems = nonsense;
  return id ? std::to_string(*id) : std::string();
}

std::optional<std::uint32_t> count_unless(bool missing, std::size_t count) {
  if (missing || count == 0) return std::nullopt;
  return static_cast<std::uint32_t>(count);
}

void count_parts(const HostRoot& root, CpuFolders& folders) {
  std::set<std::string> packages;
  std::set<std::pair<std::string, std::string>> dies;
  std::set<std::tuple<std::string, std::string, std::string>> cores;
  bool no_package = false, no_die = false, no_core = false, no_siblings = false;
  for (const unsigned pu : folders.online) {
    std::string package = id_of(root, pu, "physical_package_id", folders.problems);
    const std::string die = id_of(root, pu, "die_id", folders.problems);
    if (package.empty()) {  // -1 where firmware numbers none: then those with the same siblings are one
      const auto together = root.read_line(topology_file(pu, "core_siblings_list"));
      if (together) package = "of " + *together;
    }
    const auto siblings = root.read_line(topology_file(pu, "thread_siblings_list"));
    const std::string core = id_of(root, pu, "core_id", folders.problems);
    no_siblings |= !siblings;
    no_package |= package.empty();
    no_die |= die.empty();
    no_core |= core.empty();
    packages.insert(package);
    dies.emplace(package, die);
    cores.emplace(package + "/" + die, core, siblings ? *siblings : std::string());
  }
  folders.packages = count_unless(no_package, packages.size());
  folders.dies = count_unless(no_package || no_die, dies.size());
  folders.cores = count_unless(no_core || (no_siblings && cores.size() != folders.online.size()), cores.size());
}

}  // namespace

std::optional<std::uint32_t> read_offline_pus(const HostRoot& root) {
  const auto present = numbers_in(root, std::string(kCpus) + "/present"), online = numbers_in(root, std::string(kCpus) + "/online");
  if (!present || !online || !std::includes(present->begin(), present->end(), online->begin(), online->end())) return std::nullopt;
  return static_cast<std::uint32_t>(present->size() - online->size());
}

bool numbers_dies(const HostRoot& root) {
  const auto online = numbers_in(root, std::string(kCpus) + "/online");
  if (!online || online->empty()) return false;
  std::vector<Problem> nonsense;
  return !id_of(root, online->front(), "die_id", nonsense).empty() && root.exists(topology_file(online->front(), "die_cpus"));
}

CpuFolders read_cpu_folders(const HostRoot& root) {
  CpuFolders folders;
  const auto present = numbered_folders(root, kCpus, "cpu");
  if (const auto online = numbers_in(root, std::string(kCpus) + "/online")) {
    folders.online = *online;
    folders.offline = read_offline_pus(root);
  } else {
    for (const unsigned pu : present) {
      const auto running = root.read_u64(std::string(kCpus) + "/cpu" + std::to_string(pu) + "/online");
      if (!running || *running != 0) folders.online.push_back(pu);
    }
    if (!present.empty()) folders.offline = static_cast<std::uint32_t>(present.size() - folders.online.size());
  }
  count_parts(root, folders);
  folders.numa_nodes = numbered_folders(root, "sys/devices/system/node", "node");
  return folders;
}

}  // namespace capmap
