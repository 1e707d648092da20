#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "agent/probe/cpu_text.hpp"
#include "agent/probe/report.hpp"

namespace capmap {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

std::string pci_id(std::uint16_t vendor, std::uint16_t device) {
  char text[12];
  std::snprintf(text, sizeof text, "%04x:%04x", static_cast<unsigned>(vendor), static_cast<unsigned>(device));
  return text;
}

Json node_json(const Report& report) {
  const auto& platform = report.machine.platform;
  return {{"hostname", text_or_null(platform.hostname)},
          {"arch", to_word(report.machine.shape.cpu.architecture)},
          {"os", text_or_null(platform.os)},
          {"kernel", text_or_null(platform.kernel)},
          {"virtualization", text_or_null(platform.virtualization)}};
}

const char* source_word(ClockSource source) {
  switch (source) {
    case ClockSource::kSysfs: return "sysfs";
    case ClockSource::kCpuid: return "cpuid";
    case ClockSource::kModelName: return "model_name";
    case ClockSource::kUnknown: break;
  }
  return nullptr;
}

Json kind_json(const CoreKind& kind) {
  const char* source = source_word(kind.base_source);
  return {{"cores", kind.cores},
          {"pus", kind.pus},
          {"base_mhz", or_null(kind.base_mhz)},
          {"base_source", source ? Json(source) : Json(nullptr)},
          {"max_mhz", or_null(kind.max_mhz)}};
}

Json cpu_json(const Report& report) {
  const auto& cpu = report.machine.shape.cpu;
  const auto& caches = report.machine.caches;
  // The first kind has the most cores; on a hybrid machine the others stand in core_kinds.
  const CoreKind first = cpu.core_kinds.empty() ? CoreKind{} : cpu.core_kinds.front();
  Json kinds = Json::array();
  for (const auto& kind : cpu.core_kinds) kinds.push_back(kind_json(kind));
  return {{"vendor", text_or_null(cpu.vendor)},
          {"model", text_or_null(cpu.model)},
          {"microarchitecture", or_null(report.microarchitecture)},
          {"identity", text_or_null(cpu.identity)},
          {"packages", or_null(cpu.packages)},
          {"dies", or_null(cpu.dies)},
          {"cores", or_null(cpu.cores)},
          {"pus", or_null(cpu.pus)},
          {"pus_allowed", or_null(report.machine.pus_allowed)},
          {"pus_offline", or_null(report.machine.pus_offline)},
          {"numa_nodes", or_null(cpu.numa_nodes)},
          {"caches",
           {{"l1d_bytes", or_null(caches.l1d)},
            {"l1i_bytes", or_null(caches.l1i)},
            {"l2_bytes", or_null(caches.l2)},
            {"l3_bytes", or_null(caches.l3)}}},
          {"base_mhz", or_null(first.base_mhz)},
          {"max_mhz", or_null(first.max_mhz)},
          {"core_kinds", kinds},
          {"isa", cpu.isa}};
}

Json memory_json(const Report& report) {
  Json nodes = Json::array();
  for (const auto& node : report.machine.numa_nodes) {
    nodes.push_back({{"node", node.number}, {"bytes", or_null(node.bytes)}, {"kind", node.kind}});
  }
  const auto& firmware = report.machine.firmware;
  return {{"total_bytes", or_null(report.machine.memory_total_bytes)},
          {"installed_bytes", or_null(firmware ? firmware->installed_bytes() : std::nullopt)},
          {"shape_bytes", or_null(report.machine.shape.memory_bytes)},
          {"numa", nodes}};
}

/// Modules that are alike stand together, as "8 of these".
Json modules_json(const std::vector<MemoryModule>& modules) {
  Json rows = Json::array();
  for (const auto& module : modules) {
    Json row = {{"type", text_or_null(module.type)}, {"bytes", or_null(module.bytes)}, {"speed_mts", or_null(module.speed_mts)}};
    const auto same = [&row](const Json& one) {
      return one["type"] == row["type"] && one["bytes"] == row["bytes"] && one["speed_mts"] == row["speed_mts"];
    };
    const auto at = std::find_if(rows.begin(), rows.end(), same);
    if (at != rows.end()) {
      (*at)["count"] = (*at)["count"].get<unsigned>() + 1;
    } else {
      row["count"] = 1;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

Json firmware_json(const Report& report) {
  const auto& firmware = report.machine.firmware;
  if (!firmware) return {{"why_unknown", text_or_null(report.machine.no_firmware)}};
  Json processors = Json::array();
  for (const auto& one : firmware->processors) {
    processors.push_back({{"model", text_or_null(one.model)},
                          {"max_mhz", or_null(one.max_mhz)},
                          {"current_mhz", or_null(one.current_mhz)},
                          {"cores", or_null(one.cores)}});
  }
  return {{"manufacturer", text_or_null(firmware->manufacturer)},
          {"product", text_or_null(firmware->product)},
          {"has_uuid", firmware->has_uuid},
          {"sockets", firmware->sockets},
          {"processors", processors},
          {"memory_slots", firmware->slots},
          {"memory_modules", modules_json(firmware->modules)}};
}

/// Dies of a card that are PCI devices each: what the vendor's own tools list.
Json dies_json(const Accelerator& device) {
  Json rows = Json::array();
  for (const auto& address : device.dies) rows.push_back({{"kind", "die"}, {"pci_address", address}});
  return rows;
}

/// What its driver said of the device; null where nobody asked, or it has not answered.
const DeviceReading* reading_of(const Machine& machine, const Accelerator& device) {
  if (!machine.look) return nullptr;
  const auto at = machine.look->readings.find(device.pci_address);
  return at == machine.look->readings.end() || at->second.pci_id.empty() ? nullptr : &at->second;
}

/// A hash tells one device again and nobody which it is.
Json hashed(const std::string& uuid) {
  if (uuid.empty()) return nullptr;
  constexpr std::size_t kBytes = 16;
  const std::string text = "capmap accelerator " + uuid;
  std::array<unsigned char, kBytes> hash{};
  std::array<char, 2 * kBytes + 1> hex{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  return hex.data();
}

/// What does not move by itself: the rest is in `devices`.
Json installed_json(const DeviceReading& reading) {
  return {{"name", text_or_null(reading.name)},
          {"uuid_hash", hashed(reading.uuid)},
          {"memory_bytes", or_null(reading.memory_total_bytes)},
          {"power_limit_milliwatts", or_null(reading.power_limit_milliwatts)},
          {"power_limit_min_milliwatts", or_null(reading.power_limit_min_milliwatts)},
          {"power_limit_max_milliwatts", or_null(reading.power_limit_max_milliwatts)},
          {"power_limit_default_milliwatts", or_null(reading.power_limit_default_milliwatts)},
          {"core_max_mhz", or_null(reading.core_max_mhz)},
          {"memory_max_mhz", or_null(reading.memory_max_mhz)},
          {"ecc", or_null(reading.ecc)},
          {"links", or_null(reading.links)},
          {"links_up", or_null(reading.links_up)},
          {"link_mbs", or_null(reading.link_mbs)},
          {"cut", or_null(reading.cut)}};
}

/// What the device is cut into, behind its dies. A MIG instance is told by profile and place, which it keeps when it is made anew.
void add_partitions(const DeviceReading& reading, Json& rows) {
  for (const auto& part : reading.partitions) {
    if (part.die) continue;
    rows.push_back({{"kind", "partition"},
                    {"name", text_or_null(part.name)},
                    {"pci_address", text_or_null(part.pci_address)},
                    {"memory_bytes", or_null(part.memory_total_bytes)},
                    {"instance_id", or_null(part.instance_id)},
                    {"profile_id", or_null(part.profile_id)},
                    {"place_start", or_null(part.place_start)},
                    {"place_size", or_null(part.place_size)}});
  }
}

Json accelerators_json(const Report& report) {
  Json rows = Json::array();
  for (const auto& device : report.machine.accelerators) {
    rows.push_back({{"kind", to_word(device.shape.kind)},
                    {"vendor", device.vendor},
                    {"model", text_or_null(device.model)},
                    {"pci_address", device.pci_address},
                    {"pci_id", pci_id(device.shape.vendor_id, device.shape.device_id)},
                    {"memory_bytes", or_null(device.shape.memory_bytes)},
                    {"numa_node", or_null(device.numa_node)},
                    {"driver", text_or_null(device.driver.value_or(""))},
                    {"driver_visible", or_null(driver_visible(report.machine, device))},
                    {"partitions", dies_json(device)}});
    const auto* reading = reading_of(report.machine, device);
    if (reading == nullptr) continue;
    rows.back()["device"] = installed_json(*reading);
    add_partitions(*reading, rows.back()["partitions"]);
  }
  return rows;
}

Json accelerator_drivers_json(const Machine& machine) {
  Json rows = Json::array();
  for (const auto& driver : machine.look ? machine.look->drivers : std::vector<DriverLook>()) {
    if (!driver.listed) continue;
    rows.push_back({{"name", driver.name},
                    {"driver_version", text_or_null(driver.driver_version)},
                    {"cuda_version", text_or_null(driver.cuda_version)}});
  }
  return rows;
}

Json storage_json(const Report& report) {
  Json rows = Json::array();
  for (const auto& disk : report.machine.disks) {
    rows.push_back({{"name", disk.name},
                    {"media", to_word(disk.shape.media)},
                    {"bytes", or_null(disk.shape.bytes)},
                    {"model", text_or_null(disk.shape.model)}});
    if (disk.health == DiskHealth{}) continue;  // most kernels tell nothing: no row of nulls for each disk
    rows.back()["health"] = {{"state", text_or_null(disk.health.state)},
                             {"wear_percent", or_null(disk.health.wear_percent)},
                             {"reserve", text_or_null(disk.health.reserve)}};
  }
  return rows;
}

Json raids_json(const Report& report) {
  Json rows = Json::array();
  for (const auto& raid : report.machine.raids) {
    rows.push_back({{"name", raid.name}, {"level", raid.level}, {"disks", or_null(raid.disks)}, {"degraded", or_null(raid.degraded)}});
  }
  return rows;
}

Json network_json(const Report& report) {
  Json rows = Json::array();
  for (const auto& nic : report.machine.nics) {
    const bool known = nic.shape.vendor_id != 0;
    rows.push_back({{"name", nic.name},
                    {"type", to_word(nic.shape.type)},
                    {"speed_mbps", or_null(nic.shape.speed_mbps)},
                    {"rdma", nic.shape.rdma},
                    {"link", or_null(nic.link)},
                    {"driver", text_or_null(nic.driver)},
                    {"pci_id", known ? Json(pci_id(nic.shape.vendor_id, nic.shape.device_id)) : Json(nullptr)}});
  }
  return rows;
}

Json peak_json(const Report& report) {
  const PeakMflops total = report.rating ? total_peak(*report.rating) : PeakMflops{};
  Json peak = Json::object();
  for (std::size_t p = 0; p < kPrecisionCount; ++p) peak[std::string(kPrecisionNames[p]) + "_mflops"] = or_null(total[p]);
  peak["catalog"] = text_or_null(report.catalog_version);
  Json unrated = Json::array(), gaps = Json::array();
  if (report.rating) {
    for (const auto& gap : report.rating->gaps) {
      gaps.push_back({{"what", gap.what}, {"count", gap.count}, {"lacks", precision_words(gap.lacks)}});
    }
    for (const auto& part : report.rating->unrated) unrated.push_back({{"what", part.what}, {"why", part.why}, {"count", part.count}});
  }
  peak["unrated"] = unrated;
  peak["gaps"] = gaps;
  return peak;
}

}  // namespace

std::string report_json(const Report& report) {
  Json problems = Json::array();
  for (const auto& problem : report.machine.problems) problems.push_back({{"probe", problem.probe}, {"what", problem.what}});
  const Json json = {
      {"schema", 1},
      {"node", node_json(report)},
      {"cpu", cpu_json(report)},
      {"memory", memory_json(report)},
      {"firmware", firmware_json(report)},
      {"accelerators", accelerators_json(report)},
      {"accelerator_counts",
       {{"pci_present", report.machine.accelerators.size()}, {"driver_visible", or_null(visible_accelerators(report.machine))}}},
      {"accelerator_drivers", accelerator_drivers_json(report.machine)},
      {"storage", storage_json(report)},
      {"raids", raids_json(report)},
      {"network", network_json(report)},
      {"peak", peak_json(report)},
      {"shape_id", to_text(report.shape_id)},
      {"problems", problems}};
  // Device names may hold bytes that are not UTF-8; they are replaced, not thrown at the caller.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace capmap
