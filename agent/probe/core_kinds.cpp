#include "agent/probe/core_kinds.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "agent/probe/cpuid_text.hpp"
#include "agent/probe/plausible.hpp"
#include "agent/probe/words.hpp"

namespace capmap {
namespace {

struct BaseClock {
  std::uint32_t mhz = 0;
  ClockSource source = ClockSource::kUnknown;
};

std::string pu_file(unsigned pu, const char* name) {
  return "sys/devices/system/cpu/cpu" + std::to_string(pu) + "/" + name;
}

/// A clock in kHz or MHz as MHz; 0 is absent, nonsense too and makes a problem line.
std::optional<std::uint32_t> read_mhz(const HostRoot& root, const std::string& path, std::uint64_t per_mhz,
                                      std::vector<Problem>& problems) {
  const auto value = plausible_in(root, path, kMostMhz * per_mhz, "cpu", problems);
  if (!value || *value < per_mhz) return std::nullopt;
  return static_cast<std::uint32_t>(*value / per_mhz);
}

/// The highest state of the ACPI table is the nominal clock; Intel's tables put "turbo" before it as nominal + 1 MHz.
std::optional<std::uint32_t> acpi_nominal_mhz(const HostRoot& root, unsigned pu, std::vector<Problem>& problems) {
  const auto driver = root.read_line(pu_file(pu, "cpufreq/scaling_driver"));
  if (!driver || *driver != "acpi-cpufreq") return std::nullopt;
  const auto table = root.read_line(pu_file(pu, "cpufreq/scaling_available_frequencies"));
  if (!table) return std::nullopt;
  std::vector<std::uint64_t> states;
  for (const auto word : split_words(*table)) {
    if (const auto khz = number_in(word)) states.push_back(*khz);
  }
  std::sort(states.rbegin(), states.rend());
  if (states.size() > 1 && states[0] == states[1] + 1000) states.erase(states.begin());
  if (states.empty() || states[0] < 1000) return std::nullopt;
  const auto khz = plausible(states[0], kMostMhz * 1000, "cpu", pu_file(pu, "cpufreq/scaling_available_frequencies"), problems);
  return khz ? std::optional(static_cast<std::uint32_t>(*khz / 1000)) : std::nullopt;
}

std::optional<std::uint32_t> sysfs_base_mhz(const HostRoot& root, unsigned pu, std::vector<Problem>& problems) {
  if (const auto mhz = read_mhz(root, pu_file(pu, "cpufreq/base_frequency"), 1000, problems)) return mhz;
  if (const auto mhz = read_mhz(root, pu_file(pu, "acpi_cppc/nominal_freq"), 1, problems)) return mhz;
  return acpi_nominal_mhz(root, pu, problems);
}

std::optional<BaseClock> base_clock(const HostRoot& root, const PuKind& kind, bool only_kind, const CpuText& text,
                                    std::vector<Problem>& problems) {
  if (!kind.pus.empty()) {
    if (const auto mhz = sysfs_base_mhz(root, kind.pus.front(), problems)) return BaseClock{*mhz, ClockSource::kSysfs};
  }
  // Leaf 0x16 is of the PU we happen to run on: only where all are alike and nobody stands between us and the processor.
  if (root.live() && only_kind && text.guest == false) {
    if (const auto mhz = parse_cpuid(read_cpuid()).base_mhz) return BaseClock{*mhz, ClockSource::kCpuid};
  }
  if (!only_kind) return std::nullopt;
  if (const auto mhz = clock_in_model_name(text.model)) return BaseClock{*mhz, ClockSource::kModelName};
  return std::nullopt;
}

/// The highest of all PUs of the kind: favoured cores go further than others. Nonsense is told of the first PU only.
std::optional<std::uint32_t> max_clock(const HostRoot& root, const PuKind& kind, std::vector<Problem>& problems) {
  std::optional<std::uint32_t> highest;
  std::vector<Problem> nonsense;
  for (const unsigned pu : kind.pus) {
    const auto mhz = read_mhz(root, pu_file(pu, "cpufreq/cpuinfo_max_freq"), 1000, nonsense);
    if (!mhz && !highest) break;  // no cpufreq here at all
    highest = std::max(highest, mhz);
  }
  if (!nonsense.empty()) problems.push_back(nonsense.front());
  return highest;
}

/// Takes the cores of least power out of a kind, where each of its cores runs one thread: only then a PU is a core.
PuKind low_power_of(const HostRoot& root, const std::vector<unsigned>& listed, PuKind& kind, std::vector<Problem>& problems) {
  PuKind low{.pus = {}, .cores = 0, .base_mhz = {}, .max_mhz = {}, .type = CoreType::kLowPower};
  std::map<unsigned, std::uint32_t> clocks;
  std::uint32_t highest = 0;
  if (listed.empty() && kind.type == CoreType::kEfficiency) {
    for (const unsigned pu : kind.pus) clocks[pu] = read_mhz(root, pu_file(pu, "cpufreq/base_frequency"), 1000, problems).value_or(0);
    for (const auto& [pu, mhz] : clocks) highest = std::max(highest, mhz);
  }
  const auto is_low = [&](unsigned pu) {
    const auto clock = clocks.find(pu);
    return clock == clocks.end() ? std::find(listed.begin(), listed.end(), pu) != listed.end()
                                 : clock->second > 0 && clock->second < highest;
  };
  if (kind.cores != kind.pus.size()) return low;
  std::copy_if(kind.pus.begin(), kind.pus.end(), std::back_inserter(low.pus), is_low);
  std::erase_if(kind.pus, is_low);
  low.cores = static_cast<std::uint32_t>(low.pus.size());
  kind.cores -= low.cores;
  return low;
}

std::vector<PuKind> with_low_power(const HostRoot& root, const std::vector<PuKind>& kinds, std::vector<Problem>& problems) {
  if (kinds.size() < 2) return kinds;
  std::vector<unsigned> listed;
  if (const auto line = root.read_line("sys/devices/cpu_lowpower/cpus")) {
    if (auto pus = parse_kernel_list(*line)) listed = std::move(*pus);
  }
  std::vector<PuKind> split;
  for (PuKind kind : kinds) {
    PuKind low = low_power_of(root, listed, kind, problems);
    if (!kind.pus.empty()) split.push_back(std::move(kind));
    if (!low.pus.empty()) split.push_back(std::move(low));
  }
  return split;
}

}  // namespace

std::vector<CoreKind> read_core_kinds(const HostRoot& root, const std::vector<PuKind>& told, const CpuText& text,
                                      std::vector<Problem>& problems) {
  std::vector<CoreKind> kinds;
  const auto split = with_low_power(root, told, problems);
  for (const auto& from : split) {
    CoreKind kind{.cores = from.cores,
                  .pus = static_cast<std::uint32_t>(from.pus.size()),
                  .base_mhz = {},
                  .base_source = {},
                  .max_mhz = {},
                  .type = from.type};
    if (const auto base = base_clock(root, from, split.size() == 1, text, problems)) {
      kind.base_mhz = base->mhz;
      kind.base_source = base->source;
    }
    kind.max_mhz = max_clock(root, from, problems);
    kinds.push_back(kind);
  }
  return kinds;
}

}  // namespace capmap
