#include "controller/http/node_json.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/coarse_rate.hpp"
#include "controller/http/finding_json.hpp"
#include "controller/http/words.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxDevices = 1'024;  ///< of one kind in one answer

/// The word of an enum, null for unknown (value 0) and for what this version does not know.
template <class Enum, std::size_t N>
Json word_or_null(Enum value, const std::array<const char*, N>& names) {
  const auto i = static_cast<std::size_t>(value);
  return i == 0 || i >= N ? Json(nullptr) : Json(names[i]);
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

const HardwareRow* hardware_of(const NodeRow& row, const MapView& view) {
  return row.hardware < view.hardware.size() ? view.hardware[row.hardware].get() : nullptr;
}

Json site_json(const NodeRow& row, const MapView& view) {
  const Site* site = row.site < view.sites.size() ? view.sites[row.site].get() : nullptr;
  if (site == nullptr) return nullptr;
  return {{"id", to_text(site->id)}, {"name", text_or_null(site->name)}, {"region", text_or_null(site->region)}};
}

Json age_json(const NodeRow& row, std::uint64_t now_boot_ms) {
  if (!row.last_heard_boot_ms) return nullptr;
  return now_boot_ms - std::min(now_boot_ms, *row.last_heard_boot_ms);
}

bool in_totals(const NodeRow& row) {
  return row.counted && counts_as_installed(row.counted_service);
}

Json counted_why(const NodeRow& row) {
  if (!row.counted_in) return nullptr;
  if (row.same_machine) return "the same machine as " + to_text(*row.counted_in) + " under another key, as an admin confirmed";
  return "a virtual machine inside " + to_text(*row.counted_in) + ", in whose figures it is";
}

Json pool_json(const NodeRow& row, const MapView& view) {
  const Pool* pool = row.pool < view.pools.size() ? view.pools[row.pool].get() : nullptr;
  if (pool == nullptr) return nullptr;
  return {{"id", to_text(pool->id)}, {"name", text_or_null(pool->name)}};
}

Json labels_json(const std::vector<Label>& labels) {
  Json json = Json::object();
  for (const auto& [key, value] : labels) json[key] = value;
  return json;
}

/// Who and where, the front of both forms.
Json head_json(const NodeRow& row, const MapView& view, std::uint64_t now_boot_ms) {
  return {{"id", to_text(row.id)},
          {"hostname", text_or_null(row.hostname)},
          {"site", site_json(row, view)},
          {"pool", pool_json(row, view)},
          {"liveness", kLivenessNames[static_cast<std::size_t>(row.liveness)]},
          {"service_state", kServiceStateNames[static_cast<std::size_t>(row.service)]},
          {"in_totals", in_totals(row)},
          {"counted_in", row.counted_in ? Json(to_text(*row.counted_in)) : Json(nullptr)},
          {"verdict", kVerdictNames[static_cast<std::size_t>(row.verdict)]},
          {"age_ms", age_json(row, now_boot_ms)},
          {"labels", labels_json(row.labels)}};
}

Json readings_json(const Readings& readings) {
  return {{"cpu_busy_millicores", or_null(readings.cpu_busy_millicores)},
          {"memory_used_mib", or_null(readings.memory_used_mib)},
          {"storage_used_mb", or_null(readings.storage_used_mb)},
          {"storage_read_kbs", or_null(readings.storage_read_kbs)},
          {"storage_write_kbs", or_null(readings.storage_write_kbs)},
          {"network_receive_kbps", or_null(readings.network_receive_kbps)},
          {"network_transmit_kbps", or_null(readings.network_transmit_kbps)},
          {"power_watts", or_null(readings.power_watts)}};
}

Json cpu_json(const HardwareRow& hardware) {
  const CpuShape& cpu = hardware.shape.cpu;
  Json kinds = Json::array();
  for (const auto& kind : cpu.core_kinds) {
    kinds.push_back({{"type", word_or_null(kind.type, kCoreTypeWords)},
                     {"cores", kind.cores},
                     {"pus", kind.pus},
                     {"base_mhz", or_null(kind.base_mhz)},
                     {"base_source", word_or_null(kind.base_source, kClockSourceWords)},
                     {"max_mhz", or_null(kind.max_mhz)}});
  }
  return {{"architecture", word_or_null(cpu.architecture, kArchitectureWords)},
          {"vendor", text_or_null(cpu.vendor)},
          {"model", text_or_null(cpu.model)},
          {"microarchitecture", or_null(hardware.microarchitecture)},
          {"packages", or_null(cpu.packages)},
          {"dies", or_null(cpu.dies)},
          {"cores", or_null(cpu.cores)},
          {"pus", or_null(cpu.pus)},
          {"numa_nodes", or_null(cpu.numa_nodes)},
          {"core_kinds", std::move(kinds)},
          {"isa", cpu.isa}};
}

Json rates_json(const PeakMflops& peak) {
  Json rates = Json::object();
  for (std::size_t i = 0; i < kPrecisionCount; ++i) rates[std::string(kPrecisionNames[i]) + "_mflops"] = or_null(peak[i]);
  return rates;
}

}  // namespace

