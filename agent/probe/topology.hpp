#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/hardware.hpp"
#include "common/result.hpp"

namespace capmap {

/// What hwloc sees, in plain structs: the one place where hwloc's words end.

/// PUs that hwloc tells apart as one kind of core.
struct PuKind {
  std::vector<unsigned> pus;  ///< [pu] kernel numbers, ascending
  std::uint32_t cores = 0;
  std::optional<std::uint32_t> base_mhz, max_mhz;  ///< as hwloc read them, for topologies without a machine's files
  CoreType type = CoreType::kUnknown;              ///< of Intel's hybrid CPUs
};

struct NumaNode {
  unsigned number = 0;  ///< the kernel's
  std::optional<std::uint64_t> bytes;
  std::string kind;     ///< "dram", "hbm", "cxl", "nvm", "gpu" (accelerator memory, not host memory), "unknown"
  bool absurd = false;  ///< it told more bytes than there can be, so that `bytes` is unknown
};

struct PciDevice {
  std::string address;           ///< "0000:17:00.0"
  std::uint16_t class_code = 0;  ///< base class and subclass: 0x0302
  std::uint16_t vendor_id = 0, device_id = 0, subsystem_vendor_id = 0, subsystem_device_id = 0;
  std::optional<unsigned> numa_node;
  std::string serial{};  ///< of the card, where hwloc's ROCm back end wrote it into an XML file; empty = not told
};

/// A block or network device. Only topologies without a machine's files (XML) need it: elsewhere the kernel's files say more.
struct OsDevice {
  enum class Kind : std::uint8_t { kBlock, kNetwork, kInfiniband };
  Kind kind = Kind::kBlock;
  std::string name;
  std::string model, type;             ///< "Disk", "Tape"; empty = unknown
  std::optional<std::uint64_t> bytes;  ///< block devices
  std::optional<PciDevice> pci;
};

/// Caches of the whole machine, each counted once however many cores share it.
struct CacheBytes {
  std::optional<std::uint64_t> l1d, l1i, l2, l3;  ///< one that holds both data and instructions counts as data
};

struct Topology {
  std::string architecture, hostname, os, kernel;                        ///< as the capture or XML says; empty = unknown
  std::string cpu_vendor, cpu_model, cpu_identity;                       ///< likewise; identity as CpuShape's, x86 only
  std::string system_vendor, system_product;                             ///< DMI
  std::optional<std::uint32_t> packages, dies, cores, pus, pus_allowed;  ///< online ones, allowed to us or not
  CacheBytes caches;
  std::vector<PuKind> kinds;           ///< [kind], one on a machine that is not hybrid
  std::vector<NumaNode> numa_nodes;    ///< [node], by number
  std::vector<PciDevice> pci_devices;  ///< [device], by address; display, network, storage, accelerators
  std::vector<OsDevice> os_devices;    ///< [device], in hwloc's order
  std::vector<Problem> problems;       ///< figures that cannot be, and so are unknown
};

/// Loads the topology once: sysfs I/O objects kept, hwloc's pci, x86, gl, opencl and plug-in parts off, PUs not allowed to us included.
///
/// Source:  the machine below `root` ("/" is the running one), or `xml_file` when it is not empty.
/// Errors:  kAbsent (no such file or folder), kMalformed (hwloc cannot make a topology of it).
/// Thread:  one at a time in a process: hwloc takes its source from environment variables, which are put back afterwards.
/// Cost:    some 12 ms on a small machine, seconds on the largest: never on the heartbeat's path.
Result<Topology> load_topology(const std::string& root, const std::string& xml_file);

/// The same topology of the machine below `root` as hwloc's XML, for load_topology elsewhere. Errors, thread, cost: as there.
Result<std::string> export_topology(const std::string& root);

}  // namespace capmap
