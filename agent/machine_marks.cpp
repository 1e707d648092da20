#include "agent/machine_marks.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "agent/own_fingerprints.hpp"
#include "agent/privileged_facts.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostPorts = 4'096;

/// The address that the port's maker gave it; a bond gives its own to the ports below it.
std::optional<std::string> permanent_address(const HostRoot& root, const std::string& port) {
  const auto assigned = root.read_u64(port + "/addr_assign_type");
  auto address = root.read_line(port + (assigned && *assigned == 0 ? "/address" : "/bonding_slave/perm_hwaddr"));
  return address ? std::optional(std::move(*address)) : std::nullopt;
}

std::optional<Fingerprint> read_ports(const HostRoot& root, std::string_view salt) {
  const auto names = root.list("sys/class/net", kMostPorts);
  std::vector<std::string> addresses;
  for (const auto& name : names ? *names : std::vector<std::string>()) {
    const std::string port = "sys/class/net/" + name, device = port + "/device";
    if (!root.exists(device) || root.exists(device + "/physfn")) continue;
    if (const auto bus = root.link_name(device + "/subsystem"); bus && *bus == "usb") continue;
    if (auto address = permanent_address(root, port)) addresses.push_back(std::move(*address));
  }
  return ports_fingerprint(salt, addresses);
}

}  // namespace

std::optional<Fingerprint> read_machine_uuid(const HostRoot& root, std::string_view salt, const std::string& privileged) {
  for (const char* file : kUuidFiles) {
    const auto text = root.read_line(file);
    if (const auto uuid = text ? uuid_fingerprint(salt, *text) : std::nullopt) return uuid;
  }
  if (!root.live()) return std::nullopt;
  const auto facts = read_privileged_facts(privileged);
  return facts && facts->salt_mark == salt_mark(salt) ? facts->uuid : std::nullopt;
}

MachineMarks read_machine_marks(const HostRoot& root, const AgentSettings& settings, std::string_view virtualization) {
  const auto& salt = settings.salt();
  return {.uuid = read_machine_uuid(root, salt, privileged_path(settings.state)),
          .ports = virtualization == "none" ? read_ports(root, salt) : std::nullopt};
}

}  // namespace capmap
