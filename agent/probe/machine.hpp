#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/known_devices.hpp"
#include "agent/probe/device_look.hpp"
#include "agent/probe/file_system_list.hpp"
#include "agent/probe/memory_kinds.hpp"
#include "agent/probe/platform.hpp"
#include "agent/probe/power_meters.hpp"
#include "agent/probe/shape_accelerator.hpp"
#include "agent/probe/shape_network.hpp"
#include "agent/probe/shape_storage.hpp"
#include "agent/probe/smbios.hpp"
#include "agent/probe/topology.hpp"
#include "common/chip_table.hpp"
#include "common/messages.hpp"
#include "common/result.hpp"

namespace capmap {

/// Where a machine is read from: below a root, or from an XML topology alone when one is given.
struct MachineSource {
  std::string root = "/";
  std::string hwloc_xml{};
  std::string known_devices{};  ///< what drivers last said (agent/known_devices.hpp); empty = what a capture brings, or nothing
  std::string privileged{};     ///< what root read of this machine (agent/privileged_facts.hpp); empty = nothing. For the running one alone
  /// Asks the drivers that are there once, by a child with a deadline: on the running machine, and where a library is named.
  bool ask_drivers = false;
  std::string nvml{}, dcmi{}, rocm_smi{};  ///< libraries to load in the place of the installed ones; empty = those
  HostReads* reads = nullptr;              ///< notes every path asked for below root
  std::string probe_program{};             ///< capmap-probe, to ask network file systems for their sizes; empty = they stay unknown
};

/// One look at a machine: its shape, and what belongs to this one machine only.
struct Machine {
  Shape shape;  ///< canonical
  Platform platform;
  std::optional<std::uint64_t> memory_total_bytes;  ///< exact MemTotal
  std::optional<std::uint32_t> packages_told, pus_allowed, pus_offline;
  CacheBytes caches;
  std::vector<NumaNode> numa_nodes;       ///< [node], by number
  std::vector<Accelerator> accelerators;  ///< [device], by PCI address
  std::optional<DeviceLook> look;         ///< what their drivers say now; absent: nobody asked, or there is none
  std::vector<Disk> disks;                ///< [disk], by name
  std::vector<Raid> raids;                ///< [raid], by name
  std::vector<Nic> nics;                  ///< [port], by name
  std::vector<RdmaPort> rdma_ports;       ///< [port], by device and port
  std::vector<MountedFileSystem> file_systems;
  EnergyFacts energy;
  std::optional<std::uint64_t> file_systems_size_mb;  ///< of the local ones, as the agent counts what is used; the running machine's only
  std::optional<Smbios> firmware;                     ///< absent where its table cannot be read, which root alone may
  std::string no_firmware;                            ///< why it is absent
  KnownDevices known;                                 ///< what drivers last said
  std::vector<Problem> problems;
};

/// Reads all families. A capture's own topology and notes (agent/probe/capture_notes.hpp) stand for what its files cannot tell. One that
/// cannot be read costs its own fields and adds to problems. Errors: those of load_topology. Thread: one at a time in a process. Cost: see
/// there.
Result<Machine> read_machine(const MachineSource& source, const ChipTable* chips);

/// Whether a driver shows the device: where the driver's own interface was asked, that it lists it, and nothing where that has not
/// answered; elsewhere that a driver is bound to it which does not hand it to a guest. Absent: not known.
std::optional<bool> driver_visible(const Machine& machine, const Accelerator& device);
/// How many are; absent where it is not known of one.
std::optional<std::size_t> visible_accelerators(const Machine& machine);

/// What the agent says at hello of a machine; the envelope and time are the agent's to fill.
Hello hello_of(const Machine& machine, const ShapeId& shape_id, const std::string& agent_version);

}  // namespace capmap
