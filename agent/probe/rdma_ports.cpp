#include "agent/probe/rdma_ports.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "agent/probe/plausible.hpp"
#include "agent/probe/words.hpp"

namespace capmap {
namespace {

constexpr const char *kDevices = "sys/class/infiniband", *kInterfaces = "sys/class/net";
constexpr std::size_t kMaxPorts = 1'024;

/// "4: ACTIVE" -> "ACTIVE".
std::string state_word(const HostRoot& root, const std::string& path) {
  const auto line = root.read_line(path);
  if (!line) return {};
  const auto colon = line->find(": ");
  return colon == std::string::npos ? std::string() : line->substr(colon + 2);
}

RdmaPort read_one(const HostRoot& root, const std::string& device, std::uint32_t number, const std::string& folder,
                  std::vector<Problem>& problems) {
  RdmaPort port{.device = device,
                .number = number,
                .link_layer = {},
                .present_mbps = {},
                .state = state_word(root, folder + "/state"),
                .phys_state = state_word(root, folder + "/phys_state"),
                .netdev = {},
                .address = {}};
  if (const auto layer = root.read_line(folder + "/link_layer")) port.link_layer = *layer;
  if (const auto rate = root.read_line(folder + "/rate"); rate && port.link().value_or(false)) {
    port.present_mbps = parse_infiniband_rate(*rate);  // without a link it is a default, no rate
    const bool nonsense = !port.present_mbps && !rate->empty();
    if (nonsense) problems.push_back({"network", folder + "/rate: \"" + rate->substr(0, 40) + "\" is no rate of a port"});
  }
  if (const auto netdev = root.read_line(folder + "/gid_attrs/ndevs/0")) port.netdev = *netdev;
  return port;
}

/// Interfaces that hang at a PCI device without a part of it between, by its address; [interface] by name.
std::map<std::string, std::vector<std::string>> interfaces_by_address(const HostRoot& root) {
  std::map<std::string, std::vector<std::string>> found;
  const auto names = root.list(kInterfaces);
  for (const auto& name : names ? *names : std::vector<std::string>{}) {
    const auto folder = std::string(kInterfaces) + "/" + name;
    const auto target = root.link_target(folder);
    const auto address = target ? last_pci_address(*target) : std::string();
    const bool part = root.exists(folder + "/parent") || root.exists(folder + "/device/sfnum");
    const auto port = root.read_line(folder + "/phys_port_name");
    const bool representor = port && port->starts_with("pf") && port->find_first_of("vs", 2) != std::string::npos;
    if (!address.empty() && !part && !representor) found[address].push_back(name);
  }
  return found;
}

/// An InfiniBand port speaks through an interface of that hardware type, and an Ethernet one through an Ethernet interface.
bool fits(const RdmaPort& port, const std::optional<std::uint64_t>& type) {
  constexpr std::uint64_t kEthernet = 1, kInfiniband = 32;  // the kernel's ARPHRD numbers
  if (!type || port.link_layer.empty()) return true;
  return *type == (port.ethernet() ? kEthernet : kInfiniband);
}

/// Gives the ports of one PCI device their interfaces, as far as the GID tables have not.
void join_interfaces(const HostRoot& root, const std::vector<RdmaPort*>& ports, const std::vector<std::string>& interfaces) {
  const auto is_taken = [&](const std::string& name) {
    return std::any_of(ports.begin(), ports.end(), [&](const RdmaPort* port) { return port->netdev == name; });
  };
  for (const bool by_number : {true, false}) {
    for (const auto& name : interfaces) {
      const auto folder = std::string(kInterfaces) + "/" + name;
      const auto type = root.read_u64(folder + "/type"), dev_port = root.read_u64(folder + "/dev_port");
      const auto port = std::find_if(ports.begin(), ports.end(), [&](const RdmaPort* one) {
        const bool same_number = dev_port && *dev_port + 1 == one->number;
        return one->netdev.empty() && fits(*one, type ? std::optional(*type) : std::nullopt) && (same_number || !by_number);
      });
      if (port != ports.end() && !is_taken(name)) (*port)->netdev = name;
    }
  }
}

}  // namespace

std::optional<bool> RdmaPort::link() const {
  if (!phys_state.empty()) return phys_state == "LinkUp";
  if (!state.empty()) return state == "ACTIVE";
  return std::nullopt;
}

std::vector<RdmaPort> read_rdma_ports(const HostRoot& root, std::vector<Problem>& problems) {
  std::vector<RdmaPort> ports;
  const auto devices = root.list(kDevices);
  for (const auto& device : devices ? *devices : std::vector<std::string>{}) {
    const auto folder = std::string(kDevices) + "/" + device;
    if (root.exists(folder + "/device/physfn") || root.exists(folder + "/device/sfnum")) continue;
    const auto target = root.link_target(folder);
    const auto numbers = root.list(folder + "/ports");
    for (const auto& text : numbers ? *numbers : std::vector<std::string>{}) {
      const auto number = number_in(text);
      if (!number || *number == 0 || *number > UINT8_MAX || ports.size() == kMaxPorts) continue;
      auto port = read_one(root, device, static_cast<std::uint32_t>(*number), folder + "/ports/" + text, problems);
      port.address = target ? last_pci_address(*target) : "";
      ports.push_back(std::move(port));
    }
  }
  std::stable_sort(ports.begin(), ports.end(),
                   [](const RdmaPort& a, const RdmaPort& b) { return a.device != b.device ? a.device < b.device : a.number < b.number; });
  for (const auto& [address, interfaces] : interfaces_by_address(root)) {
    std::vector<RdmaPort*> here;
    for (auto& port : ports) {
      if (port.address == address) here.push_back(&port);
    }
    join_interfaces(root, here, interfaces);
  }
  return ports;
}

std::optional<std::uint32_t> parse_infiniband_rate(std::string_view text) {
  const auto words = split_words(text);
  if (words.size() < 2 || words[1] != "Gb/sec") return std::nullopt;
  const auto dot = words[0].find('.');  // "2.5 Gb/sec (1X SDR)" has a fraction
  const auto whole = number_in(words[0].substr(0, dot));
  const auto tenths = dot == std::string_view::npos ? std::optional<std::uint64_t>(0) : number_in(words[0].substr(dot + 1, 1));
  if (!whole || !tenths || *whole > kMostMbps / 1000) return std::nullopt;
  const auto mbps = *whole * 1000 + *tenths * 100;
  return mbps > 0 && mbps <= kMostMbps ? std::optional(static_cast<std::uint32_t>(mbps)) : std::nullopt;
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

}  // namespace capmap
