#include "agent/probe/machine.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <iterator>
#include <utility>

#include "agent/device_drivers.hpp"
#include "agent/file_systems.hpp"
#include "agent/privileged_facts.hpp"
#include "agent/probe/capture_notes.hpp"
#include "agent/probe/pci_ids.hpp"
#include "agent/probe/plausible.hpp"
#include "agent/probe/shape_cpu.hpp"
#include "agent/probe/shape_dies.hpp"
#include "agent/probe/shape_memory.hpp"
#include "common/shape.hpp"

namespace capmap {
namespace {

constexpr std::uint32_t kDriverPatienceMs = 3'000;

/// Takes the value and keeps its problems with the machine's.
template <class T>
T take(Probed<T> probed, std::vector<Problem>& problems) {
  std::move(probed.problems.begin(), probed.problems.end(), std::back_inserter(problems));
  return std::move(probed.value);
}

/// The DMI table holds serial numbers, so it is asked for past the notes of what was read: a capture carries it without them.
void read_firmware(const HostRoot& root, const PrivilegedFacts& privileged, Machine& machine) {
  auto smbios = read_smbios(HostRoot(root.path()));
  if (!smbios && !privileged.smbios.empty()) smbios = parse_smbios(privileged.smbios);
  if (smbios) {
    machine.firmware = take(std::move(*smbios), machine.problems);
    complete_from_firmware(*machine.firmware, machine.platform);
    return;
  }
  machine.no_firmware = smbios.error().what;
  const bool usual = smbios.error().code == ErrorCode::kAbsent || smbios.error().code == ErrorCode::kDenied;
  if (!usual) machine.problems.push_back({"smbios", smbios.error().what});
}

/// What root read before the service began. A file that is not there, or not for us, says nothing.
PrivilegedFacts read_privileged(const MachineSource& source, Machine& machine) {
  if (source.privileged.empty() || source.root != "/") return {};
  auto facts = read_privileged_facts(source.privileged);
  if (facts) return std::move(*facts);
  const bool usual = facts.error().code == ErrorCode::kAbsent || facts.error().code == ErrorCode::kDenied;
  if (!usual) machine.problems.push_back({"smbios", facts.error().what});
  return {};
}

void read_below_root(const HostRoot& root, const PrivilegedFacts& privileged, const Topology& topology, const ChipTable* chips,
                     Machine& machine) {
  const auto cpu = take(read_cpu_shape(root, topology), machine.problems);
  machine.shape.cpu = cpu.shape;
  machine.packages_told = cpu.packages_told;
  machine.pus_allowed = cpu.pus_allowed;
  machine.pus_offline = cpu.pus_offline;
  if (!cpu.shape.numa_nodes) machine.numa_nodes.clear();
  correct_memory_kinds(root, machine.numa_nodes);
  const auto memory = take(read_memory_shape(root, topology), machine.problems);
  machine.shape.memory_bytes = memory.shape_bytes;
  machine.memory_total_bytes = memory.total_bytes;
  machine.accelerators = take(read_accelerators(&root, topology, chips), machine.problems);
  name_from_pci_ids(HostRoot(root.path()), machine.accelerators);  // past the notes of what was read: a capture carries the names alone
  machine.disks = take(read_storage_shape(root), machine.problems);
  machine.raids = take(read_raids(root), machine.problems);
  machine.nics = take(read_network_shape(root), machine.problems);
  std::vector<Problem> told_with_network;
  machine.rdma_ports = read_rdma_ports(root, told_with_network);
  machine.energy = read_power_meters(root);
  machine.file_systems = take(list_file_systems(root), machine.problems);
  machine.platform = take(read_platform(root, cpu.guest), machine.problems);
  complete_container(privileged.container, machine.platform);
  read_firmware(root, privileged, machine);
  if (root.live()) return;
  if (const auto notes = root.read(kCapturedNotes)) apply_notes(*notes, machine);
}

/// Sizes that only the running machine tells.
void measure_file_systems(const std::string& probe_program, Machine& machine) {
  const auto mounts = HostRoot().read("proc/self/mountinfo", 4 << 20);
  if (mounts) machine.file_systems_size_mb = sum_file_systems(parse_mounts(*mounts)).size_mb;
  if (probe_program.empty()) return;
  auto problems = ask_network_sizes(probe_program, machine.file_systems);
  std::move(problems.begin(), problems.end(), std::back_inserter(machine.problems));
}

/// Where hwloc is to look: a capture carries what it saw on the machine itself.
std::string topology_file(const MachineSource& source) {
  const std::string captured = source.root + "/" + kCapturedTopology;
  const bool there = source.hwloc_xml.empty() && source.root != "/" && ::access(captured.c_str(), R_OK) == 0;
  return there ? captured : source.hwloc_xml;
}

/// What drivers said: the file that is named, else the one that a capture carries.
std::string known_file(const MachineSource& source) {
  const bool bare = source.root == "/" || !source.hwloc_xml.empty() || !source.known_devices.empty();
  return bare ? source.known_devices : source.root + "/" + kCapturedKnown;
}

void read_from_topology(const Topology& topology, const ChipTable* chips, Machine& machine) {
  machine.shape.cpu = cpu_from_topology(topology);
  machine.packages_told = topology.packages;
  machine.pus_allowed = topology.pus_allowed;
  const auto memory = memory_from_topology(topology);
  machine.shape.memory_bytes = memory.shape_bytes;
  machine.memory_total_bytes = memory.total_bytes;
  machine.accelerators = read_accelerators(nullptr, topology, chips).value;
  machine.disks = storage_from_topology(topology);
  machine.nics = network_from_topology(topology);
  machine.platform = platform_from_topology(topology);
  machine.no_firmware = "an XML topology carries no DMI table";
}

/// Names in the order of the shape's rows, each row as often as it counts.
template <class Row, class Device, class Name>
std::vector<std::string> names_by_row(const std::vector<Row>& rows, const std::vector<Device>& devices, Name Device::*name) {
  std::vector<std::string> names;
  for (const auto& row : rows) {
    for (const auto& device : devices) {
      Row alone = device.shape;
      alone.count = row.count;
      if (alone == row) names.push_back(device.*name);
    }
  }
  return names;
}

std::string pci_id_text(const AcceleratorShape& shape) {
  std::array<char, 12> text{};
  std::snprintf(text.data(), text.size(), "%04x:%04x", unsigned{shape.vendor_id}, unsigned{shape.device_id});
  return text.data();
}

/// What drivers last said. A file that is not there says nothing.
KnownDevices read_known(const std::string& path, Machine& machine) {
  if (path.empty()) return {};
  auto known = read_known_devices(path);
  if (known) return std::move(*known);
  if (known.error().code != ErrorCode::kAbsent) machine.problems.push_back({.probe = "accelerators", .what = known.error().what});
  return {};
}

/// Dies into cards; then what a driver last said of each device, where it is still the same product of as many dies.
void complete_from_known(const KnownDevices& known, Machine& machine) {
  auto problems = join_card_dies(known, machine.accelerators);
  std::move(problems.begin(), problems.end(), std::back_inserter(machine.problems));
  for (auto& accelerator : machine.accelerators) {
    const auto device = known.find(accelerator.pci_address);
    if (device == known.end() || device->second.pci_id != pci_id_text(accelerator.shape)) continue;
    accelerator.shape.name = device->second.name;
    const bool same = device->second.more_dies.size() + 1 == accelerator.shape.dies;
    const auto memory = plausible(device->second.memory_bytes, kMostAcceleratorBytes, "accelerators",
                                  "memory that the driver told of " + accelerator.pci_address, machine.problems);
    if (!accelerator.shape.memory_bytes && same) accelerator.shape.memory_bytes = memory;
  }
}

/// The drivers' own word, where one is there. Below another root what its capture carries, and of libraries that are named.
void ask_drivers(const MachineSource& source, Machine& machine) {
  if (!source.hwloc_xml.empty()) return;
  const HostRoot root(source.root);
  if (const auto captured = root.live() ? Result<std::string>(Error{}) : root.read(kCapturedDevices)) {
    auto look = read_device_look(*captured);
    if (!look) machine.problems.push_back({"accelerators", std::string(kCapturedDevices) + ": " + look.error().what});
    if (look) machine.look = std::move(*look);
  }
  const bool named = !source.nvml.empty() || !source.dcmi.empty() || !source.rocm_smi.empty();
  if (!source.ask_drivers || !(named || (root.live() && find_device_drivers(root).any()))) return;
  std::vector<std::string> arguments = {"--root", source.root};
  if (!source.nvml.empty()) arguments.insert(arguments.end(), {"--nvml", source.nvml});
  if (!source.dcmi.empty()) arguments.insert(arguments.end(), {"--dcmi", source.dcmi});
  if (!source.rocm_smi.empty()) arguments.insert(arguments.end(), {"--rocm-smi", source.rocm_smi});
  auto look = look_at_devices(std::move(arguments), kDriverPatienceMs);
  if (!look) {
    machine.problems.push_back({"accelerators", look.error().what});
    return;
  }
  machine.look = std::move(*look);
}

void tell_missing(Machine& machine) {
  const auto visible = visible_accelerators(machine);
  const auto present = machine.accelerators.size();
  if (!visible || *visible == present) return;
  machine.problems.push_back(
      {"accelerators", std::to_string(present - *visible) + " of " + std::to_string(present) + " on the PCI bus are shown by no driver"});
}

}  // namespace

std::optional<bool> driver_visible(const Machine& machine, const Accelerator& device) {
  bool asked = false;
  for (const auto& driver : machine.look ? machine.look->drivers : std::vector<DriverLook>()) {
    if (driver.pci_vendor != device.shape.vendor_id) continue;
    if (driver.listed) return machine.look->readings.contains(device.pci_address);
    asked = true;
  }
  if (asked || !device.driver) return std::nullopt;
  return !device.driver->empty() && *device.driver != "vfio-pci" && *device.driver != "pci-stub";
}

std::optional<std::size_t> visible_accelerators(const Machine& machine) {
  std::size_t count = 0;
  for (const auto& device : machine.accelerators) {
    const auto visible = driver_visible(machine, device);
    if (!visible) return std::nullopt;
    count += *visible ? 1 : 0;
  }
  return count;
}

Result<Machine> read_machine(const MachineSource& source, const ChipTable* chips) {
  auto topology = load_topology(source.root, topology_file(source));
  if (!topology) return topology.error();
  Machine machine;
  machine.caches = topology->caches;
  machine.problems = topology->problems;
  machine.numa_nodes = topology->numa_nodes;
  if (source.hwloc_xml.empty()) {
    const HostRoot root(source.root, source.reads);
    read_below_root(root, read_privileged(source, machine), *topology, chips, machine);
    if (root.live()) measure_file_systems(source.probe_program, machine);
  } else {
    read_from_topology(*topology, chips, machine);
  }
  ask_drivers(source, machine);
  if (machine.look) machine.problems.insert(machine.problems.end(), machine.look->problems.begin(), machine.look->problems.end());
  if (machine.look) machine.known = known_of(*machine.look);
  machine.known.merge(read_known(known_file(source), machine));  // what the driver says now goes before what it said
  complete_from_known(machine.known, machine);
  tell_missing(machine);
  for (const auto& accelerator : machine.accelerators) machine.shape.accelerators.push_back(accelerator.shape);
  for (const auto& disk : machine.disks) machine.shape.disks.push_back(disk.shape);
  for (const auto& nic : machine.nics) machine.shape.nics.push_back(nic.shape);
  canonicalize(machine.shape);
  return machine;
}

Hello hello_of(const Machine& machine, const ShapeId& shape_id, const std::string& agent_version) {
  Hello hello;
  hello.shape_id = shape_id;
  hello.agent_version = agent_version;
  hello.hostname = machine.platform.hostname;
  hello.os = machine.platform.os;
  hello.kernel = machine.platform.kernel;
  hello.virtualization = machine.platform.virtualization;
  hello.memory_total_bytes = machine.memory_total_bytes;
  hello.pus_allowed = machine.pus_allowed;
  hello.file_systems_size_mb = machine.file_systems_size_mb;
  hello.disk_names = names_by_row(machine.shape.disks, machine.disks, &Disk::name);
  hello.nic_names = names_by_row(machine.shape.nics, machine.nics, &Nic::name);
  hello.accelerator_addresses = names_by_row(machine.shape.accelerators, machine.accelerators, &Accelerator::pci_address);
  hello.problems = machine.problems;
  hello.maker = machine.platform.maker;
  hello.product = machine.platform.product;
  return hello;
}

}  // namespace capmap
