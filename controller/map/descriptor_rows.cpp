#include "controller/map/descriptor_rows.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "controller/map/descriptor_values.hpp"

namespace capmap {
namespace {

/// As the dimension site tells it.
std::string name_of(const Site& site) {
  return site.name.empty() ? to_text(site.id) : site.name;
}
std::string name_of(const Pool& pool) {
  return pool.name.empty() ? to_text(pool.id) : pool.name;
}

/// What put_figures reads.
Measures asked_measures() {
  Measures measures;
  using enum Measure;
  for (const auto measure : {kNodes, kCpu, kMemory, kMemoryUse, kAccelerators, kAcceleratorUse, kAcceleratorModels, kStorage, kStorageUse,
                             kNetwork, kHealth, kPower, kPeakFp64, kPeakFp32, kPeakFp16}) {
    measures.set(static_cast<std::size_t>(measure));
  }
  return measures;
}

using Groups = std::map<std::vector<std::string>, RollupGroup>;

Groups groups_of(const MapView& view, std::vector<Dimension> by, const std::vector<std::string>& names, std::uint64_t now_boot_ms) {
  FilterNode filter;
  filter.kind = FilterNode::Kind::kTest;
  filter.field = kDimensionNames[static_cast<std::size_t>(Dimension::kSite)];
  filter.compare = FilterNode::Compare::kIn;
  filter.values = names;
  auto rollup = roll_up_query(view, {.by = std::move(by), .filter = std::move(filter), .measures = asked_measures()}, now_boot_ms);
  Groups groups;
  for (auto& group : rollup.groups) {
    auto key = group.key;
    groups.emplace(std::move(key), std::move(group));
  }
  return groups;
}

const RollupGroup& group_at(const Groups& groups, const std::vector<std::string>& key) {
  static const RollupGroup nothing;
  const auto at = groups.find(key);
  return at == groups.end() ? nothing : at->second;
}

/// Whether a row of a resource has anything to tell of: a site without accelerators has none of them.
bool stands_there(const std::string& kind, const RollupGroup& group) {
  if (kind == "accelerator") return group.accelerators > 0;
  if (kind == "storage") return group.storage_bytes.value > 0 || group.storage_bytes.unknown > 0;
  return group.installed_nodes > 0;
}

/// One place of a form: its values are found once, for all kinds.
class RowsOfPlace {
 public:
  RowsOfPlace(const DescriptorForm& form, DescriptorEdition edition, const Site& site, const Pool* pool, const RollupGroup& group)
      : form_(form), edition_(edition), group_(group) {
    class_ = pool != nullptr && !pool->compute_class.empty() ? pool->compute_class : site.compute_class;
    put_texts(values_, site, pool, edition);
    put_figures(values_, group);
  }

  void add_rows(std::vector<DescriptorRow>& rows, std::uint32_t site, std::uint32_t pool) const {
    if (form_.by_class) {
      rows.push_back(row_of(class_, site, pool));
      return;
    }
    const auto before = rows.size();
    for (const auto& kind : form_.kinds) {
      if (stands_there(kind, group_)) rows.push_back(row_of(kind, site, pool));
    }
    if (rows.size() == before) rows.push_back(refused("", site, pool, "nothing is known to stand here"));
  }

 private:
  [[nodiscard]] DescriptorRow row_of(const std::string& kind, std::uint32_t site, std::uint32_t pool) const {
    if (kind.empty()) return refused(kind, site, pool, "its compute class is not declared");
    if (std::ranges::find(form_.kinds, kind) == form_.kinds.end()) {
      return refused(kind, site, pool, "form " + form_.form + " has no code for what is " + kind);
    }
    DescriptorRow row{
        .site = site, .pool = pool, .kind = kind, .descriptor = encode_descriptor(form_, kind, edition_, values_), .used = {}};
    for (const auto& field : form_.fields) {
      const auto& attribute = edition_ == DescriptorEdition::kTotal ? field.total : field.available;
      const auto at = values_.find(attribute);
      if ((field.kind.empty() || field.kind == kind) && at != values_.end()) row.used.insert(*at);
    }
    return row;
  }
  static DescriptorRow refused(std::string kind, std::uint32_t site, std::uint32_t pool, const std::string& why) {
    return {.site = site,
            .pool = pool,
            .kind = std::move(kind),
            .descriptor = {.text = {}, .reasons = {"kind: " + why}, .left_out = {}, .incomplete = {}},
            .used = {}};
  }

  const DescriptorForm& form_;
  DescriptorEdition edition_;
  const RollupGroup& group_;
  std::string class_;
  DescriptorValues values_;
};

}  // namespace

std::vector<std::uint32_t> sites_by_name(const MapView& view) {
  std::vector<std::pair<std::string, std::uint32_t>> named;
  for (std::uint32_t i = 0; i < view.sites.size(); ++i) {
    if (view.sites[i]) named.emplace_back(name_of(*view.sites[i]), i);
  }
  std::ranges::sort(named);
  std::vector<std::uint32_t> sites;
  sites.reserve(named.size());
  for (const auto& [name, index] : named) sites.push_back(index);
  return sites;
}

std::vector<DescriptorRow> descriptor_rows(const MapView& view, const DescriptorForm& form, DescriptorEdition edition,
                                           std::span<const std::uint32_t> sites, std::uint64_t now_boot_ms) {
  std::vector<std::string> names;
  std::map<SiteId, std::vector<std::uint32_t>> pools_of;
  for (const auto site : sites) {
    names.push_back(name_of(*view.sites[site]));
    pools_of[view.sites[site]->id];
  }
  for (std::uint32_t i = 0; i < view.pools.size(); ++i) {
    const auto at = view.pools[i] ? pools_of.find(view.pools[i]->site) : pools_of.end();
    if (at != pools_of.end()) at->second.push_back(i);
  }
  const auto whole = groups_of(view, {Dimension::kSite}, names, now_boot_ms);
  const auto by_pool = groups_of(view, {Dimension::kSite, Dimension::kPool}, names, now_boot_ms);
  std::vector<DescriptorRow> rows;
  for (std::size_t k = 0; k < sites.size(); ++k) {
    const auto& site = *view.sites[sites[k]];
    RowsOfPlace(form, edition, site, nullptr, group_at(whole, {names[k]})).add_rows(rows, sites[k], 0);
    auto& pools = pools_of[site.id];
    std::ranges::sort(pools, [&view](std::uint32_t a, std::uint32_t b) { return name_of(*view.pools[a]) < name_of(*view.pools[b]); });
    for (const auto pool : pools) {
      const auto& group = group_at(by_pool, {names[k], name_of(*view.pools[pool])});
      RowsOfPlace(form, edition, site, view.pools[pool].get(), group).add_rows(rows, sites[k], pool);
    }
  }
  return rows;
}

}  // namespace capmap
