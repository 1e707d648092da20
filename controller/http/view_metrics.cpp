#include "controller/http/view_metrics.hpp"

#include <algorithm>

#include "controller/http/words.hpp"

namespace capmap {
namespace {

/// Collects gauges.
class Gauges {
 public:
  template <class Number>
  void add(const char* name, const char* help, Number value, std::vector<std::pair<std::string, std::string>> labels = {}) {
    out.push_back({name, help, Metric::Kind::kGauge, std::move(labels), static_cast<double>(value)});
  }
  Metrics out;
};

void add_view(Gauges& gauges, const MapView& view, std::uint64_t now_boot_ms) {
  gauges.add("capmap_known_nodes", "Nodes let in and neither retired nor removed.", view.known_nodes);
  gauges.add("capmap_ready", "1 when the map is complete: every known node heard, or its grace period over.", view.resync_over ? 1 : 0);
  gauges.add("capmap_view_revision", "Revision of the published map.", view.revision);
  gauges.add("capmap_view_age_seconds", "Age of the published map; it is published when something changes.",
             static_cast<double>(now_boot_ms - std::min(now_boot_ms, view.at_boot_ms)) / 1'000);
  gauges.add("capmap_view_cells", "Cells of the published map.", view.cells.size());
  gauges.add("capmap_guests", "Virtual machines that report and are counted in their hosts, which report too.",
             view.guests ? view.guests->size() : 0);
  gauges.add("capmap_suspected_double_nodes", "Nodes in totals that say they run on the same machine as another one.",
             view.doubles ? view.doubles->suspected_nodes : 0);
  gauges.add("capmap_confirmed_double_nodes", "Nodes left out of totals, since an admin confirmed that they are others.",
             view.doubles ? view.doubles->left_out_nodes : 0);
  gauges.add("capmap_sites", "Sites known.",
             std::count_if(view.sites.begin(), view.sites.end(), [](const auto& site) { return site != nullptr; }));
}

void add_doubts(Gauges& gauges, const MapView& view) {
  for (std::size_t i = 0; i < kDoubtCount; ++i) {
    if (view.doubts[i] == 0) continue;
    gauges.add("capmap_contradicted_nodes", "Contradicted nodes by reason; a node with several reasons is in each.", view.doubts[i],
               {{"reason", kDoubtWords[i]}});
  }
  if (!view.contradicted) return;
  gauges.add("capmap_contradicted_counted_nodes", "Contradicted nodes that stand in totals.", view.contradicted->counted.nodes);
  gauges.add("capmap_contradicted_left_out_nodes", "Contradicted nodes that are left out of totals.", view.contradicted->left_out.nodes);
}

void add_nodes(Gauges& gauges, const RollupGroup& total) {
  for (std::size_t i = 0; i < kLivenessCount; ++i) {
    gauges.add("capmap_nodes", "Installed nodes by liveness.", total.nodes_by_liveness[i], {{"liveness", kLivenessNames[i]}});
  }
  gauges.add("capmap_installed_nodes", "Nodes neither retired nor quarantined nor counted elsewhere.", total.installed_nodes);
  gauges.add("capmap_healthy_nodes", "Installed nodes that are fresh or stale.", total.healthy_nodes);
  gauges.add("capmap_available_nodes", "Healthy nodes that are fresh and in service.", total.available_nodes);
  gauges.add("capmap_hardware_unknown_nodes", "Installed nodes without a known shape: in no capacity figure.",
             total.hardware_unknown_nodes);
}

void add_installed(Gauges& gauges, const RollupGroup& total) {
  gauges.add("capmap_installed_cpu_packages", "CPU packages installed.", total.packages);
  gauges.add("capmap_installed_cpu_cores", "CPU cores installed.", total.cores);
  gauges.add("capmap_installed_cpu_pus", "Processing units (hardware threads) installed.", total.pus);
  gauges.add("capmap_installed_memory_bytes", "Memory installed.", total.memory_bytes.value);
  gauges.add("capmap_memory_unknown_nodes", "Nodes whose memory size is not known.", total.memory_bytes.unknown);
  for (const auto& [model, count] : total.accelerators_by_model) {
    gauges.add("capmap_installed_accelerators", "Accelerators installed, by model.", count, {{"model", model}});
  }
  for (std::size_t i = 0; i < kMediaWords.size(); ++i) {
    gauges.add("capmap_installed_storage_bytes", "Disk capacity installed, by media.", total.storage_bytes_by_media[i],
               {{"media", kMediaWords[i]}});
  }
  gauges.add("capmap_storage_unknown_disks", "Disks whose size is not known.", total.storage_bytes.unknown);
  gauges.add("capmap_installed_nics", "Physical network ports installed.", total.nics);
}

void add_use(Gauges& gauges, const RollupGroup& total) {
  const auto cores = [](const Amount& amount) { return static_cast<double>(amount.value) / 1'000; };
  const auto bytes = [](const Amount& amount) { return static_cast<double>(amount.value) * 1'048'576; };
  if (use_known(total, total.cpu_busy_millicores)) {
    gauges.add("capmap_cpu_busy_cores", "Busy processing units of available nodes that told.", cores(total.cpu_busy_millicores));
  }
  if (use_known(total, total.cpu_free_millicores)) {
    gauges.add("capmap_cpu_free_cores", "Free processing units of available nodes that told.", cores(total.cpu_free_millicores));
  }
  gauges.add("capmap_cpu_use_unknown_nodes", "Available nodes that did not tell their CPU use.", total.cpu_busy_millicores.unknown);
  if (use_known(total, total.memory_used_mib)) {
    gauges.add("capmap_memory_used_bytes", "Memory in use on available nodes that told.", bytes(total.memory_used_mib));
  }
  if (use_known(total, total.memory_free_mib)) {
    gauges.add("capmap_memory_free_bytes", "Memory free on available nodes that told.", bytes(total.memory_free_mib));
  }
  gauges.add("capmap_memory_use_unknown_nodes", "Available nodes that did not tell their memory use.", total.memory_used_mib.unknown);
  if (use_known(total, total.power_watts)) {
    gauges.add("capmap_power_watts", "Power of available nodes that told.", static_cast<double>(total.power_watts.value));
  }
  gauges.add("capmap_power_unknown_nodes", "Available nodes that did not tell their power.", total.power_watts.unknown);
  if (accelerator_use_known(total)) {
    gauges.add("capmap_accelerators_used", "Accelerators in use on available nodes.", total.accelerators_used);
    gauges.add("capmap_accelerators_free", "Accelerators free on available nodes.", total.accelerators_free);
  }
  gauges.add("capmap_accelerators_use_unknown", "Accelerators of available nodes whose use is not known.", total.accelerators_use_unknown);
}

void add_peaks(Gauges& gauges, const RollupGroup& total) {
  const auto add = [&gauges](const RatedPeak& peak, const char* part) {
    for (std::size_t i = 0; i < kPrecisionCount; ++i) {
      if (peak.offered[i] == 0) continue;
      gauges.add("capmap_installed_peak_flops", "Nominal dense peak of installed parts that are rated, FLOP/s or OP/s.",
                 static_cast<double>(peak.mflops[i]) * 1e6, {{"part", part}, {"precision", kPrecisionNames[i]}});
    }
  };
  add(total.cpu_peak, "cpu");
  add(total.accelerator_peak, "accelerator");
  gauges.add("capmap_unrated_cpu_packages", "CPU packages without a nominal peak: in no peak figure.", total.unrated_packages);
  gauges.add("capmap_unrated_accelerators", "Accelerators without a nominal peak: in no peak figure.", total.unrated_accelerators);
}

}  // namespace

Metrics view_metrics(const MapView& view, std::uint64_t now_boot_ms) {
  const RollupGroup total = roll_up(view, {}, now_boot_ms).total;
  Gauges gauges;
  add_view(gauges, view, now_boot_ms);
  add_nodes(gauges, total);
  add_doubts(gauges, view);
  add_installed(gauges, total);
  add_use(gauges, total);
  add_peaks(gauges, total);
  return std::move(gauges.out);
}

}  // namespace capmap
