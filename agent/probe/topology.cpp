#include "agent/probe/topology.hpp"

#include <hwloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "agent/probe/plausible.hpp"
#include "agent/probe/scoped_variable.hpp"

namespace capmap {
namespace {

static_assert(HWLOC_API_VERSION >= 0x00020400, "hwloc 2.4 brought CPU kinds");

struct TopologyDeleter {
  void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
using TopologyPointer = std::unique_ptr<hwloc_topology, TopologyDeleter>;

struct BitmapDeleter {
  void operator()(hwloc_bitmap_s* bitmap) const { hwloc_bitmap_free(bitmap); }
};
using BitmapPointer = std::unique_ptr<hwloc_bitmap_s, BitmapDeleter>;

std::string info_text(hwloc_obj_t object, const char* name) {
  const char* text = object ? hwloc_obj_get_info_by_name(object, name) : nullptr;
  return text ? text : "";
}

/// Facts of the whole machine stand at the root object in hwloc 2 and at the topology in hwloc 3.
std::string machine_info(hwloc_topology_t topology, const char* name) {
#if HWLOC_API_VERSION >= 0x00030000
  if (const char* text = hwloc_get_info_by_name(hwloc_topology_get_infos(topology), name)) return text;
#endif
  return info_text(hwloc_get_root_obj(topology), name);
}

std::optional<std::uint32_t> count_of(hwloc_topology_t topology, hwloc_obj_type_t type) {
  const int count = hwloc_get_nbobjs_by_type(topology, type);
  if (count <= 0) return std::nullopt;
  return static_cast<std::uint32_t>(count);
}

/// "6-85-7" of what hwloc noted at the first package.
std::string x86_identity(hwloc_obj_t package) {
  const std::string family = info_text(package, "CPUFamilyNumber"), model = info_text(package, "CPUModelNumber");
  const std::string stepping = info_text(package, "CPUStepping");
  if (!number_in(family) || !number_in(model) || !number_in(stepping)) return "";
  return family + "-" + model + "-" + stepping;
}

std::optional<std::uint64_t> cache_bytes(hwloc_topology_t topology, hwloc_obj_type_t type, std::vector<Problem>& problems) {
  std::uint64_t sum = 0;
  bool unknown = false;
  for (hwloc_obj_t cache = nullptr; (cache = hwloc_get_next_obj_by_type(topology, type, cache)) != nullptr;) {
    const auto bytes = plausible(cache->attr->cache.size, kMostCacheBytes, "cpu", "bytes of a cache", problems);
    unknown |= bytes.value_or(0) == 0;
    sum += bytes.value_or(0);
  }
  return unknown || sum == 0 ? std::nullopt : std::optional(sum);
}

CacheBytes read_caches(hwloc_topology_t topology, std::vector<Problem>& problems) {
  return {.l1d = cache_bytes(topology, HWLOC_OBJ_L1CACHE, problems),
          .l1i = cache_bytes(topology, HWLOC_OBJ_L1ICACHE, problems),
          .l2 = cache_bytes(topology, HWLOC_OBJ_L2CACHE, problems),
          .l3 = cache_bytes(topology, HWLOC_OBJ_L3CACHE, problems)};
}

/// On POWER9 the firmware hands out the memory of an NVLink GPU as a node without processors, numbered down from 255
/// (skiboot, hw/npu2.c and core/affinity.c); only the running machine's driver would say so by name.
bool is_nvlink_memory(hwloc_topology_t topology, hwloc_obj_t node) {
  constexpr unsigned kFirstGpuNode = 240, kLastGpuNode = 255;
  constexpr unsigned short kNvidia = 0x10de;
  if (node->os_index < kFirstGpuNode || node->os_index > kLastGpuNode || !hwloc_bitmap_iszero(node->cpuset)) return false;
  if (info_text(hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0), "CPUModel").find("POWER9") == std::string::npos) return false;
  for (hwloc_obj_t device = nullptr; (device = hwloc_get_next_pcidev(topology, device)) != nullptr;) {
    if (device->attr->pcidev.vendor_id == kNvidia) return true;
  }
  return false;
}

std::string numa_kind(hwloc_topology_t topology, hwloc_obj_t node) {
  const std::string_view subtype = node->subtype ? node->subtype : "";
  const std::string dax = info_text(node, "DAXType");
  if (subtype == "GPUMemory" || is_nvlink_memory(topology, node)) return "gpu";
  if (subtype == "MCDRAM" || subtype == "HBM") return "hbm";
  if (subtype.starts_with("CXL")) return "cxl";
  if (subtype == "NVM" || dax == "NVM") return "nvm";
  if (subtype == "SPM" || dax == "SPM") return "unknown";  // "specific purpose": firmware hands out HBM and CXL memory so
  return "dram";
}

std::vector<NumaNode> read_numa_nodes(hwloc_topology_t topology, std::vector<Problem>& problems) {
  std::vector<NumaNode> nodes;
  for (hwloc_obj_t node = nullptr; (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != nullptr;) {
    const std::string what = "bytes of NUMA node " + std::to_string(node->os_index);
    const auto bytes = plausible(node->attr->numanode.local_memory, kMostNodeBytes, "memory", what, problems);
    nodes.push_back({.number = node->os_index, .bytes = bytes, .kind = numa_kind(topology, node), .absurd = !bytes});
    if (bytes == 0U) nodes.back().bytes.reset();  // hwloc says nothing by it
  }
  std::sort(nodes.begin(), nodes.end(), [](const NumaNode& a, const NumaNode& b) { return a.number < b.number; });
  return nodes;
}

/// One of hwloc's CPU kinds: a set of PUs and the words that tell it from others.
struct HwlocKind {
  CoreType type = CoreType::kUnknown;
  std::string key;  ///< equal for kinds that differ in clocks only (favoured cores), which are one kind to us
  std::optional<std::uint32_t> base_mhz, max_mhz;
};

HwlocKind read_kind(hwloc_topology_t topology, unsigned index, hwloc_bitmap_t cpuset, std::vector<Problem>& problems) {
  HwlocKind kind;
  std::string type, capacity;
  const auto mhz = [&](const char* name, std::string_view text) -> std::optional<std::uint32_t> {
    const auto clock = plausible(number_in(text), kMostMhz, "cpu", name, problems);
    return clock.value_or(0) > 0 ? std::optional(static_cast<std::uint32_t>(*clock)) : std::nullopt;  // 0: not told
  };
  const auto take = [&](std::string_view name, std::string_view value) {
    if (name == "CoreType") type = value;
    if (name == "LinuxCapacity") capacity = value;
    if (name == "FrequencyBaseMHz") kind.base_mhz = mhz("FrequencyBaseMHz", value);
    if (name == "FrequencyMaxMHz") kind.max_mhz = mhz("FrequencyMaxMHz", value);
  };
#if HWLOC_API_VERSION >= 0x00030000
  hwloc_infos_s* infos = nullptr;
  if (hwloc_cpukinds_get_info(topology, index, cpuset, nullptr, &infos, 0) != 0 || !infos) return kind;
  for (unsigned i = 0; i < infos->count; ++i) take(infos->array[i].name, infos->array[i].value);
#else
  unsigned count = 0;
  hwloc_info_s* infos = nullptr;
  if (hwloc_cpukinds_get_info(topology, index, cpuset, nullptr, &count, &infos, 0) != 0) return kind;
  for (unsigned i = 0; i < count; ++i) take(infos[i].name, infos[i].value);
#endif
  if (type == "IntelCore") kind.type = CoreType::kPerformance;
  if (type == "IntelAtom") kind.type = CoreType::kEfficiency;
  kind.key = type.empty() ? capacity : type;
  return kind;
}

std::uint32_t cores_within(hwloc_topology_t topology, hwloc_const_bitmap_t cpuset) {
  std::uint32_t cores = 0;
  for (hwloc_obj_t core = nullptr; (core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core)) != nullptr;) {
    if (hwloc_bitmap_intersects(core->cpuset, cpuset)) ++cores;
  }
  return cores;
}

PuKind to_pu_kind(hwloc_topology_t topology, hwloc_const_bitmap_t cpuset, const HwlocKind& from) {
  PuKind kind{.pus = {}, .cores = 0, .base_mhz = from.base_mhz, .max_mhz = from.max_mhz, .type = from.type};
  unsigned pu = 0;
  hwloc_bitmap_foreach_begin(pu, cpuset) kind.pus.push_back(pu);
  hwloc_bitmap_foreach_end();
  kind.cores = cores_within(topology, cpuset);
  return kind;
}

std::vector<PuKind> read_kinds(hwloc_topology_t topology, std::vector<Problem>& problems) {
  const hwloc_const_bitmap_t all = hwloc_topology_get_topology_cpuset(topology);
  const BitmapPointer cpuset(hwloc_bitmap_alloc());
  std::vector<std::pair<HwlocKind, BitmapPointer>> merged;
  const int count = hwloc_cpukinds_get_nr(topology, 0);
  for (int index = 0; index < count; ++index) {
    HwlocKind kind = read_kind(topology, static_cast<unsigned>(index), cpuset.get(), problems);
    hwloc_bitmap_and(cpuset.get(), cpuset.get(), all);
    const auto same = std::find_if(merged.begin(), merged.end(), [&](const auto& other) { return other.first.key == kind.key; });
    if (same == merged.end()) {
      merged.emplace_back(kind, BitmapPointer(hwloc_bitmap_dup(cpuset.get())));
      continue;
    }
    hwloc_bitmap_or(same->second.get(), same->second.get(), cpuset.get());
    same->first.max_mhz = std::max(same->first.max_mhz, kind.max_mhz);
    if (same->first.base_mhz != kind.base_mhz) same->first.base_mhz.reset();
  }
  if (merged.empty()) return {to_pu_kind(topology, all, {})};
  std::vector<PuKind> kinds;
  for (const auto& [kind, pus] : merged) kinds.push_back(to_pu_kind(topology, pus.get(), kind));
  return kinds;
}

/// The NUMA node a device hangs at; absent when it is as near to several.
std::optional<unsigned> numa_of(hwloc_topology_t topology, hwloc_obj_t device) {
  const hwloc_obj_t place = hwloc_get_non_io_ancestor_obj(topology, device);
  if (!place || !place->nodeset || hwloc_bitmap_weight(place->nodeset) != 1) return std::nullopt;
  return static_cast<unsigned>(hwloc_bitmap_first(place->nodeset));
}

std::string pci_address(const hwloc_obj_attr_u::hwloc_pcidev_attr_s& pci) {
  char text[24];
  std::snprintf(text, sizeof text, "%04x:%02x:%02x.%x", static_cast<unsigned>(pci.domain), pci.bus, pci.dev, pci.func);
  return text;
}

std::string serial_of(hwloc_obj_t device) {
  for (hwloc_obj_t child = device->io_first_child; child != nullptr; child = child->next_sibling) {
    if (auto serial = info_text(child, "AMDSerial"); !serial.empty()) return serial;
  }
  return {};
}

PciDevice to_pci_device(hwloc_topology_t topology, hwloc_obj_t object) {
  const auto& pci = object->attr->pcidev;
  return {.address = pci_address(pci),
          .class_code = static_cast<std::uint16_t>(pci.class_id),
          .vendor_id = pci.vendor_id,
          .device_id = pci.device_id,
          .subsystem_vendor_id = pci.subvendor_id,
          .subsystem_device_id = pci.subdevice_id,
          .numa_node = numa_of(topology, object),
          .serial = serial_of(object)};
}

std::vector<PciDevice> read_pci_devices(hwloc_topology_t topology) {
  std::vector<PciDevice> devices;
  for (hwloc_obj_t device = nullptr; (device = hwloc_get_next_pcidev(topology, device)) != nullptr;) {
    devices.push_back(to_pci_device(topology, device));
  }
  std::sort(devices.begin(), devices.end(), [](const PciDevice& a, const PciDevice& b) { return a.address < b.address; });
  return devices;
}

std::optional<OsDevice::Kind> os_device_kind(const hwloc_obj_attr_u::hwloc_osdev_attr_s& attributes) {
#if HWLOC_API_VERSION >= 0x00030000
  if (attributes.types & HWLOC_OBJ_OSDEV_STORAGE) return OsDevice::Kind::kBlock;
  if (attributes.types & HWLOC_OBJ_OSDEV_OPENFABRICS) return OsDevice::Kind::kInfiniband;
  if (attributes.types & HWLOC_OBJ_OSDEV_NETWORK) return OsDevice::Kind::kNetwork;
#else
  if (attributes.type == HWLOC_OBJ_OSDEV_BLOCK) return OsDevice::Kind::kBlock;
  if (attributes.type == HWLOC_OBJ_OSDEV_OPENFABRICS) return OsDevice::Kind::kInfiniband;
  if (attributes.type == HWLOC_OBJ_OSDEV_NETWORK) return OsDevice::Kind::kNetwork;
#endif
  return std::nullopt;
}

std::vector<OsDevice> read_os_devices(hwloc_topology_t topology, std::vector<Problem>& problems) {
  std::vector<OsDevice> devices;
  for (hwloc_obj_t object = nullptr; (object = hwloc_get_next_osdev(topology, object)) != nullptr;) {
    const auto kind = os_device_kind(object->attr->osdev);
    if (!kind || !object->name || *object->name == '\0') continue;
    OsDevice device{.kind = *kind, .name = object->name, .model = info_text(object, "Model"), .type = {}, .bytes = {}, .pci = {}};
    device.type = object->subtype ? object->subtype : "";
    const std::string size = info_text(object, "Size");
    const auto kib = plausible(number_in(size), kMostDiskBytes / 1024, "storage", "Size of " + device.name, problems);
    if (kib && *kib > 0) device.bytes = *kib * 1024;
    if (!size.empty() && !number_in(size)) problems.push_back({"storage", "Size of " + device.name + ": \"" + size + "\" is not a number"});
    hwloc_obj_t parent = object->parent;
    while (parent && parent->type == HWLOC_OBJ_OS_DEVICE) parent = parent->parent;
    if (parent && parent->type == HWLOC_OBJ_PCI_DEVICE) device.pci = to_pci_device(topology, parent);
    devices.push_back(std::move(device));
  }
  return devices;
}

/// What hwloc says of the system as a whole. Of a capture that carries no note of it, hwloc would tell the running machine's.
void read_system(hwloc_topology_t topology, Topology& plain) {
  plain.architecture = machine_info(topology, "Architecture");
  plain.hostname = machine_info(topology, "HostName");
  plain.os = machine_info(topology, "OSName");
  plain.kernel = machine_info(topology, "OSRelease");
}

Topology to_plain(hwloc_topology_t topology) {
  Topology plain;
  plain.system_vendor = machine_info(topology, "DMISysVendor");
  plain.system_product = machine_info(topology, "DMIProductName");
  const hwloc_obj_t package = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0);
  plain.cpu_vendor = info_text(package, "CPUVendor");
  plain.cpu_model = info_text(package, "CPUModel");
  plain.cpu_identity = x86_identity(package);
  plain.packages = count_of(topology, HWLOC_OBJ_PACKAGE);
  plain.dies = count_of(topology, HWLOC_OBJ_DIE);
  plain.cores = count_of(topology, HWLOC_OBJ_CORE);
  plain.pus = count_of(topology, HWLOC_OBJ_PU);
  const int allowed = hwloc_bitmap_weight(hwloc_topology_get_allowed_cpuset(topology));
  if (allowed > 0) plain.pus_allowed = static_cast<std::uint32_t>(allowed);
  plain.caches = read_caches(topology, plain.problems);
  plain.kinds = read_kinds(topology, plain.problems);
  plain.numa_nodes = read_numa_nodes(topology, plain.problems);
  plain.pci_devices = read_pci_devices(topology);
  plain.os_devices = read_os_devices(topology, plain.problems);
  return plain;
}

bool configure(hwloc_topology_t topology, const std::string& xml_file) {
  for (const char* component : {"pci", "x86", "gl", "opencl", "cuda", "nvml", "rsmi", "levelzero"}) {
    hwloc_topology_set_components(topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, component);
  }
  if (!xml_file.empty() && hwloc_topology_set_xml(topology, xml_file.c_str()) != 0) return false;
  return hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) == 0 &&
         hwloc_topology_set_icache_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_ALL) == 0 &&
         hwloc_topology_set_io_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_IMPORTANT) == 0;
}

