#include "agent/probe/shape_cpu.hpp"

#include <algorithm>

#include "agent/probe/core_kinds.hpp"
#include "agent/probe/cpu_folders.hpp"
#include "agent/probe/cpu_text.hpp"
#include "agent/probe/cpuid_text.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxCpuinfoBytes = 32 << 20;  // 4,096 PUs of 6 kB and more

/// Counts that the topology knows whatever else is readable.
CpuShape counts_of(const Topology& topology) {
  CpuShape shape;
  shape.packages = topology.packages;
  shape.dies = topology.dies;
  shape.cores = topology.cores;
  shape.pus = topology.pus;
  const auto host_nodes =
      std::count_if(topology.numa_nodes.begin(), topology.numa_nodes.end(), [](const NumaNode& node) { return node.kind != "gpu"; });
  if (host_nodes > 0) shape.numa_nodes = static_cast<std::uint32_t>(host_nodes);
  return shape;
}

void note_offline(const CpuReading& cpu, std::vector<Problem>& problems) {
  const std::uint32_t offline = cpu.pus_offline.value_or(0);
  if (offline == 0) return;
  problems.push_back({"cpu", "sys/devices/system/cpu/online: " + std::to_string(offline) + " of " +
                                 std::to_string(offline + cpu.shape.pus.value_or(0)) + " PUs are offline and not counted"});
}

/// hwloc that finds no processor below another root counts those of the machine it runs on: these are nobody's there.
bool is_blind(const HostRoot& root, const Topology& topology) {
  return !root.live() && !topology.cores && !topology.packages;
}

Topology seen_by_folders(const Topology& blind, const CpuFolders& folders) {
  Topology topology = blind;
  topology.packages = folders.packages;
  topology.dies = folders.dies;
  topology.cores = folders.cores;
  topology.pus.reset();
  topology.pus_allowed.reset();
  topology.kinds.clear();
  topology.numa_nodes.clear();  // hwloc finds none without processors, and makes one up
  for (const unsigned node : folders.numa_nodes) topology.numa_nodes.push_back({.number = node, .bytes = {}, .kind = "dram"});
  if (folders.online.empty()) return topology;
  topology.pus = static_cast<std::uint32_t>(folders.online.size());
  topology.kinds.push_back({.pus = folders.online, .cores = folders.cores.value_or(0), .base_mhz = {}, .max_mhz = {}});
  return topology;
}

/// Firmware of phones and boards numbers clusters as packages; no two sockets hold unlike cores.
void merge_clusters(const Topology& topology, CpuShape& shape, std::vector<Problem>& problems) {
  if (shape.architecture != Architecture::kAarch64 || topology.kinds.size() < 2 || shape.packages.value_or(1) < 2) return;
  problems.push_back({"cpu", "sys/devices/system/cpu: " + std::to_string(*shape.packages) +
                                 " packages of unlike cores are the clusters of one, and counted as one"});
  shape.packages = 1;
}

/// Packages of one core each are sockets on old bare x86 machines alone; elsewhere a hypervisor, or firmware that knows no better, tells
/// them.
bool are_sockets(const CpuReading& cpu) {
  constexpr std::uint32_t kMostSockets = 8;
  const auto& shape = cpu.shape;
  const std::uint32_t packages = shape.packages.value_or(0);
  if (packages < 2 || shape.cores != shape.packages) return true;
  return shape.architecture == Architecture::kX86_64 && cpu.guest != true && packages <= kMostSockets;
}

/// What is told stays beside the shape; in the shape it would count as hardware.
void judge_packages(CpuReading& cpu, std::vector<Problem>& problems) {
  cpu.packages_told = cpu.shape.packages;
  if (are_sockets(cpu)) return;
  problems.push_back({"cpu", "sys/devices/system/cpu: " + std::to_string(*cpu.packages_told) +
                                 " packages of one core each are what a hypervisor or plain firmware tells, not sockets: not counted"});
  cpu.shape.packages.reset();
}

}  // namespace

Probed<CpuReading> read_cpu_shape(const HostRoot& root, const Topology& hwloc) {
  Probed<CpuReading> probed;
  const bool blind = is_blind(root, hwloc);
  const CpuFolders folders =
      blind
          ? read_cpu_folders(root)
          : CpuFolders{
                .online = {}, .packages = {}, .dies = {}, .cores = {}, .offline = read_offline_pus(root), .numa_nodes = {}, .problems = {}};
  const Topology topology = blind ? seen_by_folders(hwloc, folders) : hwloc;
  probed.value.pus_allowed = topology.pus_allowed;
  probed.value.pus_offline = folders.offline;
  probed.problems = folders.problems;
  if (!topology.pus) probed.problems.push_back({"cpu", "sys/devices/system/cpu: no processor in it"});
  CpuText text;
  const auto cpuinfo = root.read("proc/cpuinfo", kMaxCpuinfoBytes);
  if (cpuinfo) {
    text = parse_cpuinfo(*cpuinfo);
  } else {
    probed.problems.push_back({"cpu", cpuinfo.error().what});
    if (root.live()) text = parse_cpuid(read_cpuid()).cpu;  // the processor itself tells most of it
  }
  CpuShape& shape = probed.value.shape;
  shape = counts_of(topology);
  shape.architecture = text.architecture;
  if (shape.architecture == Architecture::kUnknown) shape.architecture = architecture_of(topology.architecture);
  shape.vendor = text.vendor;
  shape.model = text.model;
  shape.identity = text.identity;
  shape.isa = text.isa;
  shape.core_kinds = read_core_kinds(root, topology.kinds, text, probed.problems);
  probed.value.guest = text.guest;
  merge_clusters(topology, shape, probed.problems);
  judge_packages(probed.value, probed.problems);
  if (!blind && !shape.dies && numbers_dies(root)) shape.dies = shape.packages;  // hwloc leaves out a die that is its whole package
  note_offline(probed.value, probed.problems);
  return probed;
}

CpuShape cpu_from_topology(const Topology& topology) {
  CpuShape shape = counts_of(topology);
  shape.architecture = architecture_of(topology.architecture);
  shape.vendor = single_spaced(topology.cpu_vendor);
  shape.model = single_spaced(topology.cpu_model);
  // "POWER9 (raw), altivec supported": as the text of proc/cpuinfo, cut behind the name.
  if (shape.model.starts_with("POWER")) shape.model = single_spaced(shape.model.substr(0, shape.model.find_first_of(",(")));
  shape.identity = topology.cpu_identity;
  for (const auto& from : topology.kinds) {
    if (from.cores == 0) continue;  // PUs that belong to no known core
    CoreKind kind{.cores = from.cores,
                  .pus = static_cast<std::uint32_t>(from.pus.size()),
                  .base_mhz = from.base_mhz,
                  .base_source = {},
                  .max_mhz = from.max_mhz,
                  .type = from.type};
    if (kind.base_mhz) kind.base_source = ClockSource::kSysfs;
    const auto named = clock_in_model_name(shape.model);
    if (!kind.base_mhz && named && topology.kinds.size() == 1) {
      kind.base_mhz = named;
      kind.base_source = ClockSource::kModelName;
    }
    shape.core_kinds.push_back(kind);
  }
  return shape;
}

}  // namespace capmap
