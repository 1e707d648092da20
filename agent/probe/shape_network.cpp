#include "agent/probe/shape_network.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "agent/probe/nic_modes.hpp"
#include "agent/probe/plausible.hpp"
#include "agent/probe_network.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kEthernetType = 1;  // sys/class/net/*/type is the kernel's ARPHRD number
constexpr std::uint64_t kInfinibandType = 32;

bool is_management_link(const HostRoot& root, const std::string& folder) {
  const auto driver = root.link_name(folder + "/device/driver");
  return driver && (*driver == "cdc_ether" || *driver == "rndis_host" || *driver == "cdc_subset" || *driver == "cdc_ncm");
}

/// A port that stands for a virtual function inside the card's own switch: "pf0vf3", "pf0sf1".
bool is_representor(const HostRoot& root, const std::string& folder) {
  const std::string port = line_of(root, folder + "/phys_port_name");
  return port.starts_with("pf") && (port.find("vf") != std::string::npos || port.find("sf") != std::string::npos);
}

bool is_physical(const HostRoot& root, const std::string& folder) {
  const auto target = root.link_target(folder);
  const bool virtual_one = !target || target->find("/virtual/") != std::string::npos;
  if ((virtual_one && !root.exists(folder + "/device")) || root.exists(folder + "/device/physfn")) return false;
  if (root.exists(folder + "/device/sfnum")) return false;  // a scalable function: a part of a port
  const auto event = root.read(folder + "/uevent");
  if (event && (event->find("DEVTYPE=wwan") != std::string::npos || event->find("DEVTYPE=wlan") != std::string::npos)) return false;
  if (root.exists(folder + "/wireless") || root.exists(folder + "/phy80211") || root.exists(folder + "/parent")) return false;
  return !is_management_link(root, folder) && !is_representor(root, folder);
}

void set_ids(const HostRoot& root, const std::string& address, NicShape& shape) {
  if (address.empty()) return;
  const auto vendor = root.read_u64("sys/bus/pci/devices/" + address + "/vendor"),
             device = root.read_u64("sys/bus/pci/devices/" + address + "/device");
  if (vendor && *vendor <= 0xffff) shape.vendor_id = static_cast<std::uint16_t>(*vendor);
  if (device && *device <= 0xffff) shape.device_id = static_cast<std::uint16_t>(*device);
}

std::optional<std::uint32_t> present_mbps(const HostRoot& root, const std::string& folder, std::vector<Problem>& problems) {
  const std::string text = line_of(root, folder + "/speed");
  // No link, or not told: the kernel's -1, of older ones without a sign; an error instead of text reads as empty.
  if (text.empty() || text == "-1" || text == "4294967295") return std::nullopt;
  const auto speed = plausible_in(root, folder + "/speed", kMostMbps, "network", problems);
  if (!speed || *speed == 0) return std::nullopt;
  return static_cast<std::uint32_t>(*speed);
}

NicType type_of(const HostRoot& root, const std::string& folder, bool rdma_over_ethernet) {
  const auto type = root.read_u64(folder + "/type");
  if (type && *type == kInfinibandType) return NicType::kInfiniband;
  if (type && *type == kEthernetType) return rdma_over_ethernet ? NicType::kRoce : NicType::kEthernet;
  return NicType::kUnknown;
}

/// `carrier` of a port that is switched off cannot be read: then nothing is told.
std::optional<bool> link_of(const HostRoot& root, const std::string& folder) {
  const auto carrier = root.read_u64(folder + "/carrier");
  if (!carrier || *carrier > 1) return std::nullopt;
  return *carrier == 1;
}

/// Whether virtio carries the port: its speed is what the host's administrator wrote, if anything.
bool is_virtio(const HostRoot& root, const std::string& folder) {
  const auto driver = root.link_name(folder + "/device/driver");
  return driver && *driver == "virtio_net";
}

Nic read_port(const HostRoot& root, const std::string& name, const std::vector<RdmaPort>& rdma, std::vector<std::string>& present_only,
              std::vector<Problem>& problems) {
  const std::string folder = "sys/class/net/" + name;
  Nic nic{.name = name, .shape = {}, .link = link_of(root, folder), .driver = {}};
  if (const auto driver = root.link_name(folder + "/device/driver")) nic.driver = *driver;
  const auto target = root.link_target(folder);
  set_ids(root, last_pci_address(target ? *target : ""), nic.shape);
  const auto port = std::find_if(rdma.begin(), rdma.end(), [&](const RdmaPort& one) { return one.netdev == name; });
  nic.shape.type = type_of(root, folder, port != rdma.end() && port->ethernet());
  nic.shape.rdma = port != rdma.end() || root.exists(folder + "/device/infiniband");
  if (is_virtio(root, folder)) return nic;
  if (root.live()) nic.shape.speed_mbps = highest_supported_mbps(name);
  if (nic.shape.speed_mbps) return nic;
  nic.shape.speed_mbps = present_mbps(root, folder, problems);
  if (!nic.shape.speed_mbps && port != rdma.end()) nic.shape.speed_mbps = port->present_mbps;
  if (nic.shape.speed_mbps) present_only.push_back(name);
  return nic;
}