/// Loads from `root`, or from `xml_file` when it is not empty.
Result<TopologyPointer> open_topology(const std::string& root, const std::string& xml_file) {
  const std::string& source = xml_file.empty() ? root : xml_file;
  if (::access(source.c_str(), R_OK) != 0) return Error{ErrorCode::kAbsent, source + ": not there or not readable"};
  const ScopedVariable quiet("HWLOC_HIDE_ERRORS", "2");
  // Plug-ins would load vendor libraries and libxml2; hwloc's own XML reader is enough for hwloc's own XML.
  const ScopedVariable plugins("HWLOC_PLUGINS_PATH", "/nonexistent");
  std::optional<ScopedVariable> fsroot, other_machine;
  if (!xml_file.empty() || root != "/") {
    if (xml_file.empty()) fsroot.emplace("HWLOC_FSROOT", root);
    other_machine.emplace("HWLOC_THISSYSTEM", "0");
  }
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return Error{ErrorCode::kUnavailable, "hwloc: cannot start"};
  TopologyPointer topology(raw);
  if (!configure(raw, xml_file) || hwloc_topology_load(raw) != 0) {
    return Error{ErrorCode::kMalformed, source + ": hwloc finds no topology in it"};
  }
  return topology;
}

}  // namespace

Result<Topology> load_topology(const std::string& root, const std::string& xml_file) {
  const auto topology = open_topology(root, xml_file);
  if (!topology) return topology.error();
  Topology plain = to_plain(topology->get());
  const bool tells = root == "/" || !xml_file.empty() || ::access((root + "/proc/hwloc-nofile-info").c_str(), R_OK) == 0;
  if (tells) read_system(topology->get(), plain);
  return plain;
}

Result<std::string> export_topology(const std::string& root) {
  const auto topology = open_topology(root, "");
  if (!topology) return topology.error();
  char* text = nullptr;
  int length = 0;
  if (hwloc_topology_export_xmlbuffer(topology->get(), &text, &length, 0) != 0) {
    return Error{ErrorCode::kUnavailable, "hwloc: cannot write the topology"};
  }
  std::string xml(text, length > 0 ? static_cast<std::size_t>(length) - 1 : 0);  // the length counts the final zero
  hwloc_free_xmlbuffer(topology->get(), text);
  return xml;
}

}  // namespace capmap
