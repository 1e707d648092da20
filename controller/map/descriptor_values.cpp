#include "controller/map/descriptor_values.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "common/region_list.hpp"
#include "controller/map/group_figures.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kBytesPerMib = 1ULL << 20, kBytesPerMb = 1'000'000, kBpsPerMbps = 1'000'000;
constexpr std::initializer_list<Precision> kCpuPeaks = {Precision::kFp64, Precision::kFp32};
constexpr std::initializer_list<Precision> kAcceleratorPeaks = {Precision::kFp64, Precision::kFp32, Precision::kFp16};

std::string of(std::uint64_t some, std::uint64_t all, const std::string& what) {
  return std::to_string(some) + " of " + std::to_string(all) + " " + what;
}

/// Puts the figures of one group; what none of its nodes can tell is unknown, never 0.
class Figures {
 public:
  Figures(DescriptorValues& values, const RollupGroup& group) : values_(values), group_(group) {
    if (group.installed_nodes == 0) {
      nothing_ = "no node reports here";
    } else if (group.hardware_unknown_nodes >= group.installed_nodes) {
      nothing_ = "what its nodes are is not known yet";
    }
    if (group.hardware_unknown_nodes > 0)
      lacking_ = "what " + of(group.hardware_unknown_nodes, group.installed_nodes, "nodes are is not known");
  }

  void put(const char* name, U128 figure, const std::string& incomplete = {}) {
    if (!nothing_.empty()) return put_unknown(name, nothing_);
    auto lacks = lacking_;
    if (!incomplete.empty()) lacks += (lacks.empty() ? "" : "; ") + incomplete;
    values_[name] = {.figure = figure, .incomplete = std::move(lacks)};
  }
  void put_unknown(const char* name, const std::string& why) { values_[name] = {.why = why}; }

  /// Of available nodes, some of which did not say.
  void put_use(const char* name, const Amount& amount, std::uint64_t unit, const char* what) {
    if (group_.available_nodes > 0 && amount.unknown >= group_.available_nodes)
      return put_unknown(name, std::string("no node tells ") + what);
    put(name, amount.value * unit, amount.unknown == 0 ? "" : of(amount.unknown, group_.available_nodes, "nodes do not tell ") + what);
  }

  /// A sum over parts (`of_all`), those with a sourced figure alone; where there is no part it is 0.
  void put_peak(const std::string& name, const RatedPeak& peak, Precision precision, std::uint64_t of_all, const char* what) {
    const auto i = static_cast<std::size_t>(precision);
    const auto offered = std::min(peak.offered[i], of_all);
    if (of_all > 0 && offered == 0) {
      return put_unknown(name.c_str(), std::string("no ") + what + " here has a sourced " + kPrecisionNames[i] + " peak");
    }
    const bool whole = offered == of_all;
    put(name.c_str(), peak.mflops[i],
        whole ? "" : of(of_all - offered, of_all, what) + "s have no sourced " + kPrecisionNames[i] + " peak");
  }

  void put_peaks(const std::string& before, const HardwareSums& sums) {
    for (const auto precision : kCpuPeaks)
      put_peak(peak_name(before + "cpu_", precision), sums.cpu_peak, precision, sums.packages, "processor");
    for (const auto precision : kAcceleratorPeaks) {
      put_peak(peak_name(before + "accelerator_", precision), sums.accelerator_peak, precision, sums.accelerators, "accelerator");
    }
    put_both(before, Precision::kFp64);
  }

  void put_models(const char* name, const std::map<std::string, std::uint64_t>& counts) {
    auto text = descriptor_models(counts);
    if (!nothing_.empty()) return put_unknown(name, nothing_);
    if (text.empty()) return put_unknown(name, "no model is known");
    values_[name] = {.text = std::move(text), .incomplete = lacking_};
  }

 private:
  static std::string peak_name(const std::string& before, Precision precision) {
    return before + "peak_" + kPrecisionNames[static_cast<std::size_t>(precision)] + "_mflops";
  }
  /// CPUs and accelerators together.
  void put_both(const std::string& before, Precision precision) {
    const auto& cpu = values_[peak_name(before + "cpu_", precision)];
    const auto& accelerators = values_[peak_name(before + "accelerator_", precision)];
    auto& both = values_[peak_name(before, precision)];
    if (!cpu.figure && !accelerators.figure) {
      both = cpu;
      return;
    }
    both = {.figure = cpu.figure.value_or(0) + accelerators.figure.value_or(0)};
    for (const auto* part : {&cpu, &accelerators}) {
      const auto& lacks = part->figure ? part->incomplete : part->why;
      if (lacks.empty() || both.incomplete == lacks) continue;
      both.incomplete += (both.incomplete.empty() ? "" : "; ") + lacks;
    }
  }

