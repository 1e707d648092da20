// The part of a report in JSON that tells of accelerators.
#include <sodium.h>

#include <array>
#include <nlohmann/json.hpp>

#include "agent/probe/report.hpp"
#include "agent/probe/report_json_parts.hpp"

namespace capmap {
namespace {

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

}  // namespace

Json accelerators_json(const Machine& machine) {
  Json rows = Json::array();
  for (const auto& device : machine.accelerators) {
    rows.push_back({{"kind", to_word(device.shape.kind)},
                    {"vendor", device.vendor},
                    {"model", text_or_null(device.model)},
                    {"pci_address", device.pci_address},
                    {"pci_id", pci_id(device.shape.vendor_id, device.shape.device_id)},
                    {"memory_bytes", or_null(device.shape.memory_bytes)},
                    {"numa_node", or_null(device.numa_node)},
                    {"driver", text_or_null(device.driver.value_or(""))},
                    {"driver_visible", or_null(driver_visible(machine, device))},
                    {"partitions", dies_json(device)}});
    const auto* reading = reading_of(machine, device);
    if (reading == nullptr) continue;
    rows.back()["device"] = installed_json(*reading);
    add_partitions(*reading, rows.back()["partitions"]);
  }
  return rows;
}

Json accelerator_counts_json(const Machine& machine) {
  return {{"pci_present", machine.accelerators.size()}, {"driver_visible", or_null(visible_accelerators(machine))}};
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

}  // namespace capmap
