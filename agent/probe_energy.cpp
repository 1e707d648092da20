#include "agent/probe_energy.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/fields.hpp"

namespace capmap {
namespace {

constexpr const char* kPowercap = "sys/class/powercap";
constexpr const char* kHwmon = "sys/class/hwmon";
constexpr std::size_t kMaxSensors = 64;
constexpr std::uint64_t kMaxWatts = 65'535;
constexpr std::uint64_t kMicro = 1'000'000;
/// hwmon chips that measure processors; other chips' sensors (drives, cards) are parts of a server nobody can add up to it.
constexpr std::string_view kServerChip = "power_meter";
constexpr std::array<std::string_view, 2> kProcessorChips = {"fam15h_power", "xgene_hwmon"};

/// "intel-rapl:0", not its parts ("intel-rapl:0:0") and not the second view of the same package ("intel-rapl-mmio:0").
bool is_domain(std::string_view name) {
  constexpr std::string_view kPrefix = "intel-rapl:";
  return name.starts_with(kPrefix) && to_number(name.substr(kPrefix.size())).has_value();
}

void find_domains(const HostRoot& root, EnergyMemory& memory) {
  const auto names = root.list(kPowercap);
  if (!names) return;
  for (const auto& name : *names) {
    if (!is_domain(name) || memory.domains.size() == kMaxSensors) continue;
    const auto folder = std::string(kPowercap) + "/" + name;
    const auto what = root.read_line(folder + "/name");
    if (!what || (*what != kPlatformDomain && !what->starts_with("package-"))) continue;
    const auto range = root.read_u64(folder + "/max_energy_range_uj");
    if (*what == kPlatformDomain) {
      memory.platform.emplace(folder, range ? *range : 0);
    } else {
      memory.domains.emplace_back(folder, range ? *range : 0);
    }
  }
  if (memory.domains.empty()) memory.platform.reset();  // nothing to hold it against
}

/// Sensors of the chips with this name.
void add_sensors(const HostRoot& root, const std::vector<std::string>& folders, std::string_view chip, EnergyMemory& memory) {
  for (const auto& name : folders) {
    const auto folder = std::string(kHwmon) + "/" + name;
    const auto of = root.read_line(folder + "/name");
    if (!of || *of != chip || memory.sensors.size() == kMaxSensors) continue;
    for (const auto* file : {"/power1_average", "/power1_input"}) {
      if (!root.exists(folder + file)) continue;
      memory.sensors.emplace_back(folder + file);
      break;
    }
  }
}

/// The best source that is there and was not passed over.
void choose(const HostRoot& root, EnergyMemory& memory) {
  const auto open = [&memory](PowerSource source) {
    memory.source = source;
    return (memory.passed_over & source) == 0;
  };
  const auto folders = root.list(kHwmon, 1'024);
  if (folders && open(kServerMeter)) add_sensors(root, *folders, kServerChip, memory);
  if (memory.sensors.empty() && open(kPackageCounters)) find_domains(root, memory);
  if (!folders || !memory.sensors.empty() || !memory.domains.empty() || !open(kProcessorSensors)) return;
  for (const auto chip : kProcessorChips) add_sensors(root, *folders, chip, memory);
}

bool has_source(const EnergyMemory& memory) {
  return !memory.domains.empty() || !memory.sensors.empty();
}

void look(const HostRoot& root, EnergyMemory& memory) {
  const bool retry = memory.passed_over != 0 && memory.ticks % kPowerRetryEvery == 0;
  memory.failed.reset();
  if (has_source(memory) && !retry) return;
  memory.domains.clear();
  memory.platform.reset();
  memory.sensors.clear();
  memory.passed_over = 0;
  choose(root, memory);
}

Error give_up(EnergyMemory& memory, const Error& error) {
  memory.domains.clear();
  memory.platform.reset();
  memory.sensors.clear();
  memory.passed_over = static_cast<std::uint8_t>(memory.passed_over | memory.source);
  return error;
}

template <class Source>
Result<std::uint64_t> read_counter(const HostRoot& root, Source& source) {
  const auto text = source.file.read(root);
  if (!text) return text.error();
  return parse_counter(*text, source.path);
}

/// What a domain's counter grew by since the last tick; empty where it cannot tell.
Result<std::optional<std::uint64_t>> read_growth(const HostRoot& root, EnergyDomain& domain, std::uint64_t elapsed_ms,
                                                 std::uint64_t most_watts) {
  const auto now_uj = read_counter(root, domain);
  if (!now_uj) return now_uj.error();
  const auto before_uj = std::exchange(domain.before_uj, *now_uj);
  if (!before_uj) return std::optional<std::uint64_t>();
  return energy_growth(*before_uj, *now_uj, domain.range_uj, elapsed_ms, most_watts);
}

/// What the whole platform took; 0 where its counter does not tell, or tells what no server takes. It costs the packages nothing.
std::uint64_t read_platform(const HostRoot& root, EnergyMemory& memory, std::uint64_t elapsed_ms) {
  if (!memory.platform) return 0;
  const auto grown = read_growth(root, *memory.platform, elapsed_ms, kMostPlatformWatts);
  if (!grown) memory.platform->before_uj.reset();
  const auto grown_uj = grown ? grown->value_or(0) : 0;
  return elapsed_ms == 0 || grown_uj / elapsed_ms > kMostPlatformWatts * 1'000 ? 0 : grown_uj;
}

Result<std::optional<std::uint32_t>> read_domains(const HostRoot& root, EnergyMemory& memory, std::uint64_t now_ms) {
  const auto elapsed_ms = now_ms - memory.before_ms;
  memory.before_ms = now_ms;
  std::uint64_t grown = 0;
  bool known = true;
  for (auto& domain : memory.domains) {
    const auto of_domain = read_growth(root, domain, elapsed_ms, kMostPackageWatts);
    if (!of_domain) return give_up(memory, of_domain.error());
    known = known && *of_domain;
    grown += std::min(of_domain->value_or(0), std::uint64_t{1} << 50U);
  }
  const auto of_platform = read_platform(root, memory, elapsed_ms);
  if (!known) return std::optional<std::uint32_t>();
  return mean_watts(std::max(grown, of_platform), elapsed_ms);  // some firmware fills psys with zeros or with a part
}

Result<std::optional<std::uint32_t>> read_sensors(const HostRoot& root, EnergyMemory& memory) {
  std::uint64_t watts = 0;
  for (auto& sensor : memory.sensors) {
    const auto microwatts = read_counter(root, sensor);
    if (!microwatts) return give_up(memory, microwatts.error());
    if (*microwatts == 0 || *microwatts / kMicro > kMaxWatts) {
      return give_up(memory, {ErrorCode::kMalformed, sensor.path + ": " + std::to_string(*microwatts) + " microwatts are not credible"});
    }
    watts += (*microwatts + kMicro / 2) / kMicro;
  }
  if (watts > kMaxWatts) return std::optional<std::uint32_t>();
  return std::optional<std::uint32_t>(static_cast<std::uint32_t>(watts));
}

}  // namespace

bool measures_host_power(std::string_view chip) {
  return chip == kServerChip || std::ranges::find(kProcessorChips, chip) != kProcessorChips.end();
}

Result<std::uint64_t> parse_counter(std::string_view text, const std::string& path) {
  const auto number = to_number(take_line(text));
  if (!number || !text.empty()) return Error{ErrorCode::kMalformed, path + ": not one number"};
  return *number;
}

std::optional<std::uint64_t> energy_growth(std::uint64_t before_uj, std::uint64_t after_uj, std::uint64_t range_uj,
                                           std::uint64_t elapsed_ms, std::uint64_t most_watts) {
  const auto most_uj_per_ms = most_watts * 1'000;
  if (range_uj != 0 && (before_uj > range_uj || after_uj > range_uj || elapsed_ms > range_uj / most_uj_per_ms)) return std::nullopt;
  if (after_uj > before_uj) return after_uj - before_uj;
  if (after_uj == before_uj || range_uj == 0) return std::nullopt;
  const auto grown = range_uj - before_uj + after_uj;
  return grown == 0 ? std::nullopt : std::optional(grown);  // from the end to the beginning: it stood still
}

std::optional<std::uint32_t> mean_watts(std::uint64_t grown_uj, std::uint64_t elapsed_ms) {
  if (elapsed_ms == 0) return std::nullopt;
  const auto milliwatts = grown_uj / elapsed_ms;  // microjoules a millisecond
  if (milliwatts / 1'000 >= kMaxWatts) return std::nullopt;
  return static_cast<std::uint32_t>((milliwatts + 500) / 1'000);
}

Result<std::optional<std::uint32_t>> read_power(const HostRoot& root, EnergyMemory& memory, std::uint64_t now_ms) {
  if (memory.ticks % kPowerLookEvery == 0) look(root, memory);
  ++memory.ticks;
  if (memory.failed) return *memory.failed;
  std::optional<Error> first;
  while (has_source(memory)) {
    auto power = memory.domains.empty() ? read_sensors(root, memory) : read_domains(root, memory, now_ms);
    if (power) return power;
    if (!first) first = power.error();
    choose(root, memory);
  }
  if (!first) return std::optional<std::uint32_t>();
  memory.failed = first;
  return *first;
}

}  // namespace capmap