/// What a virtual function knows of the port it carries frames for: speed and RDMA. Its PCI id is not the port's: it comes and goes.
void complete_from_function(const Nic& function, Nic& port) {
  if (!port.shape.speed_mbps) port.shape.speed_mbps = function.shape.speed_mbps;
  port.shape.rdma = port.shape.rdma || function.shape.rdma;
  if (function.shape.type == NicType::kRoce) port.shape.type = NicType::kRoce;
}

/// InfiniBand ports that no network device speaks for (IP over InfiniBand is not loaded).
void add_ports_without_net(const HostRoot& root, const std::vector<RdmaPort>& rdma, std::vector<Nic>& nics,
                           std::vector<std::string>& present_only) {
  for (const auto& port : rdma) {
    if (port.ethernet() || !port.netdev.empty()) continue;
    const auto name = port.number == 1 ? port.device : port.device + "/" + std::to_string(port.number);
    Nic nic{.name = name,
            .shape = {.type = NicType::kInfiniband, .speed_mbps = port.present_mbps, .rdma = true, .count = 1},
            .link = port.link(),
            .driver = {}};
    set_ids(root, port.address, nic.shape);
    if (nic.shape.speed_mbps) present_only.push_back(name);
    nics.push_back(nic);
  }
}

/// By PCI class: InfiniBand and Ethernet controllers say what they are; others ("network controller": radios, and cards that do both) by
/// the interface's name. Absent for radios.
std::optional<NicType> type_from_topology(const OsDevice& device) {
  constexpr std::uint16_t kEthernetClass = 0x0200, kInfinibandClass = 0x0207;
  if (device.pci->class_code == kInfinibandClass) return NicType::kInfiniband;
  if (device.name.starts_with("wl") || device.name.starts_with("ww")) return std::nullopt;
  if (device.pci->class_code == kEthernetClass) return NicType::kEthernet;
  return device.name.starts_with("ib") ? NicType::kInfiniband : NicType::kEthernet;
}

}  // namespace

Probed<std::vector<Nic>> read_network_shape(const HostRoot& root) {
  Probed<std::vector<Nic>> probed;
  const auto names = root.list("sys/class/net");
  if (!names) probed.problems.push_back({"network", names.error().what});
  const auto rdma = read_rdma_ports(root, probed.problems);
  std::vector<std::string> present_only;
  std::map<std::string, std::vector<Nic>> functions;  ///< by the port above
  for (const auto& name : names ? *names : std::vector<std::string>{}) {
    const std::string folder = "sys/class/net/" + name;
    if (!is_physical(root, folder)) continue;
    auto nic = read_port(root, name, rdma, present_only, probed.problems);
    const auto above = port_above(root, name);
    (above ? functions[*above] : probed.value).push_back(std::move(nic));
  }
  for (auto& nic : probed.value) {
    for (const auto& function : functions[nic.name]) complete_from_function(function, nic);
  }
  add_ports_without_net(root, rdma, probed.value, present_only);
  std::sort(probed.value.begin(), probed.value.end(), [](const Nic& a, const Nic& b) { return a.name < b.name; });
  if (!present_only.empty()) {
    std::string list;
    for (const auto& name : present_only) list += (list.empty() ? "" : " ") + name;
    probed.problems.push_back({"network", "speed is the link's present one, the highest is not told: " + list.substr(0, 160)});
  }
  return probed;
}

std::vector<Nic> network_from_topology(const Topology& topology) {
  std::vector<Nic> nics;
  std::set<std::string> rdma;
  for (const auto& device : topology.os_devices) {
    if (device.kind == OsDevice::Kind::kInfiniband && device.pci) rdma.insert(device.pci->address);
  }
  for (const auto& device : topology.os_devices) {
    if (device.kind != OsDevice::Kind::kNetwork || !device.pci) continue;
    const auto type = type_from_topology(device);
    if (!type) continue;
    NicShape shape;
    shape.type = *type;
    shape.vendor_id = device.pci->vendor_id;
    shape.device_id = device.pci->device_id;
    shape.rdma = rdma.contains(device.pci->address);
    nics.push_back({device.name, shape, {}, {}});
  }
  std::sort(nics.begin(), nics.end(), [](const Nic& a, const Nic& b) { return a.name < b.name; });
  return nics;
}

}  // namespace capmap
