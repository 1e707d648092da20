// The national bulletin: one moment of the map, as JSON, CSV, Markdown or a page, in English or Chinese.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "controller/http/bulletin.hpp"
#include "controller/http/csv_table.hpp"
#include "controller/http/map_json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/http/view_head.hpp"
#include "controller/map/headlines.hpp"

namespace capmap {
namespace {

constexpr std::array<const char*, 4> kForms = {"json", "csv", "md", "html"};
constexpr std::array<const char*, 2> kLanguages = {"en", "zh"};
constexpr std::array<const char*, 6> kSubjects = {"compute", "intelligent", "storage", "advanced_storage", "hub_share", "racks"};

/// Place of a parameter's word in a list of words; errors: kMalformed naming those there are.
template <std::size_t kCount>
Result<std::size_t> read_word(const Target& target, const char* name, const std::array<const char*, kCount>& words, std::size_t otherwise) {
  const auto given = parameter(target, name);
  if (!given) return otherwise;
  const auto* const found = std::ranges::find(words, *given, [](const char* word) { return std::string_view(word); });
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string known;
  for (const char* word : words) known += (known.empty() ? "" : ", ") + std::string(word);
  return Error{ErrorCode::kMalformed, std::string(name) + " is \"" + *given + "\": one of " + known};
}

Json groups_json(const Rollup& rollup, const char* dimension, const Measures& measures) {
  Json rows = Json::array();
  for (const auto& group : rollup.groups) rows.push_back(group_json(group, {{dimension, text_or_null(group.key[0])}}, measures));
  return rows;
}

Json as_json(const Call& call, const Bulletin& bulletin, const SharedSums& shared) {
  Json answer = view_head(call);
  if (!bulletin.scope.empty()) answer["scope"] = bulletin.scope;
  answer["version"] = bulletin.version;
  answer["published"] = Json::array();
  for (const auto& one : headlines()) {
    answer["published"].push_back({{"subject", kSubjects[static_cast<std::size_t>(one.subject)]},
                                   {"date", one.date},
                                   {"figure", one.figure},
                                   {"basis", one.basis},
                                   {"source", one.source},
                                   {"confidence", one.confidence}});
  }
  const auto& measures = bulletin.measures;
  answer["total"] = group_json(bulletin.regions.total, Json::object(), measures);
  answer["total"]["storage"]["shared"] = shared.total();
  answer["by_region"] = groups_json(bulletin.regions, "region_2", measures);
  for (std::size_t i = 0; i < bulletin.regions.groups.size(); ++i) {
    answer["by_region"][i]["storage"]["shared"] = shared.of_group(bulletin.regions.groups[i].key);
  }
  answer["by_hub"] = groups_json(bulletin.hubs, "hub", measures);
  answer["by_compute_class"] = groups_json(bulletin.classes, "compute_class", measures);
  answer["by_owner_class"] = groups_json(bulletin.owners, "owner_class", measures);
  return answer;
}

}  // namespace

Outcome get_bulletin(const Call& call) {
  const auto form = read_word(call.target, "format", kForms, wants_csv(call.request) ? 1 : 0);
  if (!form) return error_response(form.error());
  const auto language = read_word(call.target, "lang", kLanguages, 0);
  if (!language) return error_response(language.error());
  const auto& principal = call.asker->principal;
  auto bulletin = make_bulletin(*call.view, scope_filter(principal, *call.view), call.now_boot_ms);
  const SharedSums shared(*call.view, {Dimension::kRegion2}, nullptr);
  bulletin.shared = shared.sum();
  bulletin.version = call.version;
  if (principal.scoped()) bulletin.scope = scope_text(principal);
  if (*form == 0) return json_response(as_json(call, bulletin, shared));
  const auto document = bulletin_document(bulletin, static_cast<BulletinLanguage>(*language));
  HttpResponse response{.status = 200, .content_type = "text/csv; charset=utf-8", .body = {}, .headers = {{"Vary", "Accept"}}};
  if (*form == 1) response.body = bulletin_csv(document);
  if (*form == 2) {
    response.content_type = "text/markdown; charset=utf-8";
    response.body = bulletin_markdown(document);
  }
  if (*form == 3) {
    response.content_type = "text/html; charset=utf-8";
    response.body = bulletin_page(document);
    response.headers.emplace_back("Content-Security-Policy", bulletin_policy());
  }
  return response;
}

}  // namespace capmap
