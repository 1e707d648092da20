#include "controller/http/view_metrics.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "common/check.hpp"
#include "common/region_table.hpp"
#include "controller/http/group_metrics.hpp"
#include "controller/map/site_liveness.hpp"

namespace capmap {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

void put(Metrics& out, const char* name, const char* help, double value, Labels labels = {}) {
  out.push_back({name, help, Metric::Kind::kGauge, std::move(labels), value});
}

void add_view(Metrics& out, const MapView& view, std::uint64_t now_boot_ms) {
  const auto add = [&out](const char* name, const char* help, auto value) { put(out, name, help, static_cast<double>(value)); };
  add("capmap_known_nodes", "Nodes let in and neither retired nor removed.", view.known_nodes);
  add("capmap_ready", "1 when the map is complete: every known node heard, or its grace period over.", view.resync_over ? 1 : 0);
  add("capmap_view_revision", "Revision of the published map.", view.revision);
  add("capmap_view_age_seconds", "Age of the published map; it is published when something changes.",
      static_cast<double>(now_boot_ms - std::min(now_boot_ms, view.at_boot_ms)) / 1'000);
  add("capmap_view_cells", "Cells of the published map.", view.cells.size());
  add("capmap_guests", "Virtual machines that report and are counted in their hosts, which report too.",
      view.guests ? view.guests->size() : 0);
  add("capmap_suspected_double_nodes", "Nodes in totals that say they run on the same machine as another one.",
      view.doubles ? view.doubles->suspected_nodes : 0);
  add("capmap_confirmed_double_nodes", "Nodes left out of totals, since an admin confirmed that they are others.",
      view.doubles ? view.doubles->left_out_nodes : 0);
  add("capmap_clones", "Keys that spoke from two places and wait for an admin: their nodes are in no total.",
      view.clones ? view.clones->size() : 0);
  add("capmap_sites", "Sites known.",
      std::count_if(view.sites.begin(), view.sites.end(), [](const auto& site) { return site != nullptr; }));
}

void add_doubts(Metrics& out, const MapView& view) {
  for (std::size_t i = 0; i < kDoubtCount; ++i) {
    put(out, "capmap_contradicted_nodes", "Contradicted nodes by reason; a node with several reasons is in each.",
        static_cast<double>(view.doubts[i]), {{"reason", kDoubtWords[i]}});
  }
  if (!view.contradicted) return;
  put(out, "capmap_contradicted_counted_nodes", "Contradicted nodes that stand in totals.",
      static_cast<double>(view.contradicted->counted.nodes));
  put(out, "capmap_contradicted_left_out_nodes", "Contradicted nodes that are left out of totals.",
      static_cast<double>(view.contradicted->left_out.nodes));
}

/// Mean and greatest age of what nodes said last: no sum, so no group is told together with others.
void add_ages(Metrics& out, const std::string& prefix, const RollupGroup& group, const Labels& labels) {
  if (group.age_known_nodes == 0) return;
  const auto seconds = [](std::uint64_t ms) { return static_cast<double>(ms) / 1'000; };
  put(out, (prefix + "report_age_mean_seconds").c_str(), "Mean age of what nodes said last, lost ones included.",
      seconds(group.age_mean_ms), labels);
  put(out, (prefix + "report_age_max_seconds").c_str(), "Greatest age of what a node said last, lost ones included.",
      seconds(group.age_max_ms), labels);
}

void append(Metrics& out, Metrics more, const Labels& labels) {
  for (auto& metric : more) {
    metric.labels.insert(metric.labels.begin(), labels.begin(), labels.end());
    out.push_back(std::move(metric));
  }
}

/// Accelerators by model and division, on the nodes for which the filter holds.
Rollup models_where(const MapView& view, const char* filter, std::uint64_t now_boot_ms) {
  auto parsed = parse_filter(filter);
  check(parsed.ok(), "a filter of ours is not understood");
  return roll_up_query(view,
                       {.by = {Dimension::kRegion2},
                        .filter = std::move(*parsed),
                        .measures = Measures().set(static_cast<std::size_t>(Measure::kAcceleratorModels))},
                       now_boot_ms);
}

std::map<std::string, std::uint64_t> models_of(const Rollup& rollup, const std::vector<std::string>& key) {
  const auto found = std::ranges::find(rollup.groups, key, &RollupGroup::key);
  return found == rollup.groups.end() ? std::map<std::string, std::uint64_t>() : found->accelerators_by_model;
}

void add_regions(Metrics& out, const MapView& view, std::uint64_t now_boot_ms) {
  const std::string prefix = "capmap_region_";
  const auto all = roll_up(view, {Dimension::kRegion2}, now_boot_ms);
  const auto healthy = models_where(view, "liveness in (fresh, stale)", now_boot_ms);
  const auto available = models_where(view, "liveness = fresh and service_state = in_service", now_boot_ms);
  const auto models = kept_models(all.total);
  const MetricGroup total{
      .all = all.total, .healthy_models = healthy.total.accelerators_by_model, .available_models = available.total.accelerators_by_model};
  append(out, group_metrics("capmap_", total, models), {});
  add_ages(out, "capmap_", all.total, {});
  std::vector<Metrics> shown;
  for (std::size_t i = 0; i < std::min(all.groups.size(), kMostMetricRegions); ++i) {
    const auto& group = all.groups[i];
    const std::string code = group.key[0].empty() ? std::string(kUnknownWord) : group.key[0];
    const Region* const region = view.regions ? view.regions->find(group.key[0]) : nullptr;
    out.push_back({"capmap_region_info",
                   "Names of divisions; the value is always 1.",
                   Metric::Kind::kInfo,
                   {{"region", code}, {"name", region == nullptr ? code : region->name}},
                   1});
    shown.push_back(group_metrics(
        prefix, {.all = group, .healthy_models = models_of(healthy, group.key), .available_models = models_of(available, group.key)},
        models));
    append(out, shown.back(), {{"region", code}});
    add_ages(out, prefix, group, {{"region", code}});
  }
  if (all.groups.size() <= shown.size()) return;
  append(out, rest_of(group_metrics(prefix, total, models), shown), {{"region", kOtherWord}});
}

/// [group] which site each group of a rollup by site is; 0: none that is known.
std::vector<std::size_t> indexes_of(const MapView& view, const std::vector<RollupGroup>& groups) {
  std::unordered_map<std::string_view, std::size_t> wanted;
  for (std::size_t i = 0; i < groups.size(); ++i) wanted[groups[i].key[0]] = i;
  std::vector<std::size_t> indexes(groups.size());
  for (std::size_t i = 0; i < view.sites.size(); ++i) {
    const auto& site = view.sites[i];
    if (!site) continue;
    const auto found = site->name.empty() ? wanted.find(to_text(site->id)) : wanted.find(site->name);
    if (found != wanted.end()) indexes[found->second] = i;
  }
  return indexes;
}

void add_sites(Metrics& out, const MapView& view, std::uint64_t now_boot_ms) {
  Measures measures;
  for (const auto measure : {Measure::kNodes, Measure::kCpu, Measure::kCpuUse, Measure::kMemory, Measure::kMemoryUse,
                             Measure::kAccelerators, Measure::kAcceleratorUse, Measure::kStorage, Measure::kStorageUse, Measure::kPower}) {
    measures.set(static_cast<std::size_t>(measure));
  }
  const auto rollup = roll_up_query(
      view, {.by = {Dimension::kSite}, .filter = std::nullopt, .measures = measures, .first = 0, .limit = kMostMetricSites}, now_boot_ms);
  const auto indexes = indexes_of(view, rollup.groups);
  const auto liveness = liveness_by_site(view);
  put(out, "capmap_dark_sites", "Sites all of whose nodes are lost, those in maintenance left out.",
      static_cast<double>(std::ranges::count_if(liveness, &SiteLiveness::dark)));
  std::vector<Metrics> shown;
  for (std::size_t i = 0; i < rollup.groups.size(); ++i) {
    const auto& group = rollup.groups[i];
    const Site* const site = indexes[i] < view.sites.size() ? view.sites[indexes[i]].get() : nullptr;
    const bool dark = site != nullptr && liveness[indexes[i]].dark();
    const Labels labels = {{"site", group.key[0].empty() ? kUnknownWord : group.key[0]},
                           {"region", site == nullptr || site->region.empty() ? kUnknownWord : site->region.substr(0, 2)}};
    put(out, "capmap_site_dark", "1 while all nodes of the site are lost, those in maintenance left out, else 0.", dark ? 1 : 0, labels);
    shown.push_back(site_metrics("capmap_site_", group));
    append(out, shown.back(), labels);
  }
  if (rollup.group_count <= shown.size()) return;
  append(out, rest_of(site_metrics("capmap_site_", rollup.total), shown), {{"site", kOtherWord}, {"region", kOtherWord}});
}

}  // namespace

Metrics view_metrics(const MapView& view, std::uint64_t now_boot_ms) {
  Metrics out;
  add_view(out, view, now_boot_ms);
  add_doubts(out, view);
  add_regions(out, view, now_boot_ms);
  add_sites(out, view, now_boot_ms);
  return out;
}

}  // namespace capmap
