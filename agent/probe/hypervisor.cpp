#include "agent/probe/hypervisor.hpp"

#include <array>

#include "agent/probe/cpuid_text.hpp"
#include "agent/probe/words.hpp"

namespace capmap {
namespace {

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

}  // namespace

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
                                                     {"Cloud Hypervisor", "kvm"},
                                                     {"DigitalOcean", "kvm"},
                                                     {"KubeVirt", "kvm"},
                                                     {"InCloud", "kvm"},
                                                     {"FusionSphere", "kvm"},
                                                     {"FusionCompute", "kvm"},
                                                     {"Huawei Cloud", "kvm"},
                                                     {"Scaleway", "kvm"},
                                                     {"Vultr", "kvm"},
                                                     {"Linode", "kvm"},
                                                     {"UpCloud", "kvm"},
                                                     {"Yandex", "kvm"},
                                                     {"ZStack", "kvm"},
                                                     {"SmartX", "kvm"},
                                                     {"HVM domU", "xen"},
                                                     {"Apple Virtualization", "apple"},
                                                     {"VirtualMac", "apple"}});
  for (const auto& mark : kMarks) {
    if (has(system_vendor, mark.text) || has(product, mark.text)) return mark.word;
  }
  if (has(system_vendor, "Hetzner") && has(product, "vServer")) return "kvm";  // it sells machines of its own too
  if (has(system_vendor, "Sangfor") && !has(product, "aServer")) return "kvm";
  if (has(system_vendor, "Huawei") && has(product, "KVM")) return "kvm";
  if (system_vendor == "Google" && product == "Google") return "google";
  if (has(system_vendor, "Microsoft") && product == "Virtual Machine") return "microsoft";
  if (has(system_vendor, "Amazon EC2") && !has(product, ".metal")) return "amazon";
  return "";
}

std::string read_hypervisor(const HostRoot& root, std::optional<bool> guest) {
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

}  // namespace capmap