Json hardware_json(const HardwareRow* hardware) {
  if (hardware == nullptr) return nullptr;
  Json gaps = Json::array();
  for (const auto& gap : hardware->peak.gaps)
    gaps.push_back({{"what", gap.what}, {"count", gap.count}, {"lacks", precision_words(gap.lacks)}});
  Json unrated = Json::array();
  for (const auto& part : hardware->peak.unrated) unrated.push_back({{"what", part.what}, {"why", part.why}, {"count", part.count}});
  return {{"id", to_text(hardware->id)},
          {"cpu", cpu_json(*hardware)},
          {"memory_bytes", or_null(hardware->shape.memory_bytes)},
          {"peak",
           {{"cpu", rates_json(hardware->peak.cpu)},
            {"accelerators", rates_json(hardware->peak.accelerators)},
            {"gaps", std::move(gaps)},
            {"unrated", std::move(unrated)}}}};
}

namespace {

/// One entry a device: a shape's rows, each `count` times; make(row, index of row, index of device).
template <class Row, class Make>
Json devices_json(const std::vector<Row>& rows, Make make) {
  Json list = Json::array();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::uint32_t i = 0; i < rows[r].count && list.size() < kMaxDevices; ++i) list.push_back(make(rows[r], r, list.size()));
  }
  return list;
}

Json name_at(const std::vector<std::string>& names, std::size_t i) {
  return i < names.size() ? text_or_null(names[i]) : Json(nullptr);
}

Json drivers_json(const std::vector<AcceleratorDriver>& drivers) {
  Json list = Json::array();
  for (const auto& driver : drivers) {
    list.push_back({{"name", text_or_null(driver.name)},
                    {"version", text_or_null(driver.version)},
                    {"cuda_version", text_or_null(driver.cuda_version)}});
  }
  return list;
}

std::string pci_id(const AcceleratorShape& shape) {
  std::array<char, 12> text{};
  std::snprintf(text.data(), text.size(), "%04x:%04x", unsigned{shape.vendor_id}, unsigned{shape.device_id});
  return text.data();
}

Json accelerators_json(const NodeRow& row, const HardwareRow& hardware) {
  return devices_json(hardware.shape.accelerators, [&](const AcceleratorShape& shape, std::size_t r, std::size_t device) -> Json {
    const Json address = name_at(row.accelerator_addresses, device);
    const auto& uses = row.usage.accelerators;
    const auto use = std::find_if(uses.begin(), uses.end(), [&](const AcceleratorUse& u) { return address == u.pci_address; });
    const AcceleratorUse known = use == uses.end() ? AcceleratorUse{} : *use;
    const auto& limits = row.accelerator_power_limit_watts;
    return {{"pci_address", address},
            {"name", name_at(hardware.accelerator_names, r)},
            {"driver_name", text_or_null(shape.name)},
            {"kind", word_or_null(shape.kind, kAcceleratorKindWords)},
            {"pci_id", pci_id(shape)},
            {"memory_bytes", or_null(shape.memory_bytes)},
            {"dies", shape.dies},
            {"used", or_null(known.used)},
            {"memory_used_mib", or_null(known.memory_used_mib)},
            {"busy_permille", or_null(known.busy_permille)},
            {"healthy", or_null(known.healthy)},
            {"power_watts", or_null(known.power_watts)},
            {"power_limit_watts", device < limits.size() ? or_null(limits[device]) : Json(nullptr)},
            {"temperature_celsius", or_null(known.temperature_celsius)},
            {"partitions", or_null(known.partitions)}};
  });
}

