#include "controller/http/group_metrics.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "controller/http/words.hpp"

namespace capmap {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

constexpr double kMib = 1'048'576, kMb = 1e6, kBytesOfKilobit = 125;

/// Collects gauges of one group.
class Gauges {
 public:
  Gauges(std::string prefix, const RollupGroup& group) : prefix_(std::move(prefix)), group_(group) {}

  template <class Number>
  void add(const char* name, const char* help, Number value, Labels labels = {}) {
    out.push_back({prefix_ + name, help, Metric::Kind::kGauge, std::move(labels), static_cast<double>(value)});
  }
  /// A sum of what nodes told, in units of `scale`; left out where none did.
  void add_use(const char* name, const char* help, const Amount& amount, double scale) {
    if (use_known(group_, amount)) add(name, help, static_cast<double>(amount.value) * scale);
  }
  /// By model, those that are not kept together.
  void add_models(const char* name, const char* help, const std::map<std::string, std::uint64_t>& counts,
                  const std::set<std::string>& models) {
    std::uint64_t other = 0;
    for (const auto& [model, count] : counts) {
      if (!models.contains(model)) {
        other += count;
      } else {
        add(name, help, count, {{"model", model}});
      }
    }
    if (other > 0) add(name, help, other, {{"model", kOtherWord}});
  }

  Metrics out;

 private:
  std::string prefix_;
  const RollupGroup& group_;
};

void add_nodes(Gauges& gauges, const RollupGroup& group) {
  for (std::size_t i = 0; i < kLivenessCount; ++i) {
    gauges.add("nodes", "Installed nodes by liveness.", group.nodes_by_liveness[i], {{"liveness", kLivenessNames[i]}});
  }
  gauges.add("installed_nodes", "Nodes neither retired nor quarantined nor counted elsewhere.", group.installed_nodes);
  gauges.add("available_nodes", "Healthy nodes that are fresh and in service.", group.available_nodes);
}

void add_cpu(Gauges& gauges, const RollupGroup& group) {
  gauges.add("installed_cpu_packages", "CPU packages installed.", group.packages);
  gauges.add("installed_cpu_pus", "Processing units (hardware threads) installed.", group.pus);
  gauges.add("healthy_cpu_cores", "CPU cores of healthy nodes.", group.healthy.cores);
  gauges.add("available_cpu_cores", "CPU cores of available nodes.", group.available.cores);
  gauges.add("unrated_cpu_packages", "CPU packages without a nominal peak: in no peak figure.", group.unrated_packages);
}

void add_use(Gauges& gauges, const RollupGroup& group) {
  gauges.add("installed_cpu_cores", "CPU cores installed.", group.cores);
  gauges.add_use("cpu_busy_cores", "Busy processing units of available nodes that told.", group.cpu_busy_millicores, 1e-3);
  gauges.add_use("cpu_free_cores", "Free processing units of available nodes that told.", group.cpu_free_millicores, 1e-3);
  gauges.add("cpu_use_unknown_nodes", "Available nodes that did not tell their CPU use.", group.cpu_busy_millicores.unknown);
  gauges.add("installed_memory_bytes", "Memory installed.", group.memory_bytes.value);
  gauges.add("memory_unknown_nodes", "Nodes whose memory size is not known.", group.memory_bytes.unknown);
  gauges.add_use("memory_used_bytes", "Memory in use on available nodes that told.", group.memory_used_mib, kMib);
  gauges.add_use("memory_free_bytes", "Memory free on available nodes that told.", group.memory_free_mib, kMib);
  gauges.add("memory_use_unknown_nodes", "Available nodes that did not tell their memory use.", group.memory_used_mib.unknown);
  gauges.add_use("storage_used_bytes", "Storage in use on available nodes that told.", group.storage_used_mb, kMb);
  gauges.add_use("storage_free_bytes", "Storage free on available nodes that told.", group.storage_free_mb, kMb);
  gauges.add("storage_use_unknown_nodes", "Available nodes that did not tell their use of storage.",
             std::max(group.storage_used_mb.unknown, group.storage_free_mb.unknown));
  gauges.add_use("power_watts", "Power of available nodes that told.", group.power_watts, 1);
  gauges.add("power_unknown_nodes", "Available nodes that did not tell their power.", group.power_watts.unknown);
  if (accelerator_use_known(group)) {
    gauges.add("accelerators_used", "Accelerators in use on available nodes.", group.accelerators_used);
    gauges.add("accelerators_free", "Accelerators free on available nodes.", group.accelerators_free);
  }
  gauges.add("accelerators_use_unknown", "Accelerators of available nodes whose use is not known.", group.accelerators_use_unknown);
}

void add_storage_and_network(Gauges& gauges, const RollupGroup& group) {
  for (std::size_t i = 0; i < kMediaWords.size(); ++i) {
    gauges.add("installed_storage_bytes", "Disk capacity installed, by media.", group.storage_bytes_by_media[i],
               {{"media", kMediaWords[i]}});
  }
  gauges.add("storage_unknown_disks", "Disks whose size is not known.", group.storage_bytes.unknown);
  gauges.add("installed_nics", "Physical network ports installed.", group.nics);
  gauges.add("nic_speed_unknown", "Physical network ports whose speed is not known.", group.nic_speed_unknown);
  gauges.add_use("network_receive_bytes_per_second", "What available nodes that told take in from networks.", group.receive_kbps,
                 kBytesOfKilobit);
  gauges.add_use("network_transmit_bytes_per_second", "What available nodes that told send to networks.", group.transmit_kbps,
                 kBytesOfKilobit);
  gauges.add("network_use_unknown_nodes", "Available nodes that did not tell their use of networks.",
             std::max(group.receive_kbps.unknown, group.transmit_kbps.unknown));
}

void add_accelerators(Gauges& gauges, const MetricGroup& group, const std::set<std::string>& models) {
  gauges.add_models("installed_accelerators", "Accelerators installed, by model.", group.all.accelerators_by_model, models);
  gauges.add_models("healthy_accelerators", "Accelerators on healthy nodes, by model.", group.healthy_models, models);
  gauges.add_models("available_accelerators", "Accelerators on available nodes, by model.", group.available_models, models);
  gauges.add_models("used_accelerators", "Accelerators in use, by model, on available nodes with accelerators of one model.",
                    group.all.used_by_model, models);
  gauges.add_models("free_accelerators", "Accelerators free, by model, on available nodes with accelerators of one model.",
                    group.all.free_by_model, models);
  gauges.add("unhealthy_accelerators", "Accelerators of available nodes that their driver calls unhealthy.",
             group.all.accelerators_unhealthy);
  gauges.add("unrated_accelerators", "Accelerators without a nominal peak: in no peak figure.", group.all.unrated_accelerators);
  gauges.add("unrated_nodes", "Installed nodes with a part that has no nominal peak.", group.all.unrated_nodes);
}

void add_peaks(Gauges& gauges, const RollupGroup& group) {
  const auto add = [&gauges](const char* name, const char* help, const RatedPeak& peak, const char* part) {
    for (std::size_t i = 0; i < kPrecisionCount; ++i) {
      if (peak.offered[i] == 0) continue;
      gauges.add(name, help, static_cast<double>(peak.mflops[i]) * 1e6, {{"part", part}, {"precision", kPrecisionNames[i]}});
    }
  };
  const char* const installed = "Nominal dense peak of installed parts that are rated, FLOP/s or OP/s.";
  const char* const healthy = "The same of parts of healthy nodes.";
  const char* const available = "The same of parts of available nodes.";
  add("installed_peak_flops", installed, group.cpu_peak, "cpu");
  add("installed_peak_flops", installed, group.accelerator_peak, "accelerator");
  add("healthy_peak_flops", healthy, group.healthy.cpu_peak, "cpu");
  add("healthy_peak_flops", healthy, group.healthy.accelerator_peak, "accelerator");
  add("available_peak_flops", available, group.available.cpu_peak, "cpu");
  add("available_peak_flops", available, group.available.accelerator_peak, "accelerator");
}

std::string key_of(const Metric& metric) {
  std::string key = metric.name;
  for (const auto& [name, value] : metric.labels) key += "\n" + name + "\n" + value;
  return key;
}

}  // namespace

