#include "agent/probe/core_kinds.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "agent/probe/cpuid_text.hpp"
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

/// A clock in kHz or MHz as MHz; 0 and nonsense are absent.
std::optional<std::uint32_t> read_mhz(const HostRoot& root, const std::string& path, std::uint64_t per_mhz) {
  const auto value = root.read_u64(path);
  if (!value) return std::nullopt;
  const std::uint64_t mhz = *value / per_mhz;
  if (mhz == 0 || mhz > 20'000) return std::nullopt;
  return static_cast<std::uint32_t>(mhz);
}

/// The highest state of the ACPI table is the nominal clock; Intel's tables put "turbo" before it as nominal + 1 MHz.
std::optional<std::uint32_t> acpi_nominal_mhz(const HostRoot& root, unsigned pu) {
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
  if (states.empty() || states[0] < 1000 || states[0] > 20'000'000) return std::nullopt;
  return static_cast<std::uint32_t>(states[0] / 1000);
}

std::optional<std::uint32_t> sysfs_base_mhz(const HostRoot& root, unsigned pu) {
  if (const auto mhz = read_mhz(root, pu_file(pu, "cpufreq/base_frequency"), 1000)) return mhz;
  if (const auto mhz = read_mhz(root, pu_file(pu, "acpi_cppc/nominal_freq"), 1)) return mhz;
  return acpi_nominal_mhz(root, pu);
}

std::optional<BaseClock> base_clock(const HostRoot& root, const PuKind& kind, bool only_kind, const CpuText& text) {
  if (!kind.pus.empty()) {
    if (const auto mhz = sysfs_base_mhz(root, kind.pus.front())) return BaseClock{*mhz, ClockSource::kSysfs};
  }
  // Leaf 0x16 is of the PU we happen to run on: only where all are alike and nobody stands between us and the processor.
  if (root.live() && only_kind && text.guest == false) {
    if (const auto mhz = parse_cpuid(read_cpuid()).base_mhz) return BaseClock{*mhz, ClockSource::kCpuid};
  }
  if (!only_kind) return std::nullopt;
  if (const auto mhz = clock_in_model_name(text.model)) return BaseClock{*mhz, ClockSource::kModelName};
  return std::nullopt;
}

/// The highest of all PUs of the kind: favoured cores go further than others.
std::optional<std::uint32_t> max_clock(const HostRoot& root, const PuKind& kind) {
  std::optional<std::uint32_t> highest;
  for (const unsigned pu : kind.pus) {
    const auto mhz = read_mhz(root, pu_file(pu, "cpufreq/cpuinfo_max_freq"), 1000);
    if (!mhz && !highest) return std::nullopt;  // no cpufreq here at all
    highest = std::max(highest, mhz);
  }
  return highest;
}

/// Takes the cores of least power out of a kind, where each of its cores runs one thread: only then a PU is a core.
PuKind low_power_of(const HostRoot& root, const std::vector<unsigned>& listed, PuKind& kind) {
  PuKind low{.pus = {}, .cores = 0, .base_mhz = {}, .max_mhz = {}, .type = CoreType::kLowPower};
  std::map<unsigned, std::uint32_t> clocks;
  std::uint32_t highest = 0;
  if (listed.empty() && kind.type == CoreType::kEfficiency) {
    for (const unsigned pu : kind.pus) clocks[pu] = read_mhz(root, pu_file(pu, "cpufreq/base_frequency"), 1000).value_or(0);
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

std::vector<PuKind> with_low_power(const HostRoot& root, const std::vector<PuKind>& kinds) {
  if (kinds.size() < 2) return kinds;
  std::vector<unsigned> listed;
  if (const auto line = root.read_line("sys/devices/cpu_lowpower/cpus")) {
    if (auto pus = parse_kernel_list(*line)) listed = std::move(*pus);
  }
  std::vector<PuKind> split;
  for (PuKind kind : kinds) {
    PuKind low = low_power_of(root, listed, kind);
    if (!kind.pus.empty()) split.push_back(std::move(kind));
    if (!low.pus.empty()) split.push_back(std::move(low));
  }
  return split;
}

}  // namespace

std::vector<CoreKind> read_core_kinds(const HostRoot& root, const std::vector<PuKind>& told, const CpuText& text) {
  std::vector<CoreKind> kinds;
  const auto split = with_low_power(root, told);
  for (const auto& from : split) {
    CoreKind kind{.cores = from.cores,
                  .pus = static_cast<std::uint32_t>(from.pus.size()),
                  .base_mhz = {},
                  .base_source = {},
                  .max_mhz = {},
                  .type = from.type};
    if (const auto base = base_clock(root, from, split.size() == 1, text)) {
      kind.base_mhz = base->mhz;
      kind.base_source = base->source;
    }
    kind.max_mhz = max_clock(root, from);
    kinds.push_back(kind);
  }
  return kinds;
}

}  // namespace capmap
