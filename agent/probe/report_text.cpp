#define FMT_HEADER_ONLY
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "agent/probe/cpu_text.hpp"
#include "agent/probe/report.hpp"

namespace capmap {
namespace {

constexpr std::size_t kColumns = 100, kIndent = 14;

/// Writes "label" and words wrapped to the page's width behind it; an empty label continues the one above.
void add(std::string& page, std::string_view label, std::string_view text) {
  std::string line(label);
  line.resize(kIndent, ' ');
  bool empty = true;
  for (const auto word : split_words(text)) {
    if (!empty && line.size() + 1 + word.size() > kColumns) {
      page += line + "\n";
      line.assign(kIndent, ' ');
      empty = true;
    }
    if (!empty) line += ' ';
    line += word;
    empty = false;
  }
  page += line + "\n";
}

template <class T>
std::string or_unknown(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : std::string("?");
}

std::string or_unknown(const std::string& text) {
  return text.empty() ? "unknown" : text;
}

/// Memory in binary units, disks in decimal ones, as both are sold.
std::string memory_text(std::uint64_t bytes) {
  constexpr double kGib = 1024.0 * 1024 * 1024;
  const double gib = static_cast<double>(bytes) / kGib;
  return gib >= 1024 ? fmt::format("{:.2f} TiB", gib / 1024) : fmt::format("{:.1f} GiB", gib);
}

std::string disk_text(std::uint64_t bytes) {
  const double gb = static_cast<double>(bytes) / 1e9;
  return gb >= 1000 ? fmt::format("{:.2f} TB", gb / 1000) : fmt::format("{:.1f} GB", gb);
}

std::string rate_text(std::uint64_t mflops) {
  const double tera = static_cast<double>(mflops) / 1e6;
  return tera >= 1000 ? fmt::format("{:.3f} P", tera / 1000) : fmt::format("{:.3f} T", tera);
}

std::string clock_text(const CoreKind& kind) {
  return fmt::format("base {} MHz, max {} MHz", or_unknown(kind.base_mhz), or_unknown(kind.max_mhz));
}

void add_cpu(std::string& page, const Report& report) {
  const auto& cpu = report.machine.shape.cpu;
  const std::string core = report.microarchitecture ? " (" + *report.microarchitecture + ")" : "";
  add(page, "cpu", fmt::format("{} x {}{}", or_unknown(report.machine.packages_told), or_unknown(cpu.model), core));
  add(page, "",
      fmt::format("{} cores, {} PUs ({} allowed), NUMA nodes: {}", or_unknown(cpu.cores), or_unknown(cpu.pus),
                  or_unknown(report.machine.pus_allowed), or_unknown(cpu.numa_nodes)));
  for (const auto& kind : cpu.core_kinds) {
    const std::string type = kind.type == CoreType::kUnknown ? "" : std::string(" ") + to_word(kind.type);
    const std::string cores = kind.cores > 0 ? std::to_string(kind.cores) : "unknown";
    add(page, "", cpu.core_kinds.size() == 1 ? clock_text(kind) : fmt::format("{}{} cores: {}", cores, type, clock_text(kind)));
  }
  std::string isa;
  for (const auto& word : cpu.isa) isa += word + " ";
  if (!isa.empty()) add(page, "", isa);
}

void add_memory(std::string& page, const Report& report) {
  const auto& total = report.machine.memory_total_bytes;
  add(page, "memory", total ? memory_text(*total) : "unknown");
  std::map<std::string, unsigned> alike;  // "126.0 GiB dram" -> nodes
  for (const auto& node : report.machine.numa_nodes) ++alike[(node.bytes ? memory_text(*node.bytes) : "?") + " " + node.kind];
  std::string nodes;
  for (const auto& [what, count] : alike) nodes += fmt::format("{}{} x {}", nodes.empty() ? "NUMA: " : ", ", count, what);
  if (!nodes.empty()) add(page, "", nodes);
}

/// What is installed of a device according to its driver; nothing where that was not asked.
std::string reading_text(const DeviceReading& reading) {
  std::string text;
  const auto say = [&text](const std::string& what) { text += (text.empty() ? "  " : ", ") + what; };
  if (reading.power_limit_milliwatts) say(fmt::format("power limit {} W", *reading.power_limit_milliwatts / 1'000));
  if (reading.core_max_mhz) say(fmt::format("at most {} MHz", *reading.core_max_mhz));
  if (reading.links) say(fmt::format("{} of {} links up", or_unknown(reading.links_up), *reading.links));
  const auto parts = std::count_if(reading.partitions.begin(), reading.partitions.end(), [](const auto& part) { return !part.die; });
  if (parts > 0) say(fmt::format("cut into {}", parts));
  return text;
}

/// How many there are and how many their drivers show, and these drivers' versions.
std::string counts_text(const Machine& machine) {
  std::string text =
      fmt::format("{} on the PCI bus, {} shown by a driver", machine.accelerators.size(), or_unknown(visible_accelerators(machine)));
  for (const auto& driver : machine.look ? machine.look->drivers : std::vector<DriverLook>()) {
    if (!driver.listed || driver.driver_version.empty()) continue;
    text += fmt::format(", {} {}", driver.name, driver.driver_version);
    if (!driver.cuda_version.empty()) text += " with CUDA " + driver.cuda_version;
  }
  return text;
}

std::string driver_text(const Accelerator& device) {
  if (!device.driver) return "not told";
  return device.driver->empty() ? "none" : *device.driver;
}

void add_accelerators(std::string& page, const Report& report) {
  const char* label = "accelerators";
  for (const auto& device : report.machine.accelerators) {
    add(page, label,
        fmt::format("{}  {} {} {}, driver {}", device.pci_address, to_word(device.shape.kind), device.vendor, or_unknown(device.model),
                    driver_text(device)));
    label = "";
    std::string dies;
    for (const auto& address : device.dies) dies += (dies.empty() ? "  dies " : ", ") + address;
    if (!dies.empty()) add(page, label, dies);
    if (!report.machine.look) continue;
    const auto reading = report.machine.look->readings.find(device.pci_address);
    if (reading == report.machine.look->readings.end()) continue;
    if (const auto text = reading_text(reading->second); !text.empty()) add(page, label, text);
  }
  add(page, label, report.machine.accelerators.empty() ? "none" : counts_text(report.machine));
}

void add_storage(std::string& page, const Report& report) {
  const char* label = "storage";
  for (const auto& disk : report.machine.disks) {
    add(page, label,
        fmt::format("{}  {} {}  {}", disk.name, disk.shape.bytes ? disk_text(*disk.shape.bytes) : "?", to_word(disk.shape.media),
                    disk.shape.model));
    label = "";
  }
  if (report.machine.disks.empty()) add(page, label, "none");
}

void add_file_systems(std::string& page, const Report& report) {
  const char* label = "file systems";
  for (const auto& system : report.machine.file_systems) {
    const auto size = [](const auto& bytes) { return bytes ? disk_text(*bytes) : std::string("?"); };
    add(page, label,
        fmt::format("{}  {} on {}, {} of {} free", system.source, system.type, system.mount, size(system.free_bytes),
                    size(system.size_bytes)));
    label = "";
  }
}

void add_network(std::string& page, const Report& report) {
  const char* label = "network";
  for (const auto& nic : report.machine.nics) {
    add(page, label,
        fmt::format("{}  {} {} Mb/s{}", nic.name, to_word(nic.shape.type), or_unknown(nic.shape.speed_mbps),
                    nic.shape.rdma ? ", RDMA" : ""));
    label = "";
  }
  if (report.machine.nics.empty()) add(page, label, "none");
}

void add_rdma_ports(std::string& page, const Report& report) {
  const char* label = "rdma";
  for (const auto& port : report.machine.rdma_ports) {
    const std::string interface = port.netdev.empty() ? "" : ", interface " + port.netdev;
    add(page, label,
        fmt::format("{}/{}  {} {} Mb/s, {}{}", port.device, port.number, or_unknown(port.link_layer), or_unknown(port.present_mbps),
                    or_unknown(port.state), interface));
    label = "";
  }
}

void add_power_meters(std::string& page, const Report& report) {
  const char* label = "power";
  for (const auto& meter : report.machine.energy.meters) {
    const std::string limit = meter.limit_watts ? fmt::format(", limit {} W", *meter.limit_watts) : "";
    const std::string unreadable = meter.unreadable.empty() ? "" : ", not readable: " + meter.unreadable;
    add(page, label, fmt::format("{}  {}{}{}", meter.name, meter.source, limit, unreadable));
    label = "";
  }
}

void add_peak(std::string& page, const Report& report) {
  if (!report.rating) {
    add(page, "peak", "unknown: no chip table");
    return;
  }
  const PeakMflops total = total_peak(*report.rating);
  std::string rates;
  for (std::size_t p = 0; p < kPrecisionCount; ++p) {
    const bool integer = static_cast<Precision>(p) == Precision::kInt8 || static_cast<Precision>(p) == Precision::kInt4;
    if (total[p])
      rates += fmt::format("{}{} {}{}/s", rates.empty() ? "" : ", ", kPrecisionNames[p], rate_text(*total[p]), integer ? "OP" : "FLOP");
  }
  add(page, "peak", (rates.empty() ? "none rated" : rates) + " (chip table " + report.catalog_version + ")");
  for (const auto& part : report.rating->unrated) {
    add(page, "unrated", fmt::format("{}{}: {}", part.count > 1 ? fmt::format("{} x ", part.count) : "", part.what, part.why));
  }
}

}  // namespace

std::string report_text(const Report& report) {
  const auto& platform = report.machine.platform;
  std::string page;
  add(page, "node", fmt::format("{}, {}", or_unknown(platform.hostname), to_word(report.machine.shape.cpu.architecture)));
  add(page, "system",
      fmt::format("{}, kernel {}, virtualization {}", or_unknown(platform.os), or_unknown(platform.kernel),
                  or_unknown(platform.virtualization)));
  if (!platform.maker.empty() || !platform.product.empty())
    add(page, "machine",
        fmt::format("{}, {}, BIOS {}", or_unknown(platform.maker), or_unknown(platform.product), or_unknown(platform.bios_version)));
  add_cpu(page, report);
  add_memory(page, report);
  add_accelerators(page, report);
  add_storage(page, report);
  add_file_systems(page, report);
  add_network(page, report);
  add_rdma_ports(page, report);
  add_power_meters(page, report);
  add_peak(page, report);
  add(page, "shape", to_text(report.shape_id));
  for (const auto& problem : report.machine.problems) add(page, "problem", problem.probe + ": " + problem.what);
  return page;
}

}  // namespace capmap
