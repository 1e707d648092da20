// A code list of regions: what it changes, and that it is in force.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/region_table.hpp"
#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/region_list_json.hpp"
#include "controller/http/resources.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostShown = 1'000;  ///< of each kind of change; all are counted

Json changes_json(const std::vector<RegionChange>& changes) {
  Json shown = Json::array();
  for (std::size_t i = 0; i < std::min(changes.size(), kMostShown); ++i) {
    const auto& change = changes[i];
    Json entry = {{"code", change.code}};
    if (!change.before.empty()) entry["before"] = change.before;
    if (!change.now.empty()) entry["now"] = change.now;
    shown.push_back(std::move(entry));
  }
  return {{"count", changes.size()}, {"shown", std::move(shown)}};
}

Json sites_json(const std::vector<Site>& sites) {
  Json shown = Json::array();
  for (std::size_t i = 0; i < std::min(sites.size(), kMostShown); ++i) {
    shown.push_back({{"id", to_text(sites[i].id)}, {"name", text_or_null(sites[i].name)}, {"region", sites[i].region}});
  }
  return {{"count", sites.size()}, {"shown", std::move(shown)}};
}

Outcome import_answer(const Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
  const auto& what = std::get<AdminAnswer>(answer).what;
  if (const auto* error = std::get_if<Error>(&what)) return error_response(*error);
  const auto* const imported = std::get_if<RegionsImported>(&what);
  if (imported == nullptr) return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was not of regions"});
  return json_response({{"year", imported->list.year},
                        {"regions", imported->rows},
                        {"dry_run", imported->dry_run},
                        {"changed", imported->changed},
                        {"added", changes_json(imported->changes.added)},
                        {"renamed", changes_json(imported->changes.renamed)},
                        {"gone", changes_json(imported->changes.gone)},
                        {"sites_not_listed", sites_json(imported->outside)}});
}

}  // namespace

Outcome post_regions(const Call& call) {
  auto import = read_region_import(call.request.body);
  if (!import) return error_response(import.error());
  const auto& regions = call.view->regions;
  if (!regions) return problem_response({.status = 503, .word = "no-regions", .detail = "this controller has no catalog of regions"});
  return Ask{.question = AdminRequest{.ticket = 0,
                                      .what = ImportRegions{.list = std::move(import->list),
                                                            .catalog = regions->catalog() ? regions->catalog() : regions,
                                                            .dry_run = import->dry_run}},
             .then = import_answer};
}

}  // namespace capmap
