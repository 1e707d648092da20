#include "agent/probe/shape_network.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "agent/probe/nic_modes.hpp"
#include "agent/probe/plausible.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kEthernetType = 1;  // sys/class/net/*/type is the kernel's ARPHRD number
constexpr std::uint64_t kInfinibandType = 32;

/// RDMA devices by the PCI address they hang at.
struct RdmaPort {
  std::string name;
  bool ethernet = false;  ///< link layer: RoCE instead of InfiniBand
  std::optional<std::uint32_t> present_mbps;
};

std::string line_of(const HostRoot& root, const std::string& path) {
  const auto line = root.read_line(path);
  return line ? *line : std::string();
}

/// "5: LinkUp"; of a port that does not tell its physical state, "4: ACTIVE".
bool is_up(const HostRoot& root, const std::string& port) {
  const std::string physical = line_of(root, port + "/phys_state");
  if (!physical.empty()) return physical.find("LinkUp") != std::string::npos;
  return line_of(root, port + "/state").find("ACTIVE") != std::string::npos;
}

std::optional<std::uint32_t> infiniband_mbps(const HostRoot& root, const std::string& port, std::vector<Problem>& problems) {
  const std::string rate = line_of(root, port + "/rate");
  const auto mbps = parse_infiniband_rate(rate);
  if (!mbps && !rate.empty()) problems.push_back({"network", port + "/rate: \"" + rate.substr(0, 40) + "\" is no rate of a port"});
  return mbps;
}

std::multimap<std::string, RdmaPort> read_rdma_ports(const HostRoot& root, std::vector<Problem>& problems) {
  std::multimap<std::string, RdmaPort> ports;
  const auto names = root.list("sys/class/infiniband");
  for (const auto& name : names ? *names : std::vector<std::string>{}) {
    const std::string folder = "sys/class/infiniband/" + name;
    const auto target = root.link_target(folder);
    if (root.exists(folder + "/device/physfn")) continue;
    const auto numbers = root.list(folder + "/ports");
    for (const auto& number : numbers ? *numbers : std::vector<std::string>{}) {
      const std::string port_name = number == "1" ? name : name + "/" + number;  // the second of a card's ports is another
      RdmaPort port{
          .name = port_name, .ethernet = line_of(root, folder + "/ports/" + number + "/link_layer") == "Ethernet", .present_mbps = {}};
      if (is_up(root, folder + "/ports/" + number)) port.present_mbps = infiniband_mbps(root, folder + "/ports/" + number, problems);
      ports.emplace(target ? last_pci_address(*target) : std::string(), port);
    }
  }
  return ports;
}

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

Nic read_port(const HostRoot& root, const std::string& name, const std::string& address, const std::multimap<std::string, RdmaPort>& rdma,
              std::vector<std::string>& present_only, std::vector<Problem>& problems) {
  const std::string folder = "sys/class/net/" + name;
  Nic nic{.name = name, .shape = {}, .link = link_of(root, folder), .driver = {}};
  if (const auto driver = root.link_name(folder + "/device/driver")) nic.driver = *driver;
  set_ids(root, address, nic.shape);
  const auto [first, last] = address.empty() ? std::pair(rdma.end(), rdma.end()) : rdma.equal_range(address);
  const auto over_ethernet = std::any_of(first, last, [](const auto& port) { return port.second.ethernet; });
  nic.shape.type = type_of(root, folder, over_ethernet);
  nic.shape.rdma = first != last || root.exists(folder + "/device/infiniband");
  if (is_virtio(root, folder)) return nic;
  if (root.live()) nic.shape.speed_mbps = highest_supported_mbps(name);
  if (nic.shape.speed_mbps) return nic;
  nic.shape.speed_mbps = present_mbps(root, folder, problems);
  if (!nic.shape.speed_mbps && first != last) nic.shape.speed_mbps = first->second.present_mbps;
  if (nic.shape.speed_mbps) present_only.push_back(name);
  return nic;
}

/// InfiniBand ports that no network device speaks for (IP over InfiniBand is not loaded).
void add_ports_without_net(const HostRoot& root, const std::multimap<std::string, RdmaPort>& rdma, const std::set<std::string>& spoken_for,
                           std::vector<Nic>& nics, std::vector<std::string>& present_only) {
  for (const auto& [address, port] : rdma) {
    if (port.ethernet || (!address.empty() && spoken_for.contains(address))) continue;
    Nic nic{.name = port.name,
            .shape = {.type = NicType::kInfiniband, .speed_mbps = port.present_mbps, .rdma = true, .count = 1},
            .link = {},
            .driver = {}};
    set_ids(root, address, nic.shape);
    if (nic.shape.speed_mbps) present_only.push_back(port.name);
    nics.push_back(nic);
  }
}

}  // namespace

std::optional<std::uint32_t> parse_infiniband_rate(std::string_view text) {
  const auto words = split_words(text);
  if (words.size() < 2 || words[1] != "Gb/sec") return std::nullopt;
  const auto dot = words[0].find('.');  // "2.5 Gb/sec (1X SDR)" has a fraction
  const auto whole = number_in(words[0].substr(0, dot));
  const auto tenths = dot == std::string_view::npos ? std::optional<std::uint64_t>(0) : number_in(words[0].substr(dot + 1, 1));
  if (!whole || !tenths || *whole > kMostMbps / 1000 || *whole + *tenths == 0) return std::nullopt;
  return static_cast<std::uint32_t>(*whole * 1000 + *tenths * 100);
}

std::string last_pci_address(std::string_view path) {
  for (std::size_t end = path.size(); end > 0;) {
    const auto slash = path.rfind('/', end - 1);
    const std::size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
    const std::string_view part = path.substr(begin, end - begin);
    // domain:bus:device.function, the domain 4 digits or more
    if (part.size() >= 12 && part[part.size() - 2] == '.' && part[part.size() - 5] == ':' && part[part.size() - 8] == ':')
      return std::string(part);
    if (slash == std::string_view::npos) break;
    end = slash;
  }
  return "";
}

Probed<std::vector<Nic>> read_network_shape(const HostRoot& root) {
  Probed<std::vector<Nic>> probed;
  const auto names = root.list("sys/class/net");
  if (!names) probed.problems.push_back({"network", names.error().what});
  const auto rdma = read_rdma_ports(root, probed.problems);
  std::set<std::string> addresses;
  std::vector<std::string> present_only;
  for (const auto& name : names ? *names : std::vector<std::string>{}) {
    const std::string folder = "sys/class/net/" + name;
    if (!is_physical(root, folder)) continue;
    const auto target = root.link_target(folder);
    const std::string address = last_pci_address(target ? *target : "");
    if (!address.empty()) addresses.insert(address);
    probed.value.push_back(read_port(root, name, address, rdma, present_only, probed.problems));
  }
  add_ports_without_net(root, rdma, addresses, probed.value, present_only);
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
    if (device.kind != OsDevice::Kind::kNetwork || !device.pci || device.name.starts_with("wl")) continue;
    const bool is_infiniband = device.name.starts_with("ib");
    NicShape shape;
    shape.type = is_infiniband ? NicType::kInfiniband : NicType::kEthernet;
    shape.vendor_id = device.pci->vendor_id;
    shape.device_id = device.pci->device_id;
    shape.rdma = rdma.contains(device.pci->address);
    nics.push_back({device.name, shape, {}, {}});
  }
  std::sort(nics.begin(), nics.end(), [](const Nic& a, const Nic& b) { return a.name < b.name; });
  return nics;
}

}  // namespace capmap
