// Sites, pools and regions.
#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>

#include "common/region_table.hpp"
#include "controller/sql/column_list.hpp"
#include "controller/sql/place_columns.hpp"
#include "controller/sql/tables.hpp"

namespace capmap {
namespace {

constexpr std::int32_t kTenthUdeg = 100'000;
constexpr double kUdegPerDegree = 1e6, kPermille = 1e3;

/// As /v1/sites tells them: tenths, but to an admin.
void put_degrees(const std::optional<std::int32_t>& udeg, bool exact, SqlValue& out) {
  if (!udeg) return out.null();
  if (exact) return out.real(*udeg / kUdegPerDegree);
  const auto half = *udeg < 0 ? -kTenthUdeg / 2 : kTenthUdeg / 2;
  out.real((*udeg + half) / kTenthUdeg / 10.0);
}

struct SiteAt {
  std::uint32_t index = 0;
  const Site* site = nullptr;
};

void add_site_words(ColumnList<SiteAt>& columns, const SqlScene& scene) {
  const auto text = [&](const char* name, const char* what, std::string Site::*member, bool key = false) {
    columns.add(
        name, "TEXT", what, [member](const SiteAt& at, SqlValue& out) { out.lasting_or_null(at.site->*member); }, key);
  };
  const auto derived = [&](const char* name, const char* what, Dimension dimension) {
    columns.add(name, "TEXT", what,
                [&scene, dimension](const SiteAt& at, SqlValue& out) { out.lasting_or_null(scene.text(dimension, {.site = at.index})); });
  };
  columns.add(
      "id", "TEXT", "s-… id", [&scene](const SiteAt& at, SqlValue& out) { out.lasting(scene.site_id(at.index)); }, true);
  text("name", "", &Site::name);
  text("region", "code as declared", &Site::region, true);
  derived("region_2", "division", Dimension::kRegion2);
  derived("region_4", "prefecture", Dimension::kRegion4);
  derived("hub", "declared, else by the region's code", Dimension::kHub);
  derived("hub_cluster", "likewise", Dimension::kHubCluster);
  text("owner", "", &Site::owner);
  text("owner_class", "", &Site::owner_class);
  text("compute_class", "", &Site::compute_class);
  text("service", "", &Site::service);
  text("filing_number", "", &Site::filing_number);
  text("industry", "", &Site::industry);
}

std::vector<SiteAt> seen_sites(const SqlScene& scene) {
  std::vector<SiteAt> rows;
  const auto& sites = scene.view().sites;
  for (std::uint32_t i = 0; i < sites.size(); ++i) {
    if (sites[i] && scene.sees(i)) rows.push_back({.index = i, .site = sites[i].get()});
  }
  return rows;
}

}  // namespace

std::unique_ptr<SqlTable> sites_table(const SqlScene& scene) {
  ColumnList<SiteAt> columns;
  add_site_words(columns, scene);
  columns.add("security_level", "INTEGER", "0 to 5", [](const SiteAt& at, SqlValue& out) { out.count(at.site->security_level); })
      .add("public_compute", "INTEGER", "1: counted as public", [](const SiteAt& at, SqlValue& out) { out.truth(at.site->public_compute); })
      .add("latitude", "REAL", "degrees north; tenths, but for admins",
           [&scene](const SiteAt& at, SqlValue& out) { put_degrees(at.site->latitude_udeg, scene.exact(), out); })
      .add("longitude", "REAL", "degrees east, likewise",
           [&scene](const SiteAt& at, SqlValue& out) { put_degrees(at.site->longitude_udeg, scene.exact(), out); })
      .add("pue", "REAL", "",
           [](const SiteAt& at, SqlValue& out) { at.site->pue_permille ? out.real(*at.site->pue_permille / kPermille) : out.null(); })
      .add("green_share_permille", "INTEGER", "", [](const SiteAt& at, SqlValue& out) { out.count(at.site->green_share_permille); });
  for (std::size_t i = 0; i < kDeclaredCount; ++i) {
    columns.add(std::string("declared_") + kDeclaredNames[i], "INTEGER", "by its operator; never added to what reports",
                [i](const SiteAt& at, SqlValue& out) { out.count(at.site->declared.figures[i]); });
  }
  return std::make_unique<ListTable<SiteAt>>(columns.take(), [&scene] { return seen_sites(scene); });
}

namespace {
struct PoolAt {
  std::uint32_t index = 0, site = 0;
  const Pool* pool = nullptr;
};

std::vector<PoolAt> seen_pools(const SqlScene& scene) {
  std::vector<PoolAt> rows;
  const auto& pools = scene.view().pools;
  std::unordered_map<SiteId, std::uint32_t, IdHash> sites;
  for (std::uint32_t i = 0; i < scene.view().sites.size(); ++i) {
    if (scene.site(i) != nullptr) sites.emplace(scene.site(i)->id, i);
  }
  for (std::uint32_t i = 0; i < pools.size(); ++i) {
    const auto site = pools[i] ? sites.find(pools[i]->site) : sites.end();
    if (site != sites.end() && scene.sees(site->second)) rows.push_back({.index = i, .site = site->second, .pool = pools[i].get()});
  }
  return rows;
}
}  // namespace

std::unique_ptr<SqlTable> pools_table(const SqlScene& scene) {
  ColumnList<PoolAt> columns;
  columns
      .add(
          "id", "TEXT", "p-… id", [&scene](const PoolAt& at, SqlValue& out) { out.lasting(scene.pool_id(at.index)); }, true)
      .add("name", "TEXT", "", [](const PoolAt& at, SqlValue& out) { out.lasting_or_null(at.pool->name); })
      .add(
          "site", "TEXT", "s-… id", [](const PoolAt& at, SqlValue& out) { out.text(to_text(at.pool->site)); }, true)
      .add("site_name", "TEXT", "",
           [&scene](const PoolAt& at, SqlValue& out) { out.lasting_or_null(scene.text(Dimension::kSite, {.site = at.site})); })
      .add(
          "region", "TEXT", "of its site",
          [&scene](const PoolAt& at, SqlValue& out) { out.lasting_or_null(scene.text(Dimension::kRegion, {.site = at.site})); }, true)
      .add("compute_class", "TEXT", "its own, else its site's", [&scene](const PoolAt& at, SqlValue& out) {
        out.lasting_or_null(scene.text(Dimension::kComputeClass, {.site = at.site, .pool = at.index}));
      });
  return std::make_unique<ListTable<PoolAt>>(columns.take(), [&scene] { return seen_pools(scene); });
}

namespace {
struct RegionAt {
  std::string code;
  const Region* region = nullptr;  ///< null: no list has it
  std::uint64_t sites = 0;         ///< declared in it or below it, that may be seen
};

/// Sites by code and all it lies below.
std::map<std::string, std::uint64_t> sites_by_code(const SqlScene& scene) {
  std::map<std::string, std::uint64_t> count;
  const auto& sites = scene.view().sites;
  for (std::uint32_t i = 0; i < sites.size(); ++i) {
    if (!sites[i] || sites[i]->region.empty() || !scene.sees(i)) continue;
    const auto& code = sites[i]->region;
    ++count[code];
    for (const auto digits : {kDivisionDigits, kPrefectureDigits}) {
      if (code.size() > digits) ++count[code.substr(0, digits)];
    }
  }
  return count;
}

std::vector<RegionAt> seen_regions(const SqlScene& scene) {
  const auto* const table = scene.view().regions.get();
  auto codes = sites_by_code(scene);
  if (table != nullptr) {
    for (const auto& region : table->rows()) {
      if (scene.sees_region(region.code)) codes.try_emplace(region.code, 0);
    }
  }
  std::vector<RegionAt> rows;
  for (const auto& [code, sites] : codes) {
    const auto* region = table == nullptr ? nullptr : table->find(code);
    if (region == nullptr && table != nullptr) region = table->find_former(code);
    rows.push_back({.code = code, .region = region, .sites = sites});
  }
  return rows;
}
}  // namespace

std::unique_ptr<SqlTable> regions_table(const SqlScene& scene) {
  const auto* const table = scene.view().regions.get();
  ColumnList<RegionAt> columns;
  columns
      .add(
          "code", "TEXT", "2, 4 or 6 digits", [](const RegionAt& at, SqlValue& out) { out.text(at.code); }, true)
      .add("level", "INTEGER", "2 division, 4 prefecture, 6 county",
           [](const RegionAt& at, SqlValue& out) { out.count(std::uint64_t{at.code.size()}); })
      .add(
          "parent", "TEXT", "null: a division",
          [](const RegionAt& at, SqlValue& out) {
            out.text_or_null(at.code.substr(0, at.code.size() - std::min(kDivisionDigits, at.code.size())));
          },
          true)
      .add("name", "TEXT", "null: no list names it",
           [](const RegionAt& at, SqlValue& out) { at.region == nullptr ? out.null() : out.lasting_or_null(at.region->name); })
      .add("name_en", "TEXT", "",
           [](const RegionAt& at, SqlValue& out) { at.region == nullptr ? out.null() : out.lasting_or_null(at.region->name_en); })
      .add("hub", "TEXT", "what sites in it belong to",
           [table](const RegionAt& at, SqlValue& out) {
             const auto* const hub = table == nullptr ? nullptr : table->hub_of(at.code);
             hub == nullptr ? out.null() : out.lasting_or_null(hub->hub);
           })
      .add("hub_cluster", "TEXT", "",
           [table](const RegionAt& at, SqlValue& out) {
             const auto* const hub = table == nullptr ? nullptr : table->hub_of(at.code);
             hub == nullptr ? out.null() : out.lasting_or_null(hub->hub_cluster);
           })
      .add("year", "INTEGER", "of the list that names it",
           [](const RegionAt& at, SqlValue& out) { at.region == nullptr ? out.null() : out.whole(at.region->year); })
      .add("sites", "INTEGER", "in it and below it", [](const RegionAt& at, SqlValue& out) { out.count(at.sites); });
  return std::make_unique<ListTable<RegionAt>>(columns.take(), [&scene] { return seen_regions(scene); });
}

}  // namespace capmap
