#include "controller/map/declared_sums.hpp"

#include <algorithm>
#include <iterator>

namespace capmap {
namespace {

constexpr const char* kNotBySites = "what is declared belongs to a site, and these groups are not of sites alone";
constexpr const char* kFiltered = "what is declared belongs to a site, and this filter chooses among its nodes";

/// True where a filter asks only what a site says of itself.
bool asks_sites_alone(const FilterNode& filter) {
  if (filter.kind == FilterNode::Kind::kHasAccelerator) return false;
  if (filter.kind != FilterNode::Kind::kTest) return std::ranges::all_of(filter.parts, asks_sites_alone);
  const auto named = std::ranges::find(kDimensionNames, filter.field);
  return named != kDimensionNames.end() && domain_of(static_cast<Dimension>(named - kDimensionNames.begin())) == Domain::kSite;
}

/// What of the map has to be known to stand beside a figure.
void want(std::size_t figure, Measures& measures) {
  const auto set = [&measures](Measure measure) { measures.set(static_cast<std::size_t>(measure)); };
  set(Measure::kNodes);
  if (figure >= kFirstDeclaredPeak) {
    set(Measure::kUnrated);
    measures.set(static_cast<std::size_t>(Measure::kPeakFp64) + figure - kFirstDeclaredPeak);
    return;
  }
  switch (static_cast<Declared>(figure)) {
    case Declared::kPackages:
    case Declared::kCores: return set(Measure::kCpu);
    case Declared::kAccelerators: return set(Measure::kAccelerators);
    case Declared::kMemoryBytes: return set(Measure::kMemory);
    case Declared::kStorageBytes: return set(Measure::kStorage);
    default: return;
  }
}

struct Installed {
  U128 value = 0;
  bool comparable = true, complete = true;
};

Installed installed_peak(const RollupGroup& site, std::size_t precision) {
  const auto& devices = site.accelerator_peak;
  const bool all_rated = site.unrated_packages == 0 && site.unrated_accelerators == 0 && site.hardware_unknown_nodes == 0;
  return {.value = U128{site.cpu_peak.mflops[precision]} + devices.mflops[precision],
          .complete = all_rated && devices.offered[precision] >= site.rated_accelerators};
}

Installed installed_of(const RollupGroup& site, std::size_t figure) {
  if (figure >= kFirstDeclaredPeak) return installed_peak(site, figure - kFirstDeclaredPeak);
  const bool known = site.hardware_unknown_nodes == 0;
  switch (static_cast<Declared>(figure)) {
    case Declared::kNodes: return {.value = site.installed_nodes};
    case Declared::kPackages: return {.value = site.packages, .complete = known};
    case Declared::kCores: return {.value = site.cores, .complete = known};
    case Declared::kAccelerators: return {.value = site.accelerators, .complete = known};
    case Declared::kMemoryBytes: return {.value = site.memory_bytes.value, .complete = known && site.memory_bytes.unknown == 0};
    case Declared::kStorageBytes: return {.value = site.storage_bytes.value, .complete = known && site.storage_bytes.unknown == 0};
    default: return {.comparable = false};
  }
}

void add(DeclaredSum& sum, std::uint64_t declared, const Installed& installed) {
  ++sum.sites;
  sum.declared += declared;
  sum.installed += installed.value;
  sum.comparable = sum.comparable && installed.comparable;
  sum.complete = sum.complete && installed.complete;
}

void add(DeclaredGroup& group, const DeclaredCapacity& declared, const RollupGroup& installed) {
  ++group.sites;
  for (std::size_t i = 0; i < kDeclaredCount; ++i) {
    if (declared.figures[i]) add(group.figures[i], *declared.figures[i], installed_of(installed, i));
  }
  for (const auto& [model, count] : declared.accelerators_by_model) {
    const auto found = installed.accelerators_by_model.find(model);
    add(group.models[model], count,
        {.value = found == installed.accelerators_by_model.end() ? 0 : found->second, .complete = installed.hardware_unknown_nodes == 0});
  }
}

/// What is installed at the sites that declare something, by site; as far as it stands beside a figure.
std::map<std::string, RollupGroup> installed_by_site(const MapView& view, const DimensionColumn& names) {
  RollupQuery query{.by = {Dimension::kSite}, .filter = std::nullopt, .measures = {}};
  query.filter.emplace().kind = FilterNode::Kind::kTest;
  query.filter->field = kDimensionNames[static_cast<std::size_t>(Dimension::kSite)];
  query.filter->compare = FilterNode::Compare::kIn;
  for (std::size_t i = 0; i < view.sites.size(); ++i) {
    if (!view.sites[i] || view.sites[i]->declared.empty() || i >= names.codes.size()) continue;
    const auto& declared = view.sites[i]->declared;
    query.filter->values.push_back(names.texts[names.codes[i]]);
    for (std::size_t figure = 0; figure < kDeclaredCount; ++figure) {
      if (declared.figures[figure]) want(figure, query.measures);
    }
    if (declared.accelerators_by_model.empty()) continue;
    want(static_cast<std::size_t>(Declared::kNodes), query.measures);
    query.measures.set(static_cast<std::size_t>(Measure::kAcceleratorModels));
  }
  std::map<std::string, RollupGroup> by_site;
  if (query.filter->values.empty()) return by_site;
  auto rollup = roll_up_query(view, query, 0);
  for (auto& group : rollup.groups) {
    auto name = std::move(group.key[0]);
    by_site.emplace_hint(by_site.end(), std::move(name), std::move(group));
  }
  return by_site;
}

}  // namespace

DeclaredSums::DeclaredSums(const MapView& view, const std::vector<Dimension>& by, const std::optional<FilterNode>& filter) {
  of_sites_ = !filter || asks_sites_alone(*filter);
  const bool grouped = std::ranges::all_of(by, [](Dimension dimension) { return domain_of(dimension) == Domain::kSite; });
  if (!grouped) why_not_ = kNotBySites;
  if (!of_sites_) why_not_ = kFiltered;
  if (!of_sites_) return;
  const auto dictionaries = dictionaries_of(view);
  std::optional<CellFilter> chosen;
  if (filter) chosen.emplace(*filter, *dictionaries);
  const auto& names = dictionaries->column(Dimension::kSite);
  const auto installed = installed_by_site(view, names);
  const RollupGroup nothing{};
  const auto text_of = [&](Dimension dimension, std::size_t site) -> const std::string& {
    const auto& column = dictionaries->column(dimension);
    return column.texts[column.codes[site]];
  };
  for (std::size_t i = 0; i < view.sites.size(); ++i) {
    if (!view.sites[i] || i >= names.codes.size() || (chosen && !chosen->keeps({i, 0, 0, 0}))) continue;
    const auto found = installed.find(text_of(Dimension::kSite, i));
    const auto& there = found == installed.end() ? nothing : found->second;
    add(total_, view.sites[i]->declared, there);
    if (!grouped) continue;
    std::vector<std::string> key;
    for (const auto dimension : by) key.push_back(text_of(dimension, i));
    add(groups_[std::move(key)], view.sites[i]->declared, there);
  }
}

const DeclaredGroup* DeclaredSums::of_group(const std::vector<std::string>& key) const {
  static const DeclaredGroup none{};
  if (why_not_ != nullptr) return nullptr;
  const auto found = groups_.find(key);
  return found == groups_.end() ? &none : &found->second;
}

std::vector<std::vector<std::string>> DeclaredSums::keys() const {
  std::vector<std::vector<std::string>> all;
  if (why_not_ != nullptr) return all;
  for (const auto& group : groups_) all.push_back(group.first);
  return all;
}

Rollup roll_up_beside(const MapView& view, const RollupQuery& query, std::uint64_t now_boot_ms, const DeclaredSums& declared) {
  const auto of_sites = declared.keys();
  if (of_sites.empty()) return roll_up_query(view, query, now_boot_ms);
  const auto of_cells = group_keys(view, query.by, query.filter);
  std::vector<std::vector<std::string>> all;
  std::ranges::set_union(of_cells, of_sites, std::back_inserter(all));
  const auto first = std::min(query.first, all.size());
  const auto last = first + std::min(query.limit, all.size() - first);
  RollupQuery folded = query;
  const auto place = [&](std::size_t in_all) {  // how many groups of cells come before
    if (in_all == all.size()) return of_cells.size();
    return static_cast<std::size_t>(std::ranges::lower_bound(of_cells, all[in_all]) - of_cells.begin());
  };
  folded.first = place(first);
  folded.limit = place(last) - folded.first;
  Rollup rollup = roll_up_query(view, folded, now_boot_ms);
  std::vector<RollupGroup> groups;
  auto next = rollup.groups.begin();
  for (auto i = first; i < last; ++i) {
    if (next != rollup.groups.end() && next->key == all[i]) {
      groups.push_back(std::move(*next++));
    } else {
      groups.emplace_back().key = all[i];
    }
  }
  rollup.groups = std::move(groups);
  rollup.group_count = all.size();
  return rollup;
}

}  // namespace capmap
