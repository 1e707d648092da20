#include "controller/import_plan.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "common/region_table.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostPools = 65'535;  ///< the map numbers them with 16 bits

/// "name", or for pools "site" and "name": what a row must say to be one.
template <class Record>
std::vector<std::string> key_columns() {
  return std::is_same_v<Record, NamedPool> ? std::vector<std::string>{"site", "name"} : std::vector<std::string>{"name"};
}

template <class Record>
void put_known(PlannedRecords<Record>& records, Record record) {
  auto& planned = records.at(record_key(record));
  planned.before = record;
  planned.after = std::move(record);
}

Result<Done> read_store(Store& store, ImportPlan& plan) {
  auto sites = store.sites();
  if (!sites) return sites.error();
  std::unordered_map<SiteId, std::string, IdHash> names;
  for (auto& site : *sites) {
    names.emplace(site.id, site.name);
    put_known(plan.sites, std::move(site));
  }
  const auto pools = store.pools();
  if (!pools) return pools.error();
  for (const auto& pool : *pools) put_known(plan.pools, NamedPool{.pool = pool, .site = names[pool.site]});
  const auto site_register = store.site_register();
  if (!site_register) return site_register.error();
  for (const auto& owner : site_register->owners) put_known(plan.owners, owner);
  for (const auto& link : site_register->links) {
    put_known(plan.links, NamedLink{.link = link, .from = names[link.from], .to = names[link.to]});
  }
  return Done{};
}

/// Rows of one kind into the plan.
template <class Record>
class RowReader {
 public:
  using Find = std::optional<Column<Record>> (*)(std::string_view);
  RowReader(ImportPlan& plan, PlannedRecords<Record>& records, RecordKind kind, const ImportTable& table, Find find)
      : plan_(plan), records_(records), kind_(kind), table_(table) {
    for (const auto& name : table.columns) columns_.push_back(find(name));
  }

  void read() {
    refuse_unknown_columns();
    for (std::size_t i = 0; i < table_.rows.size(); ++i) read_row(i);
  }

 private:
  void refuse_unknown_columns() {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i]) continue;
      const auto has = [i](const ImportRow& row) {
        return std::ranges::any_of(row.cells, [i](const auto& cell) { return cell.first == i; });
      };
      const auto first = std::ranges::find_if(table_.rows, has) - table_.rows.begin();
      plan_.fault(kind_, static_cast<std::size_t>(first), {},
                  table_.columns[i] + ": " + check_column(kind_, table_.columns[i]).error().what);
    }
  }

  void read_row(std::size_t i) {
    Record named;
    for (const auto& name : key_columns<Record>()) {
      const auto* const text = said(i, name);
      if (text == nullptr || text->empty()) return plan_.fault(kind_, i, shown(record_key(named)), name + ": is missing");
      static_cast<void>(columns_[column_of(name)]->set(named, *text).ok());  // texts take any
    }
    const auto key = record_key(named), name = shown(key);
    auto& planned = records_.at(key);
    if (planned.row) return plan_.fault(kind_, i, name, "name: stands there twice, also in row " + std::to_string(*planned.row + 1));
    planned.row = i;
    const auto faults = plan_.fault_count;
    set_all(planned.after, i, name);
    if (plan_.fault_count > faults) return;
    if (const auto valid = validate_record(planned.after); !valid) plan_.fault(kind_, i, name, valid.error().what);
  }

  void set_all(Record& record, std::size_t i, const std::string& name) {
    for (const auto& [column, text] : table_.rows[i].cells) {
      if (column >= columns_.size() || !columns_[column]) continue;
      if (const auto set = columns_[column]->set(record, text); !set) {
        plan_.fault(kind_, i, name, columns_[column]->name + ": " + set.error().what);
      }
    }
  }

  [[nodiscard]] std::size_t column_of(const std::string& name) const {
    return static_cast<std::size_t>(std::ranges::find(table_.columns, name) - table_.columns.begin());
  }
  [[nodiscard]] const std::string* said(std::size_t i, const std::string& name) const {
    const auto column = column_of(name);
    const auto& cells = table_.rows[i].cells;
    const auto found = std::ranges::find(cells, column, [](const auto& cell) { return cell.first; });
    return found == cells.end() ? nullptr : &found->second;
  }
  static std::string shown(std::string key) {
    std::ranges::replace(key, '\n', '/');
    return key;
  }

  ImportPlan& plan_;
  PlannedRecords<Record>& records_;
  RecordKind kind_;
  const ImportTable& table_;
  std::vector<std::optional<Column<Record>>> columns_;
};

bool gives(const ImportTable& table, const std::optional<std::size_t>& row, std::string_view column) {
  return row && std::ranges::any_of(table.rows[*row].cells, [&](const auto& cell) {
           return cell.first < table.columns.size() && table.columns[cell.first] == column;
         });
}

