#pragma once
#include <cstdint>
#include <vector>

#include "agent/kept_file.hpp"
#include "agent/probe_cpu.hpp"
#include "agent/probe_energy.hpp"
#include "agent/probe_memory.hpp"
#include "agent/probe_network.hpp"
#include "agent/probe_storage.hpp"
#include "agent/tick_report.hpp"
#include "common/host_root.hpp"
#include "common/messages.hpp"

namespace capmap {

/// What the probes of use remember from one tick to the next.
struct ProbeMemory {
  CpuMemory cpu;
  KeptFile meminfo{"proc/meminfo"};
  StorageMemory storage;
  NetworkMemory network;
  EnergyMemory energy;
};

/// What the agent looks at each tick stands in this function, and nowhere else. A probe that fails costs its own fields and one line in
/// `problems`; `reports` gets how each did. Cost: four small reads and one a package; each kUsedEvery ticks statvfs, each kDiskLookEvery
/// two directories.
Usage read_usage(const HostRoot& root, ProbeMemory& memory, std::uint64_t now_ms, std::vector<ProbeReport>& reports);

}  // namespace capmap
