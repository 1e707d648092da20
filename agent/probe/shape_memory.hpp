#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/probe/topology.hpp"
#include "agent/probe/words.hpp"
#include "common/host_root.hpp"

namespace capmap {

struct MemoryReading {
  std::optional<std::uint64_t> shape_bytes;  ///< online blocks x block size, else MemTotal rounded up: equal on equal servers
  std::optional<std::uint64_t> total_bytes;  ///< exact MemTotal, what programs can have
};

/// Host memory; what a NUMA node of an accelerator holds is left out of both figures.
///
/// Source:   sys/devices/system/memory (block_size_bytes in hex, memoryN/online or state), proc/meminfo MemTotal.
/// Problems: files not readable; NUMA nodes that hold together a tenth less or more than MemTotal.
/// Thread:   any. Cost: one small file a memory block (192 here, some thousands on the largest machines).
Probed<MemoryReading> read_memory_shape(const HostRoot& root, const Topology& topology);

/// The same from an XML topology alone: the sum of its NUMA nodes, unknown where one of them told more than there can be.
MemoryReading memory_from_topology(const Topology& topology);

/// MemTotal of /proc/meminfo in bytes. Errors: kMalformed.
Result<std::uint64_t> parse_memtotal(std::string_view meminfo);

}  // namespace capmap
