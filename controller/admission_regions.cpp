// What an admin orders of regions: the code list in force.
#include <string>
#include <utility>

#include "common/region_table.hpp"
#include "controller/admission.hpp"

namespace capmap {
namespace {

std::string short_text(const RegionsImported& imported) {
  const auto& changes = imported.changes;
  return std::to_string(imported.rows) + " regions, " + std::to_string(changes.added.size()) + " added, " +
         std::to_string(changes.renamed.size()) + " renamed, " + std::to_string(changes.gone.size()) + " gone";
}

/// The list is kept as a whole, with who asked for it.
Result<Done> keep(Store& store, const RegionsImported& imported, std::uint64_t now_unix_ms) {
  if (auto put = store.put_regions(imported.list); !put) return put;
  return store.add_audit({.at_unix_ms = now_unix_ms,
                          .who = "admin",
                          .what = "regions_imported",
                          .subject = std::to_string(imported.list.year),
                          .detail = short_text(imported)});
}

}  // namespace

Result<Change> carry_out(Store& store, const ImportRegions& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  const auto old = store.regions();
  if (!old) return old.error();
  RegionsImported imported{.list = followed(*old, request.list), .rows = request.list.rows.size(), .dry_run = request.dry_run};
  const auto before = RegionTable::with_list(request.catalog, *old);
  const auto now = RegionTable::with_list(request.catalog, imported.list);
  if (!now) return Change{now.error()};
  // An old list that the catalog of today does not fit names nothing.
  imported.changes = changes_between(before ? *before : *request.catalog, *now);
  const auto sites = store.sites();
  if (!sites) return sites.error();
  for (const auto& site : *sites) {
    if (!site.region.empty() && !now->check_code(site.region)) imported.outside.push_back(site);
  }
  imported.changed = imported.list != *old;
  if (imported.changed && !imported.dry_run) {
    if (auto kept = keep(store, imported, now_unix_ms); !kept) return kept.error();
  }
  return Change{std::move(imported)};
}

}  // namespace capmap
