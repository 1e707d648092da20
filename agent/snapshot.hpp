#pragma once
#include <cstdint>

#include "agent/kept_file.hpp"
#include "agent/probe_cpu.hpp"
#include "agent/probe_network.hpp"
#include "agent/probe_storage.hpp"
#include "common/hardware.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// What the probes of use remember from one tick to the next.
struct ProbeMemory {
  CpuMemory cpu;
  KeptFile meminfo{"proc/meminfo"};
  StorageMemory storage;
  NetworkMemory network;
};

/// Takes all readings of one tick. What the agent looks at each tick stands in this function, and nowhere else.
///
/// Returns: readings; a probe that fails costs its own fields and one line in `problems`, never the rest.
/// Thread:  one, with its ProbeMemory. Cost: four small reads; each kUsedEvery ticks statvfs, each kDiskLookEvery two directories.
Usage read_usage(const HostRoot& root, ProbeMemory& memory, std::uint64_t now_ms);

}  // namespace capmap