std::set<std::string> kept_models(const RollupGroup& total) {
  std::vector<std::pair<std::string, std::uint64_t>> models(total.accelerators_by_model.begin(), total.accelerators_by_model.end());
  std::stable_sort(models.begin(), models.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::set<std::string> kept;
  for (std::size_t i = 0; i < std::min(models.size(), kMostMetricModels); ++i) kept.insert(models[i].first);
  return kept;
}

Metrics group_metrics(const std::string& prefix, const MetricGroup& group, const std::set<std::string>& models) {
  Gauges gauges(prefix, group.all);
  add_nodes(gauges, group.all);
  gauges.add("healthy_nodes", "Installed nodes that are fresh or stale.", group.all.healthy_nodes);
  gauges.add("hardware_unknown_nodes", "Installed nodes without a known shape: in no capacity figure.", group.all.hardware_unknown_nodes);
  add_cpu(gauges, group.all);
  gauges.add("healthy_memory_bytes", "Memory of healthy nodes.", group.all.healthy.memory_bytes.value);
  gauges.add("available_memory_bytes", "Memory of available nodes.", group.all.available.memory_bytes.value);
  add_use(gauges, group.all);
  add_storage_and_network(gauges, group.all);
  add_accelerators(gauges, group, models);
  add_peaks(gauges, group.all);
  return std::move(gauges.out);
}

Metrics site_metrics(const std::string& prefix, const RollupGroup& group) {
  Gauges gauges(prefix, group);
  add_nodes(gauges, group);
  add_use(gauges, group);
  gauges.add("installed_accelerators", "Accelerators installed.", group.accelerators);
  gauges.add("installed_storage_bytes", "Disk capacity installed.", group.storage_bytes.value);
  return std::move(gauges.out);
}

Metrics rest_of(const Metrics& total, const std::vector<Metrics>& shown) {
  std::unordered_map<std::string, double> sums;
  for (const auto& group : shown) {
    for (const auto& metric : group) sums[key_of(metric)] += metric.value;
  }
  Metrics rest = total;
  for (auto& metric : rest) {
    const auto found = sums.find(key_of(metric));
    if (found != sums.end()) metric.value = std::max(0.0, metric.value - found->second);
  }
  return rest;
}

}  // namespace capmap
