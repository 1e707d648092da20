#include "agent/probe/shape_cpu.hpp"

#include <algorithm>

#include "agent/probe/cpu_folders.hpp"
#include "agent/probe/cpu_text.hpp"
#include "agent/probe/cpuid_text.hpp"
#include "agent/probe/plausible.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxCpuinfoBytes = 32 << 20;  // 4,096 PUs of 6 kB and more

struct BaseClock {
  std::uint32_t mhz = 0;
  ClockSource source = ClockSource::kUnknown;
};

std::string pu_file(unsigned pu, const char* name) {
  return "sys/devices/system/cpu/cpu" + std::to_string(pu) + "/" + name;
}

/// A clock in kHz or MHz as MHz; 0 is absent, nonsense too and makes a problem line.
std::optional<std::uint32_t> read_mhz(const HostRoot& root, const std::string& path, std::uint64_t per_mhz,
                                      std::vector<Problem>& problems) {
  const auto value = plausible_in(root, path, kMostMhz * per_mhz, "cpu", problems);
  if (!value || *value < per_mhz) return std::nullopt;
  return static_cast<std::uint32_t>(*value / per_mhz);
}

/// The highest state of the ACPI table is the nominal clock; Intel's tables put "turbo" before it as nominal + 1 MHz.
std::optional<std::uint32_t> acpi_nominal_mhz(const HostRoot& root, unsigned pu, std::vector<Problem>& problems) {
  const auto driver = root.read_line(pu_file(pu, "cpufreq/scaling_driver"));
  if (!driver || *driver != "acpi-cpufreq") return std::nullopt;
  const auto table = root.read_line(pu_file(pu, "cpufreq/scaling_available_frequencies"));
  if (!table) return std::nullopt;
  std::vector<std::uint64_t> states;
  for (const auto word : split_words(*table)) {
    if (const auto khz = number_in(word)) states.push_back(*khz);
  }
  std::sort(states.rbegin(), states.rend());
  if (states.size() > 1 && states[0] == states[1] + 1000) states.erase(states.begin());
  if (states.empty() || states[0] < 1000) return std::nullopt;
  const auto khz = plausible(states[0], kMostMhz * 1000, "cpu", pu_file(pu, "cpufreq/scaling_available_frequencies"), problems);
  return khz ? std::optional(static_cast<std::uint32_t>(*khz / 1000)) : std::nullopt;
}

std::optional<std::uint32_t> sysfs_base_mhz(const HostRoot& root, unsigned pu, std::vector<Problem>& problems) {
  if (const auto mhz = read_mhz(root, pu_file(pu, "cpufreq/base_frequency"), 1000, problems)) return mhz;
  if (const auto mhz = read_mhz(root, pu_file(pu, "acpi_cppc/nominal_freq"), 1, problems)) return mhz;
  return acpi_nominal_mhz(root, pu, problems);
}

std::optional<BaseClock> base_clock(const HostRoot& root, const PuKind& kind, bool only_kind, const CpuText& text,
                                    std::vector<Problem>& problems) {
  if (!kind.pus.empty()) {
    if (const auto mhz = sysfs_base_mhz(root, kind.pus.front(), problems)) return BaseClock{*mhz, ClockSource::kSysfs};
  }
  // Leaf 0x16 is of the PU we happen to run on: only where all are alike and nobody stands between us and the processor.
  if (root.live() && only_kind && text.guest == false) {
    if (const auto mhz = parse_cpuid(read_cpuid()).base_mhz) return BaseClock{*mhz, ClockSource::kCpuid};
  }
  if (!only_kind) return std::nullopt;
  if (const auto mhz = clock_in_model_name(text.model)) return BaseClock{*mhz, ClockSource::kModelName};
  return std::nullopt;
}

/// The highest of all PUs of the kind: favoured cores go further than others. Nonsense is told of the first PU only.
std::optional<std::uint32_t> max_clock(const HostRoot& root, const PuKind& kind, std::vector<Problem>& problems) {
  std::optional<std::uint32_t> highest;
  std::vector<Problem> nonsense;
  for (const unsigned pu : kind.pus) {
    const auto mhz = read_mhz(root, pu_file(pu, "cpufreq/cpuinfo_max_freq"), 1000, nonsense);
    if (!mhz && !highest) break;  // no cpufreq here at all
    highest = std::max(highest, mhz);
  }
  if (!nonsense.empty()) problems.push_back(nonsense.front());
  return highest;
}

std::vector<CoreKind> read_core_kinds(const HostRoot& root, const Topology& topology, const CpuText& text, std::vector<Problem>& problems) {
  std::vector<CoreKind> kinds;
  for (const auto& from : topology.kinds) {
    CoreKind kind{
        .cores = from.cores, .pus = static_cast<std::uint32_t>(from.pus.size()), .base_mhz = {}, .base_source = {}, .max_mhz = {}};
    if (const auto base = base_clock(root, from, topology.kinds.size() == 1, text, problems)) {
      kind.base_mhz = base->mhz;
      kind.base_source = base->source;
    }
    kind.max_mhz = max_clock(root, from, problems);
    kinds.push_back(kind);
  }
  return kinds;
}

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

void note_guest_packages(const CpuReading& cpu, std::vector<Problem>& problems) {
  constexpr std::uint32_t kMoreThanSockets = 8;  // no machine has so many sockets with one core in each
  const auto& shape = cpu.shape;
  const std::uint32_t packages = shape.packages.value_or(0);
  if (packages < 2 || shape.cores != shape.packages || (cpu.guest != true && packages <= kMoreThanSockets)) return;
  problems.push_back({"cpu", "sys/devices/system/cpu: " + std::to_string(packages) +
                                 " packages of one core each are what a hypervisor tells its guest, not sockets"});
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
  shape.core_kinds = read_core_kinds(root, topology, text, probed.problems);
  probed.value.guest = text.guest;
  merge_clusters(topology, shape, probed.problems);
  note_guest_packages(probed.value, probed.problems);
  note_offline(probed.value, probed.problems);
  return probed;
}

CpuShape cpu_from_topology(const Topology& topology) {
  CpuShape shape = counts_of(topology);
  shape.architecture = architecture_of(topology.architecture);
  shape.vendor = topology.cpu_vendor;
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
                  .max_mhz = from.max_mhz};
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
