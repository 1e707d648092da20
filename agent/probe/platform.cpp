#include "agent/probe/platform.hpp"

#include <array>

#include "agent/probe/cpuid_text.hpp"

namespace capmap {
namespace {

std::string line_of(const HostRoot& root, const char* path) {
  const auto line = root.read_line(path);
  return line ? *line : std::string();
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string container_of(const HostRoot& root) {
  const std::string noted = line_of(root, "run/systemd/container");
  if (!noted.empty()) return lower_case(noted.substr(0, 32));
  if (root.exists("run/.containerenv")) return "podman";
  if (root.exists(".dockerenv")) return "docker";
  const auto cgroup = root.read("proc/1/cgroup");
  if (!cgroup) return "";
  if (has(*cgroup, "/docker/") || has(*cgroup, "/docker-")) return "docker";
  if (has(*cgroup, "kubepods")) return "kubernetes";
  if (has(*cgroup, "/lxc/") || has(*cgroup, "/lxc.payload")) return "lxc";
  return "";
}

/// The hypervisor's own signature, asked of the processor of the running machine.
std::string cpuid_hypervisor() {
  const std::string word = parse_cpuid(read_cpuid()).hypervisor;
  return word.empty() ? "vm" : word;
}

/// Marks of machines that are not PCs: device tree, IBM's hypervisors.
std::string other_hypervisor(const HostRoot& root) {
  const std::string compatible = line_of(root, "sys/firmware/devicetree/base/hypervisor/compatible");
  if (has(compatible, "kvm")) return "kvm";
  if (has(compatible, "xen")) return "xen";
  const auto sysinfo = root.read("proc/sysinfo");
  if (sysinfo && has(*sysinfo, "VM00 Control Program: KVM")) return "kvm";
  if (sysinfo && has(*sysinfo, "VM00 Control Program: z/VM")) return "zvm";
  if (sysinfo && has(*sysinfo, "LPAR Number:")) return "none";
  const auto cpuinfo = root.read("proc/cpuinfo", 32 << 20);
  if (cpuinfo && has(*cpuinfo, "emulated by qemu")) return "kvm";
  if (cpuinfo && has(*cpuinfo, "platform\t: pSeries")) return "powervm";
  if (cpuinfo && has(*cpuinfo, "platform\t: PowerNV")) return "none";
  return "";
}

std::string virtualization_of(const HostRoot& root, std::optional<bool> guest) {
  const std::string container = container_of(root);
  if (!container.empty()) return container;
  if (has(line_of(root, "proc/sys/kernel/osrelease"), "WSL")) return "wsl";
  if (line_of(root, "sys/hypervisor/type") == "xen") return has(line_of(root, "proc/xen/capabilities"), "control_d") ? "none" : "xen";
  const std::string vendor = line_of(root, "sys/class/dmi/id/sys_vendor"), product = line_of(root, "sys/class/dmi/id/product_name");
  const std::string by_dmi = hypervisor_of(vendor, product);
  if (!by_dmi.empty() && guest != false) return by_dmi;
  if (guest == true) return root.live() ? cpuid_hypervisor() : "vm";
  if (guest == false) return "none";
  const std::string other = other_hypervisor(root);
  if (!other.empty()) return other;
  return vendor.empty() ? "" : "none";
}

}  // namespace

std::string parse_pretty_name(std::string_view os_release) {
  std::string_view line;
  while (next_line(os_release, line)) {
    auto [key, value] = split_pair(line, '=');
    if (key != "PRETTY_NAME") continue;
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
      value = value.substr(1, value.size() - 2);
    return single_spaced(value);
  }
  return "";
}

std::string hypervisor_of(std::string_view system_vendor, std::string_view product) {
  struct Mark {
    std::string_view text;
    const char* word;
  };
  constexpr std::array kMarks = std::to_array<Mark>({{"QEMU", "kvm"},
                                                     {"KVM", "kvm"},
                                                     {"OpenStack", "kvm"},
                                                     {"VMware", "vmware"},
                                                     {"VMW", "vmware"},
                                                     {"innotek", "oracle"},
                                                     {"VirtualBox", "oracle"},
                                                     {"Xen", "xen"},
                                                     {"Bochs", "bochs"},
                                                     {"Parallels", "parallels"},
                                                     {"BHYVE", "bhyve"},
                                                     {"Google Compute Engine", "google"},
                                                     {"Alibaba Cloud ECS", "kvm"},
                                                     {"Tencent Cloud", "kvm"},
                                                     {"Firecracker", "kvm"},
                                                     {"oVirt", "kvm"},
                                                     {"RHEV", "kvm"},
                                                     {"Nutanix", "kvm"},
                                                     {"Cloud Hypervisor", "kvm"}});
  for (const auto& mark : kMarks) {
    if (has(system_vendor, mark.text) || has(product, mark.text)) return mark.word;
  }
  if (has(system_vendor, "Microsoft") && product == "Virtual Machine") return "microsoft";
  if (has(system_vendor, "Amazon EC2") && !has(product, ".metal")) return "amazon";
  return "";
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
    if (text && platform.os.empty()) platform.os = parse_pretty_name(*text);
  }
  platform.virtualization = virtualization_of(root, guest);
  return probed;
}

Platform platform_from_topology(const Topology& topology) {
  Platform platform{.hostname = topology.hostname, .os = topology.os, .kernel = topology.kernel, .virtualization = {}};
  platform.virtualization = hypervisor_of(topology.system_vendor, topology.system_product);
  if (platform.virtualization.empty() && !topology.system_vendor.empty()) platform.virtualization = "none";
  return platform;
}

}  // namespace capmap
