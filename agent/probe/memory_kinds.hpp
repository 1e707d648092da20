#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/probe/topology.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// Corrects the kinds of NUMA nodes whose memory a device brought in (the kernel's kmem driver made a node of it): hwloc takes such memory
/// for plain DRAM, or for HBM. By the device's place: CXL region ▶ "cxl", NVDIMM bus ▶ "nvm"; memory that firmware set aside ("hmem") is
/// "hbm" where the kernel knows it to be read more than half faster than the machine's DRAM, else "unknown". What hwloc knows to be an
/// accelerator's, and nodes with processors, stay.
///
/// Source: <root>/sys/bus/dax: devices/NAME (its link, target_node), drivers/kmem/NAME; <root>/sys/devices/system/node/nodeN: cpulist,
///         access0/initiators/read_bandwidth. Thread: any. Cost: nothing where no such device is; at most 1,024 are looked at.
void correct_memory_kinds(const HostRoot& root, std::vector<NumaNode>& nodes);

/// Bytes of the nodes of each kind; absent for a kind that has a node of unknown size. Plain DRAM stands under "dram" alone. Pure.
std::map<std::string, std::optional<std::uint64_t>> bytes_by_kind(const std::vector<NumaNode>& nodes);

}  // namespace capmap
