#include "agent/probe/platform.hpp"

#include "agent/probe/hypervisor.hpp"
#include "agent/probe/placeholder.hpp"

namespace capmap {

std::string read_container(const HostRoot& root) {
  const std::string noted = line_of(root, "run/systemd/container");
  if (!noted.empty()) return lower_case(noted.substr(0, 32));
  if (root.exists("run/.containerenv")) return "podman";
  if (root.exists(".dockerenv")) return "docker";
  const auto cgroup = root.read("proc/1/cgroup");
  if (!cgroup) return has(line_of(root, "proc/sys/kernel/osrelease"), "WSL") ? "wsl" : "";
  if (has(*cgroup, "/docker/") || has(*cgroup, "/docker-")) return "docker";
  if (has(*cgroup, "kubepods")) return "kubernetes";
  if (has(*cgroup, "/lxc/") || has(*cgroup, "/lxc.payload")) return "lxc";
  return has(line_of(root, "proc/sys/kernel/osrelease"), "WSL") ? "wsl" : "none";
}

namespace {

void read_dmi(const HostRoot& root, Platform& platform) {
  const auto told = [&root](const char* file) { return told_text(line_of(root, (std::string("sys/class/dmi/id/") + file).c_str())); };
  platform.maker = told("sys_vendor");
  platform.product = told("product_name");
  platform.board_maker = told("board_vendor");
  platform.board = told("board_name");
  platform.bios_version = told("bios_version");
  platform.bios_date = told("bios_date");
}

/// The value of a key of os-release, unquoted; empty when missing.
std::string os_value(std::string_view os_release, std::string_view wanted) {
  std::string_view line;
  while (next_line(os_release, line)) {
    auto [key, value] = split_pair(line, '=');
    if (key != wanted) continue;
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
      value = value.substr(1, value.size() - 2);
    return single_spaced(value);
  }
  return "";
}

/// One word for both, as systemd has it: a container's mark goes before the machine's.
std::string virtualization_of(const Platform& platform) {
  return platform.container.empty() || platform.container == "none" ? platform.hypervisor : platform.container;
}

}  // namespace

std::string parse_pretty_name(std::string_view os_release) {
  return os_value(os_release, "PRETTY_NAME");
}

Probed<Platform> read_platform(const HostRoot& root, std::optional<bool> guest) {
  Probed<Platform> probed;
  Platform& platform = probed.value;
  platform.hostname = line_of(root, "proc/sys/kernel/hostname");
  if (platform.hostname.empty()) platform.hostname = line_of(root, "etc/hostname");
  if (platform.hostname.empty()) probed.problems.push_back({"platform", "proc/sys/kernel/hostname: no name in it, nor in etc/hostname"});
  platform.kernel = line_of(root, "proc/sys/kernel/osrelease");
  for (const char* file : {"etc/os-release", "usr/lib/os-release"}) {
    const auto text = root.read(file);
    if (!text || !platform.os.empty()) continue;
    platform.os = parse_pretty_name(*text);
    platform.os_name = os_value(*text, "NAME");
    platform.os_version = os_value(*text, "VERSION_ID");
  }
  platform.hypervisor = read_hypervisor(root, guest);
  platform.container = read_container(root);
  platform.virtualization = virtualization_of(platform);
  platform.cgroup = read_cgroup_limits(HostRoot(root.path()));  // names of groups tell who runs what: a capture notes the limits alone
  read_dmi(root, platform);
  return probed;
}

void complete_container(const std::string& container, Platform& platform) {
  if (platform.container.empty()) platform.container = container;
  platform.virtualization = virtualization_of(platform);
}

void complete_from_firmware(const Smbios& firmware, Platform& platform) {
  const auto complete = [](std::string& text, const std::string& other) {
    if (text.empty()) text = other;
  };
  complete(platform.maker, firmware.manufacturer);
  complete(platform.product, firmware.product);
  complete(platform.board_maker, firmware.board_manufacturer);
  complete(platform.board, firmware.board);
  complete(platform.bios_version, firmware.bios_version);
  complete(platform.bios_date, firmware.bios_date);
}

Platform platform_from_topology(const Topology& topology) {
  Platform platform{.hostname = topology.hostname, .os = topology.os, .kernel = topology.kernel, .virtualization = {}};
  platform.hypervisor = hypervisor_of(topology.system_vendor, topology.system_product);
  if (platform.hypervisor.empty() && !topology.system_vendor.empty()) platform.hypervisor = "none";
  platform.virtualization = platform.hypervisor;
  platform.maker = told_text(topology.system_vendor);
  platform.product = told_text(topology.system_product);
  return platform;
}

}  // namespace capmap