/// The class a site declares itself: what its row says, or what it had where that was not just its owner's.
std::string own_class(const ImportPlan& plan, const Planned<Site>& site, const ImportTable& table) {
  if (gives(table, site.row, "owner_class") || !site.before || site.before->owner.empty()) return site.after.owner_class;
  const auto found = plan.owners.by_key.find(site.before->owner);
  const auto* const owner = found == plan.owners.by_key.end() ? nullptr : &plan.owners.all[found->second];
  const bool of_owner = owner != nullptr && owner->before && owner->before->owner_class == site.before->owner_class;
  return of_owner ? std::string() : site.after.owner_class;
}

/// A site has its owner's class; where that changes, its sites follow.
void look_at_owners(ImportPlan& plan, const ImportTable& table) {
  for (auto& site : plan.sites.all) {
    if (site.after.owner.empty()) continue;
    const auto found = plan.owners.by_key.find(site.after.owner);
    if (found == plan.owners.by_key.end()) {
      if (site.row) {
        plan.fault(RecordKind::kSites, *site.row, site.after.name,
                   "owner: no owner is called \"" + site.after.owner + "\": import owners first, or with it");
      }
      continue;
    }
    const auto& owner = plan.owners.all[found->second];
    if (!site.row && !owner.row) continue;
    site.after.owner_class = own_class(plan, site, table);
    const auto now = owner_class_of(site.after, owner.after);
    if (now) {
      site.after.owner_class = *now;
    } else if (site.row) {
      plan.fault(RecordKind::kSites, *site.row, site.after.name, now.error().what);
    } else {
      plan.fault(RecordKind::kOwners, *owner.row, owner.after.name, "owner_class: site \"" + site.after.name + "\": " + now.error().what);
    }
  }
}

void look_at_regions(ImportPlan& plan, const RegionTable* regions) {
  for (const auto& site : plan.sites.all) {
    if (regions == nullptr || !site.row || !is_region_code(site.after.region)) continue;
    if (const auto known = regions->check_code(site.after.region); !known) {
      plan.fault(RecordKind::kSites, *site.row, site.after.name, known.error().what);
    }
  }
}

/// The id of a site by its name; a fault where there is none.
std::optional<SiteId> site_named(ImportPlan& plan, RecordKind kind, std::size_t row, const std::string& record, const char* column,
                                 const std::string& name) {
  if (const auto* site = plan.sites.find(name)) return site->id;
  plan.fault(kind, row, record, std::string(column) + ": no site is called \"" + name + "\": import it first, or with it");
  return std::nullopt;
}

void look_at_ends(ImportPlan& plan) {
  for (auto& site : plan.sites.all) {
    if (!site.before) site.after.id = random_id<SiteId>();
  }
  for (auto& pool : plan.pools.all) {
    if (!pool.row) continue;
    if (!pool.before) pool.after.pool.id = random_id<PoolId>();
    const auto site = site_named(plan, RecordKind::kPools, *pool.row, pool.after.pool.name, "site", pool.after.site);
    pool.after.pool.site = site.value_or(SiteId{});
  }
  for (auto& link : plan.links.all) {
    if (!link.row) continue;
    const auto& name = link.after.link.name;
    link.after.link.from = site_named(plan, RecordKind::kLinks, *link.row, name, "from", link.after.from).value_or(SiteId{});
    link.after.link.to = site_named(plan, RecordKind::kLinks, *link.row, name, "to", link.after.to).value_or(SiteId{});
    if (link.after.from == link.after.to) plan.fault(RecordKind::kLinks, *link.row, name, "to: must be another site than from");
  }
}

template <class Record>
void bound(ImportPlan& plan, const PlannedRecords<Record>& records, RecordKind kind, std::size_t most) {
  if (records.all.size() <= most) return;
  const auto& first = records.all[most];
  plan.fault(kind, first.row.value_or(0), {},
             "name: more than " + std::to_string(most) + " of these would be there, which is all there may be");
}

}  // namespace

void ImportPlan::fault(RecordKind kind, std::size_t row, const std::string& name, const std::string& what) {
  ++fault_count;
  if (faults.size() < ImportOutcome::kMostFaults) faults.push_back({.kind = kind, .row = row, .name = name, .what = what});
}

Result<ImportPlan> make_import_plan(Store& store, const ImportBody& body, const RegionTable* regions) {
  ImportPlan plan;
  if (auto read = read_store(store, plan); !read) return read.error();
  const auto table = [&body](RecordKind kind) -> const ImportTable& { return body.tables[static_cast<std::size_t>(kind)]; };
  using enum RecordKind;
  RowReader<Owner>(plan, plan.owners, kOwners, table(kOwners), owner_column).read();
  RowReader<Site>(plan, plan.sites, kSites, table(kSites), site_column).read();
  RowReader<NamedPool>(plan, plan.pools, kPools, table(kPools), pool_column).read();
  RowReader<NamedLink>(plan, plan.links, kLinks, table(kLinks), link_column).read();
  look_at_owners(plan, table(kSites));
  look_at_regions(plan, regions);
  look_at_ends(plan);
  bound(plan, plan.owners, kOwners, kMostOwners);
  bound(plan, plan.pools, kPools, kMostPools);
  bound(plan, plan.links, kLinks, kMostLinks);
  std::ranges::stable_sort(plan.faults, {}, [](const ImportFault& fault) { return std::pair(fault.kind, fault.row); });
  return plan;
}

}  // namespace capmap