/// On the PCI bus, and of these how many a driver lists: those whose use it tells, each with what is known. Null: no driver was heard.
/// Null where nobody can say it of any of them.
Json accelerators_used(const NodeRow& row, std::uint64_t accelerators) {
  return row.accelerators_use_unknown < accelerators ? Json(row.devices.used) : Json(nullptr);
}

Json accelerator_counts(const NodeRow& row, const HardwareRow& hardware) {
  std::uint64_t present = 0;
  for (const auto& shape : hardware.shape.accelerators) present += shape.count;
  const auto visible = row.usage.accelerators.size();
  return {{"pci_present", present},
          {"driver_visible", visible > 0 || present == 0 ? Json(visible) : Json(nullptr)},
          {"used", accelerators_used(row, present)}};
}

/// What one device takes in or gives out; null where it is not known.
Json traffic_at(const std::vector<DeviceTraffic>& devices, std::size_t device, std::uint8_t DeviceTraffic::*direction) {
  return or_null(device < devices.size() ? rate_of_coarse(devices[device].*direction) : std::nullopt);
}

Json disks_json(const NodeRow& row, const HardwareRow& hardware) {
  return devices_json(hardware.shape.disks, [&row](const DiskShape& shape, std::size_t, std::size_t device) -> Json {
    return {{"name", name_at(row.disk_names, device)},
            {"media", word_or_null(shape.media, kMediaWords)},
            {"bytes", or_null(shape.bytes)},
            {"model", text_or_null(shape.model)},
            {"read_kbs", traffic_at(row.usage.disk_traffic, device, &DeviceTraffic::out)},
            {"write_kbs", traffic_at(row.usage.disk_traffic, device, &DeviceTraffic::in)}};
  });
}

Json nics_json(const NodeRow& row, const HardwareRow& hardware) {
  return devices_json(hardware.shape.nics, [&row](const NicShape& shape, std::size_t, std::size_t device) -> Json {
    return {{"name", name_at(row.nic_names, device)},
            {"type", word_or_null(shape.type, kNicTypeWords)},
            {"speed_mbps", or_null(shape.speed_mbps)},
            {"rdma", shape.rdma},
            {"receive_kbps", traffic_at(row.usage.nic_traffic, device, &DeviceTraffic::in)},
            {"transmit_kbps", traffic_at(row.usage.nic_traffic, device, &DeviceTraffic::out)}};
  });
}

}  // namespace

Json service_json(const std::optional<ServiceOrder>& order) {
  if (!order) return nullptr;
  const auto time_or_null = [](const std::optional<std::uint64_t>& unix_ms) {
    return unix_ms ? Json(rfc3339_ms(*unix_ms)) : Json(nullptr);
  };
  return {{"state", kServiceStateNames[static_cast<std::size_t>(order->state)]},
          {"from", time_or_null(order->from_unix_ms)},
          {"until", time_or_null(order->until_unix_ms)},
          {"who", text_or_null(order->who)},
          {"reason", text_or_null(order->why)}};
}

Json node_summary(const NodeRow& row, const MapView& view, std::uint64_t now_boot_ms) {
  Json node = head_json(row, view, now_boot_ms);
  const HardwareRow* hardware = hardware_of(row, view);
  const Shape* shape = hardware == nullptr ? nullptr : &hardware->shape;
  std::uint64_t accelerators = 0;
  if (shape != nullptr) {
    for (const auto& accelerator : shape->accelerators) accelerators += accelerator.count;
  }
  node["architecture"] = shape == nullptr ? Json(nullptr) : word_or_null(shape->cpu.architecture, kArchitectureWords);
  node["cpu_model"] = shape == nullptr ? Json(nullptr) : text_or_null(shape->cpu.model);
  node["cores"] = shape == nullptr ? Json(nullptr) : or_null(shape->cpu.cores);
  node["pus"] = shape == nullptr ? Json(nullptr) : or_null(shape->cpu.pus);
  node["memory_bytes"] = shape == nullptr ? Json(nullptr) : or_null(shape->memory_bytes);
  node["accelerators"] = shape == nullptr ? Json(nullptr) : Json(accelerators);
  node["accelerators_used"] = accelerators_used(row, accelerators);
  node["cpu_busy_millicores"] = or_null(row.usage.readings.cpu_busy_millicores);
  node["memory_used_mib"] = or_null(row.usage.readings.memory_used_mib);
  node["agent_version"] = text_or_null(row.agent_version);
  node["problems"] = row.problems.size();
  return node;
}

