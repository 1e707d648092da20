#include <unistd.h>

#include <algorithm>
#include <array>

#include "agent/device_drivers.hpp"
#include "agent/probe/devices/dcmi_api.hpp"
#include "agent/probe/devices/nvml_api.hpp"
#include "agent/probe/devices/rocm_smi_api.hpp"
#include "agent/probe/doctor.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostNodes = 4'096;
constexpr const char *kNvml = "libnvidia-ml.so.1", *kRocmSmi = "librocm_smi64.so", *kDcmi = "libdcmi.so";

/// A vendor as its driver's files show it: which library answers for its cards, and which nodes that opens.
struct Vendor {
  const char* name;
  bool loaded;                              ///< its driver
  const char* usual;                        ///< its library; empty: the driver's files are enough
  std::string library;                      ///< the one that is set in its place; empty = none is
  std::string (*load)(const std::string&);  ///< why it does not load; empty = it does. No call is made into it
  const char* if_missing;                   ///< what is lost without it
  std::array<const char*, 3> nodes;         ///< beginnings of names below /dev; "" = no further one
  const char* group;                        ///< whose nodes they may be
};

template <auto Load>
std::string trouble_with(const std::string& library) {
  const auto loaded = Load(library);
  return loaded ? std::string() : loaded.error().what;
}

std::string trouble_with_nvml(const std::string& library) {
  return trouble_with<nvml::load_api>(library.empty() ? kNvml : library);
}

std::vector<Vendor> vendors_of(const Patient& patient) {
  const auto drivers = find_device_drivers(patient.root);
  const auto& settings = patient.settings;
  return {{"nvidia",
           drivers.nvidia,
           kNvml,
           settings.nvml_library,
           trouble_with_nvml,
           "the use of cards is unknown",
           {"nvidia", "", ""},
           "video"},
          {"amd",
           drivers.amd,
           kRocmSmi,
           settings.rocm_smi_library,
           trouble_with<rocm_smi::load_api>,
           "what amdgpu's files leave out is unknown, such as names of some cards",
           {"kfd", "dri/renderD", ""},
           "render"},
          {"ascend",
           drivers.ascend,
           kDcmi,
           settings.dcmi_library,
           trouble_with<dcmi::load_api>,
           "the use of cards is unknown",
           {"davinci", "hisi_hdc", "devmm_svm"},
           "HwHiAiUser"},
          {"intel", drivers.intel, "", "", nullptr, "", {"", "", ""}, ""},
          {"habana", drivers.habana, "", "", nullptr, "", {"", "", ""}, ""}};
}

void check_library(const Vendor& vendor, Findings& findings) {
  if (vendor.load == nullptr) {
    findings.push_back({vendor.name, Health::kWell, "is read from its driver's files, no library is needed"});
    return;
  }
  const auto trouble = vendor.load(vendor.library);
  if (trouble.empty()) {
    findings.push_back({vendor.name, Health::kWell, (vendor.library.empty() ? vendor.usual : vendor.library) + " is there"});
  } else {
    findings.push_back({vendor.name, Health::kWarning, trouble + ": " + vendor.if_missing,
                        "install the user-space part of the driver, or name the file in agent.toml under [accelerators]"});
  }
}

/// Nodes below /dev whose names begin so; "dri/renderD" looks into dri.
std::vector<std::string> nodes_of(const HostRoot& root, const std::string& view, const std::string& beginning) {
  const auto slash = beginning.find('/');
  const std::string folder = slash == std::string::npos ? "" : beginning.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? beginning : beginning.substr(slash + 1);
  std::vector<std::string> nodes;
  const auto entries = root.list(view + "dev/" + folder, kMostNodes);
  for (const auto& entry : entries ? *entries : std::vector<std::string>()) {
    if (entry.starts_with(name)) nodes.push_back(folder + entry);
  }
  return nodes;
}

void check_nodes(const Patient& patient, const Vendor& vendor, Findings& findings) {
  const std::string service_root = patient.service ? "proc/" + std::to_string(patient.service->pid) + "/root/" : "";
  const std::string view = patient.root.list(service_root).ok() ? service_root : "";
  std::string hidden, closed;
  std::size_t count = 0;
  for (const std::string beginning : vendor.nodes) {
    if (beginning.empty()) continue;
    for (const auto& node : nodes_of(patient.root, "", beginning)) {
      ++count;
      const bool seen = view.empty() || patient.root.exists(view + "dev/" + node);
      const bool ours =
          patient.service ? may_open(*patient.service, "/dev/" + node, R_OK | W_OK) : access(("/dev/" + node).c_str(), R_OK | W_OK) == 0;
      if (!seen) hidden += " /dev/" + node;
      if (seen && !ours) closed += " /dev/" + node;
    }
  }
  if (!hidden.empty()) {
    findings.push_back({vendor.name, Health::kWarning, "hidden from the service:" + hidden.substr(0, 200),
                        "no PrivateDevices=yes; DeviceAllow= of capmap-agent.service.d/50-" + std::string(vendor.name) + ".conf"});
  }
  if (!closed.empty()) {
    findings.push_back({vendor.name, Health::kWarning, "not for the service's user:" + closed.substr(0, 200),
                        "make capmap-agent a member of their group (ls -l shows it; often " + std::string(vendor.group) +
                            "): SupplementaryGroups= by systemctl edit capmap-agent"});
  }
  if (hidden.empty() && closed.empty() && count > 0)
    findings.push_back({vendor.name, Health::kWell, std::to_string(count) + " nodes below /dev are there for the service"});
}

}  // namespace

void check_vendors(const Patient& patient, Findings& findings) {
  bool any = false;
  for (const auto& vendor : vendors_of(patient)) {
    if (!vendor.loaded) continue;
    any = true;
    check_library(vendor, findings);
    check_nodes(patient, vendor, findings);
  }
  if (!any) findings.push_back({"accelerators", Health::kNote, "no driver of accelerators that is known here is loaded"});
}

}  // namespace capmap
