#include "agent/probe/power_meters.hpp"

#include <algorithm>

#include "agent/probe_energy.hpp"

namespace capmap {
namespace {

constexpr const char *kPowercap = "sys/class/powercap", *kHwmon = "sys/class/hwmon";
constexpr std::size_t kMaxMeters = 256, kMaxFolders = 1'024;
constexpr int kMostConstraints = 8;
constexpr std::uint64_t kMicro = 1'000'000, kMaxWatts = 65'535;

/// A limit in whole watts; none where it is 0 or beyond what a server can take, as firmware writes "no limit".
std::optional<std::uint32_t> watts_of(const Result<std::uint64_t>& microwatts) {
  if (!microwatts || *microwatts < kMicro || *microwatts / kMicro > kMaxWatts) return std::nullopt;
  return static_cast<std::uint32_t>(*microwatts / kMicro);
}

std::optional<std::uint32_t> long_term_limit(const HostRoot& root, const std::string& folder) {
  const auto enabled = root.read_u64(folder + "/enabled");
  if (enabled && *enabled == 0) return std::nullopt;
  for (int i = 0; i < kMostConstraints; ++i) {
    const auto constraint = folder + "/constraint_" + std::to_string(i);
    const auto name = root.read_line(constraint + "_name");
    if (!name) break;
    if (*name == "long_term") return watts_of(root.read_u64(constraint + "_power_limit_uw"));
  }
  return std::nullopt;
}

std::string why_not(const HostRoot& root, const std::string& path) {
  const auto read = root.read_u64(path);
  if (read) return "";
  return read.error().code == ErrorCode::kDenied ? "not permitted: " + path + " is for root or a group" : read.error().what;
}

void add_domains(const HostRoot& root, std::vector<PowerMeter>& meters) {
  const auto names = root.list(kPowercap, kMaxFolders);
  for (const auto& folder : names ? *names : std::vector<std::string>{}) {
    if (!folder.starts_with("intel-rapl") || folder.find(':') == std::string::npos || meters.size() == kMaxMeters) continue;
    const auto path = std::string(kPowercap) + "/" + folder;
    const auto name = root.read_line(path + "/name");
    if (!name) continue;
    meters.push_back({.name = *name,
                      .source = "powercap/" + folder,
                      .limit_watts = long_term_limit(root, path),
                      .unreadable = why_not(root, path + "/energy_uj")});
  }
}

/// Two views of one package ("intel-rapl:0", "intel-rapl-mmio:0") limit it together.
void join_views(std::vector<PowerMeter>& meters) {
  const auto is_second = [](const PowerMeter& meter) { return meter.source.starts_with("powercap/intel-rapl-mmio:"); };
  for (const auto& second : meters) {
    if (!is_second(second) || !second.limit_watts) continue;
    for (auto& first : meters) {
      if (is_second(first) || first.name != second.name || !first.name.starts_with("package-")) continue;
      first.limit_watts = std::min(first.limit_watts.value_or(UINT32_MAX), *second.limit_watts);
    }
  }
  std::erase_if(meters, is_second);
}

void add_sensors(const HostRoot& root, std::vector<PowerMeter>& meters) {
  const auto folders = root.list(kHwmon, kMaxFolders);
  for (const auto& folder : folders ? *folders : std::vector<std::string>{}) {
    const auto path = std::string(kHwmon) + "/" + folder;
    const auto name = root.read_line(path + "/name");
    if (!name || !measures_host_power(*name) || meters.size() == kMaxMeters) continue;
    for (const auto* file : {"power1_average", "power1_input"}) {
      if (!root.exists(path + "/" + file)) continue;
      meters.push_back({.name = *name,
                        .source = "hwmon/" + folder + "/" + file,
                        .limit_watts = watts_of(root.read_u64(path + "/power1_cap")),
                        .unreadable = why_not(root, path + "/" + file)});
      break;
    }
  }
}

/// The platform's counter counts: it can be read and does not stand at zero, as firmware leaves it that does not fill it.
bool tells_platform(const HostRoot& root, const PowerMeter& meter) {
  if (!meter.source.starts_with("powercap/intel-rapl:") || meter.name != kPlatformDomain) return false;
  const auto energy_uj = root.read_u64("sys/class/" + meter.source + "/energy_uj");
  return energy_uj && *energy_uj > 0;
}

/// A sensor that stands at zero tells nothing: no server takes nothing.
bool tells(const HostRoot& root, const PowerMeter& meter) {
  const auto microwatts = root.read_u64("sys/class/" + meter.source);
  return meter.unreadable.empty() && microwatts && *microwatts > 0;
}

/// As read_power() chooses: a meter of the whole server; else the platform where its packages are there to hold it against, all packages;
/// else the processors' own sensors.
std::string covered(const HostRoot& root, const std::vector<PowerMeter>& meters) {
  bool packages = false, platform = false, server = false, processors = false, all = true;
  for (const auto& meter : meters) {
    const bool package = meter.source.starts_with("powercap/") && meter.name.starts_with("package-");
    packages |= package;
    all &= !package || meter.unreadable.empty();
    platform |= tells_platform(root, meter);
    if (!meter.source.starts_with("hwmon/") || !tells(root, meter)) continue;
    (meter.name == "power_meter" ? server : processors) = true;
  }
  if (server) return "server";
  if (packages && all) return platform ? "platform" : "cpu_packages";
  return processors ? "processors" : "";
}

}  // namespace

EnergyFacts read_power_meters(const HostRoot& root) {
  EnergyFacts facts;
  add_domains(root, facts.meters);
  join_views(facts.meters);
  add_sensors(root, facts.meters);
  std::ranges::sort(facts.meters, {}, &PowerMeter::source);
  facts.power_covers = covered(root, facts.meters);
  return facts;
}

}  // namespace capmap