Json file_systems_json(const std::vector<SharedFileSystem>& systems) {
  Json list = Json::array();
  for (const auto& system : systems) {
    list.push_back({{"source", system.source},
                    {"type", text_or_null(system.type)},
                    {"size_mb", or_null(system.size_mb)},
                    {"used_mb", or_null(system.used_mb)}});
  }
  return list;
}

Json measured_json(const std::optional<Measured>& measured) {
  if (!measured) return nullptr;
  return {{"at", rfc3339_ms(std::min<std::uint64_t>(measured->at_unix_s, UINT32_MAX) * 1'000)},
          {"seconds", measured->seconds},
          {"threads", measured->threads},
          {"fp64_gemm_mflops", or_null(measured->fp64_gemm_mflops)},
          {"fp32_gemm_mflops", or_null(measured->fp32_gemm_mflops)},
          {"memory_mbs", or_null(measured->memory_mbs)},
          {"disk_read_mbs", or_null(measured->disk_read_mbs)},
          {"conditions", measured->conditions}};
}

Json node_detail(const NodeRow& row, const MapView& view, std::uint64_t now_boot_ms) {
  Json node = head_json(row, view, now_boot_ms);
  const HardwareRow* hardware = hardware_of(row, view);
  node["service"] = service_json(row.order);
  node["site_service"] = service_json(row.site_order);
  node["pool_service"] = service_json(row.pool_order);
  node["admin_labels"] = labels_json(row.admin_labels);
  node["returns_within_a_day"] = row.returns_boot_ms.size();
  node["lost_of_last_128"] = row.lost_messages ? row.lost_messages->lost.count() : 0;
  node["counted_why"] = counted_why(row);
  Json guests = Json::array();
  for (const auto& guest : row.guests) guests.push_back(to_text(guest));
  node["guests"] = std::move(guests);
  node["verdict_reasons"] = texts_of(row.findings);
  node["findings"] = findings_json(row.findings);
  node["contradicted_since"] = since_json(row.contradicted_since_boot_ms, view);
  node["interval_ms"] = row.interval_ms;
  node["clock_skew_ms"] = or_null(row.clock_skew_ms);
  node["session"] = row.session;
  node["seq"] = row.seq;
  node["revision"] = row.revision;
  node["agent_version"] = text_or_null(row.agent_version);
  node["os"] = text_or_null(row.os);
  node["kernel"] = text_or_null(row.kernel);
  node["virtualization"] = text_or_null(row.virtualization);
  node["maker"] = text_or_null(row.maker);
  node["product"] = text_or_null(row.product);
  node["memory_total_bytes"] = or_null(row.memory_total_bytes);
  node["pus_allowed"] = or_null(row.pus_allowed);
  node["file_systems_size_mb"] = or_null(row.file_systems_size_mb);
  node["shape_id"] = row.shape_id == ShapeId{} ? Json(nullptr) : Json(to_text(row.shape_id));
  node["hardware"] = hardware_json(hardware);
  node["accelerators"] = hardware == nullptr ? Json(nullptr) : accelerators_json(row, *hardware);
  node["accelerator_counts"] = hardware == nullptr ? Json(nullptr) : accelerator_counts(row, *hardware);
  node["accelerator_drivers"] = drivers_json(row.accelerator_drivers);
  node["disks"] = hardware == nullptr ? Json(nullptr) : disks_json(row, *hardware);
  node["nics"] = hardware == nullptr ? Json(nullptr) : nics_json(row, *hardware);
  node["file_systems"] = file_systems_json(row.usage.file_systems);
  node["measured"] = measured_json(row.measured);
  node["usage"] = readings_json(row.usage.readings);
  node["usage"]["cpu_steal_millicores"] = or_null(row.usage.cpu_steal_millicores);
  node["usage"]["load_1m"] = row.usage.load_centi ? Json(*row.usage.load_centi / 100.0) : Json(nullptr);
  Json problems = Json::array();
  for (const auto& problem : row.problems) problems.push_back({{"probe", problem.probe}, {"what", problem.what}});
  node["problems"] = std::move(problems);
  return node;
}

}  // namespace capmap
