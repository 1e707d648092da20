#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "agent/probe/cpu_text.hpp"
#include "agent/probe/report.hpp"
#include "agent/probe/report_json_parts.hpp"

namespace capmap {

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

std::string pci_id(std::uint16_t vendor, std::uint16_t device) {
  char text[12];
  std::snprintf(text, sizeof text, "%04x:%04x", static_cast<unsigned>(vendor), static_cast<unsigned>(device));
  return text;
}

namespace {

Json node_json(const Report& report) {
  const auto& platform = report.machine.platform;
  return {{"hostname", text_or_null(platform.hostname)},
          {"arch", to_word(report.machine.shape.cpu.architecture)},
          {"os", text_or_null(platform.os)},
          {"kernel", text_or_null(platform.kernel)},
          {"virtualization", text_or_null(platform.virtualization)}};
}

Json cgroup_json(const std::optional<CgroupLimits>& limits) {
  if (!limits) return nullptr;
  return {
      {"cpu_millicores", or_null(limits->cpu_millicores)}, {"pus", or_null(limits->pus)}, {"memory_bytes", or_null(limits->memory_bytes)}};
}

Json platform_json(const Platform& platform) {
  return {{"maker", text_or_null(platform.maker)},
          {"product", text_or_null(platform.product)},
          {"board_maker", text_or_null(platform.board_maker)},
          {"board", text_or_null(platform.board)},
          {"bios_version", text_or_null(platform.bios_version)},
          {"bios_date", text_or_null(platform.bios_date)},
          {"os_name", text_or_null(platform.os_name)},
          {"os_version", text_or_null(platform.os_version)},
          {"kernel", text_or_null(platform.kernel)},
          {"hypervisor", text_or_null(platform.hypervisor)},
          {"container", text_or_null(platform.container)},
          {"cgroup", cgroup_json(platform.cgroup)}};
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
  return {{"type", kind.type == CoreType::kUnknown ? Json(nullptr) : Json(to_word(kind.type))},
          {"cores", kind.cores > 0 ? Json(kind.cores) : Json(nullptr)},
          {"pus", kind.pus},
          {"base_mhz", or_null(kind.base_mhz)},
          {"base_source", source ? Json(source) : Json(nullptr)},
          {"max_mhz", or_null(kind.max_mhz)}};
}

Json cpu_json(const Report& report) {
  const auto& cpu = report.machine.shape.cpu;
  const auto& packages = report.machine.packages_told;
  const auto& caches = report.machine.caches;
  // The first kind has the most cores; on a hybrid machine the others stand in core_kinds.
  const CoreKind first = cpu.core_kinds.empty() ? CoreKind{} : cpu.core_kinds.front();
  Json kinds = Json::array();
  for (const auto& kind : cpu.core_kinds) kinds.push_back(kind_json(kind));
  return {{"vendor", text_or_null(cpu.vendor)},
          {"model", text_or_null(cpu.model)},
          {"microarchitecture", or_null(report.microarchitecture)},
          {"identity", text_or_null(cpu.identity)},
          {"packages", or_null(packages)},
          {"packages_are_sockets", packages ? Json(cpu.packages.has_value()) : Json(nullptr)},
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
  Json kinds = Json::object();
  for (const auto& [kind, bytes] : bytes_by_kind(report.machine.numa_nodes)) kinds[kind] = or_null(bytes);
  const auto& firmware = report.machine.firmware;
  return {{"total_bytes", or_null(report.machine.memory_total_bytes)},
          {"installed_bytes", or_null(firmware ? firmware->installed_bytes() : std::nullopt)},
          {"shape_bytes", or_null(report.machine.shape.memory_bytes)},
          {"bytes_by_kind", kinds},
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

Json file_systems_json(const Report& report) {
  Json rows = Json::array();
  for (const auto& system : report.machine.file_systems) {
    rows.push_back({{"source", system.source},
                    {"type", system.type},
                    {"mount", system.mount},
                    {"size_bytes", or_null(system.size_bytes)},
                    {"free_bytes", or_null(system.free_bytes)},
                    {"remote", system.remote}});
  }
  return rows;
}

Json energy_json(const Report& report) {
  const auto& energy = report.machine.energy;
  Json rows = Json::array();
  for (const auto& meter : energy.meters) {
    rows.push_back({{"name", meter.name},
                    {"source", meter.source},
                    {"limit_watts", or_null(meter.limit_watts)},
                    {"readable", meter.unreadable.empty()},
                    {"why_unreadable", text_or_null(meter.unreadable)}});
  }
  return {{"power_covers", text_or_null(energy.power_covers)}, {"meters", rows}};
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

Json rdma_ports_json(const Report& report) {
  Json rows = Json::array();
  for (const auto& port : report.machine.rdma_ports) {
    rows.push_back({{"device", port.device},
                    {"port", port.number},
                    {"link_layer", text_or_null(port.link_layer)},
                    {"rate_mbps", or_null(port.present_mbps)},
                    {"state", text_or_null(port.state)},
                    {"phys_state", text_or_null(port.phys_state)},
                    {"netdev", text_or_null(port.netdev)}});
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
  const Json json = {{"schema", 1},
                     {"node", node_json(report)},
                     {"platform", platform_json(report.machine.platform)},
                     {"cpu", cpu_json(report)},
                     {"memory", memory_json(report)},
                     {"firmware", firmware_json(report)},
                     {"accelerators", accelerators_json(report.machine)},
                     {"accelerator_counts", accelerator_counts_json(report.machine)},
                     {"accelerator_drivers", accelerator_drivers_json(report.machine)},
                     {"storage", storage_json(report)},
                     {"raids", raids_json(report)},
                     {"file_systems", file_systems_json(report)},
                     {"network", network_json(report)},
                     {"rdma_ports", rdma_ports_json(report)},
                     {"energy", energy_json(report)},
                     {"peak", peak_json(report)},
                     {"shape_id", to_text(report.shape_id)},
                     {"problems", problems}};
  // Device names may hold bytes that are not UTF-8; they are replaced, not thrown at the caller.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace capmap
