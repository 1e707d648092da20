// The tree of regions as it is known, with what stands where: those of the catalog, also where nothing reports, and the codes that sites
// declare below them.
#include <map>
#include <nlohmann/json.hpp>

#include "common/region_table.hpp"
#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {
namespace {

/// What stands in a region and all below it.
struct Standing {
  std::uint64_t sites = 0, installed = 0, healthy = 0, available = 0;
};

Json standing_json(const Standing& standing) {
  return {{"sites", standing.sites},
          {"nodes", {{"installed", standing.installed}, {"healthy", standing.healthy}, {"available", standing.available}}}};
}

/// By code; "" = sites that declare none.
class Regions {
 public:
  explicit Regions(const MapView& view) : table_(view.regions.get()) {
    for (std::size_t i = 0; table_ != nullptr && i < table_->rows().size(); ++i) standing_[table_->rows()[i].code];
    for (const auto& site : view.sites) {
      if (site) add(site->region, [](Standing& at) { ++at.sites; });
    }
    const RollupQuery query{
        .by = {Dimension::kRegion}, .filter = std::nullopt, .measures = Measures().set(static_cast<std::size_t>(Measure::kNodes))};
    const auto by_code = roll_up_query(view, query, view.at_boot_ms);
    for (const auto& group : by_code.groups) {
      add(group.key.front(), [&group](Standing& at) {
        at.installed += group.installed_nodes;
        at.healthy += group.healthy_nodes;
        at.available += group.available_nodes;
      });
    }
  }

  [[nodiscard]] Json json() const {
    Json all = Json::array();
    for (const auto& [code, standing] : standing_) {
      if (code.empty()) continue;
      Json entry = standing_json(standing);
      entry["code"] = code;
      const auto* const region = table_ == nullptr ? nullptr : named(code);
      const auto* const hub = table_ == nullptr ? nullptr : table_->hub_of(code);
      entry["name"] = region == nullptr ? Json(nullptr) : Json(region->name);
      entry["name_en"] = region == nullptr ? Json(nullptr) : text_or_null(region->name_en);
      entry["year"] = region == nullptr ? Json(nullptr) : Json(region->year);
      entry["listed"] = table_ == nullptr || !table_->is_detailed(code) ? Json(nullptr) : Json(table_->is_listed(code));
      entry["hub"] = hub == nullptr ? Json(nullptr) : Json(hub->hub);
      entry["hub_cluster"] = hub == nullptr ? Json(nullptr) : Json(hub->hub_cluster);
      entry["tile"] =
          region == nullptr || !region->tile_column ? Json(nullptr) : Json{{"column", *region->tile_column}, {"row", *region->tile_row}};
      all.push_back(std::move(entry));
    }
    return all;
  }

  [[nodiscard]] Json undeclared_json() const {
    const auto at = standing_.find("");
    return standing_json(at == standing_.end() ? Standing{} : at->second);
  }

 private:
  /// What a site declares may be a code of former years.
  [[nodiscard]] const Region* named(const std::string& code) const {
    const auto* const region = table_->find(code);
    return region != nullptr ? region : table_->find_former(code);
  }
  /// To a code and all it lies below.
  template <class Change>
  void add(const std::string& code, Change change) {
    change(standing_[code]);
    for (const auto digits : {kDivisionDigits, kPrefectureDigits}) {
      if (code.size() > digits) change(standing_[code.substr(0, digits)]);
    }
  }

  const RegionTable* table_;
  std::map<std::string, Standing> standing_;
};

}  // namespace

Outcome get_regions(const Call& call) {
  const auto etag = revision_etag(*call.view);
  if (auto same = not_modified(call, etag)) return *same;
  const Regions regions(*call.view);
  const auto& table = call.view->regions;
  auto response = json_response({{"revision", call.view->revision},
                                 {"epoch", hex_text(call.view->epoch)},
                                 {"list_year", table && table->list_year() != 0 ? Json(table->list_year()) : Json(nullptr)},
                                 {"regions", regions.json()},
                                 {"undeclared", regions.undeclared_json()}});
  response.headers.emplace_back("ETag", etag);
  return response;
}

}  // namespace capmap