  DescriptorValues& values_;
  const RollupGroup& group_;
  std::string nothing_;  ///< why no figure is known
  std::string lacking_;  ///< what all figures lack
};

void put_code(DescriptorValues& values, const Site& site, const std::string& name, const std::string& key, const std::string& flag) {
  auto& value = values["codes." + name];
  const auto at = site.codes.find(key);
  if (at != site.codes.end()) value = {.text = at->second};
  if (at == site.codes.end()) value = {.why = "is not declared: capmapctl sites codes " + site.name + " " + flag};
}

}  // namespace

void put_figures(DescriptorValues& values, const RollupGroup& group) {
  Figures figures(values, group);
  figures.put("nodes", group.installed_nodes);
  figures.put("packages", group.packages);
  figures.put("cores", group.cores);
  figures.put("memory_bytes", group.memory_bytes.value,
              group.memory_bytes.unknown == 0 ? "" : of(group.memory_bytes.unknown, group.installed_nodes, "nodes have no known memory"));
  const auto disks = group.storage_bytes.unknown == 0 ? "" : std::to_string(group.storage_bytes.unknown) + " disks have no known size";
  figures.put("storage_bytes", group.storage_bytes.value, disks);
  figures.put("flash_bytes",
              group.storage_bytes_by_media[static_cast<std::size_t>(Media::kNvme)] +
                  group.storage_bytes_by_media[static_cast<std::size_t>(Media::kSsd)],
              disks);
  if (group.nics > 0 && group.nic_speed_unknown >= group.nics) {
    figures.put_unknown("network_bps", "no network port tells its speed");
  } else {
    figures.put("network_bps", group.nic_mbps * kBpsPerMbps,
                group.nic_speed_unknown == 0 ? "" : of(group.nic_speed_unknown, group.nics, "network ports do not tell their speed"));
  }
  figures.put("accelerators", group.accelerators);
  if (group.available_nodes == 0) {
    figures.put_unknown("power_watts", "no available node tells its power");
  } else {
    figures.put_use("power_watts", group.power_watts, 1, "its power");
  }
  figures.put_peaks("", hardware_of(group));
  figures.put("available_nodes", group.available_nodes);
  figures.put("available_packages", group.available.packages);
  figures.put("available_cores", group.available.cores);
  figures.put_peaks("available_", group.available);
  figures.put_use("free_memory_bytes", group.memory_free_mib, kBytesPerMib, "how much memory is free");
  figures.put_use("free_storage_bytes", group.storage_free_mb, kBytesPerMb, "how much storage is free");
  const auto silent = group.accelerators_use_unknown;
  if (silent > 0 && group.accelerators_used + group.accelerators_free == 0) {
    figures.put_unknown("free_accelerators", "no accelerator tells whether it is in use");
  } else {
    figures.put("free_accelerators", group.accelerators_free,
                silent == 0 ? "" : std::to_string(silent) + " accelerators do not tell whether they are in use");
  }
  figures.put_models("models", group.accelerators_by_model);
  figures.put_models("free_models", group.free_by_model);
}

void put_texts(DescriptorValues& values, const Site& site, const Pool* pool, DescriptorEdition edition) {
  values["edition"] = {.text = edition == DescriptorEdition::kTotal ? "K1" : "K2"};
  values["place"] = {.text = pool == nullptr ? to_text(site.id) : to_text(pool->id)};
  if (site.region.size() >= kPrefectureDigits) {
    values["region_4"] = {.text = site.region.substr(0, kPrefectureDigits)};
  } else {
    values["region_4"] = {.why = "its region is not declared down to the prefecture (4 digits)"};
  }
  put_code(values, site, "city", "city", "--city CODE");
  put_code(values, site, "industry", "industry", "--industry CODE");
  put_code(values, site, "organization", "organization", "--organization CODE");
  put_code(values, site, "service_type", "service_type", "--service-type CODE");
  if (pool == nullptr) {
    put_code(values, site, "zone", "zone", "--zone CODE");
  } else {
    put_code(values, site, "zone", kPoolZones + pool->name, "--pool-zone '" + pool->name + "=CODE'");
  }
}

}  // namespace capmap
