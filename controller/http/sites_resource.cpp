#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "common/region_table.hpp"
#include "controller/http/declared_json.hpp"
#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/record_json.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/site_codes_json.hpp"
#include "controller/store/declared_words.hpp"
#include "controller/store/store.hpp"

namespace capmap {

Json site_json(const Site& site) {
  return {{"id", to_text(site.id)},
          {"name", text_or_null(site.name)},
          {"region", text_or_null(site.region)},
          {"owner_class", text_or_null(site.owner_class)},
          {"compute_class", text_or_null(site.compute_class)},
          {"service", text_or_null(site.service)},
          {"security_level", site.security_level ? Json(*site.security_level) : Json(nullptr)},
          {"hub", text_or_null(site.hub)},
          {"hub_cluster", text_or_null(site.hub_cluster)},
          {"industry", text_or_null(site.industry)},
          {"public_compute", site.public_compute ? Json(*site.public_compute) : Json(nullptr)},
          {"declared", declared_json(site.declared)},
          {"codes", codes_json(site.codes)}};
}

namespace {

Result<Site> read_site(const std::string& body) {
  std::vector<std::string> known = {"name",           "region", "owner_class", "compute_class", "service",
                                    "security_level", "hub",    "hub_cluster", "industry",      "public_compute"};
  const std::string declared_prefix = "declared.";
  std::ranges::move(declared_members(declared_prefix), std::back_inserter(known));
  const auto object = BodyObject::parse(body, known);
  if (!object) return object.error();
  Site site;
  const std::array<std::pair<const char*, std::string*>, 8> texts = {{{"name", &site.name},
                                                                      {"region", &site.region},
                                                                      {"owner_class", &site.owner_class},
                                                                      {"compute_class", &site.compute_class},
                                                                      {"service", &site.service},
                                                                      {"hub", &site.hub},
                                                                      {"hub_cluster", &site.hub_cluster},
                                                                      {"industry", &site.industry}}};
  for (const auto& [name, place] : texts) {
    const auto text = object->text(name);
    if (!text) return text.error();
    *place = text->value_or("");
  }
  const auto level = object->number("security_level", 0, 5);
  if (!level) return level.error();
  if (*level) site.security_level = static_cast<std::uint32_t>(**level);
  const auto open = object->truth("public_compute");
  if (!open) return open.error();
  site.public_compute = *open;
  auto declared = read_declared(*object, declared_prefix);
  if (!declared) return declared.error();
  site.declared = std::move(*declared);
  if (auto valid = validate_site(site); !valid) return valid.error();
  return site;
}

Outcome site_answer(const Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
  const auto& what = std::get<AdminAnswer>(answer).what;
  if (const auto* site = std::get_if<Site>(&what)) return json_response(site_json(*site), 201);
  if (const auto* declared = std::get_if<SiteDeclared>(&what)) return json_response(site_json(declared->site));
  const auto* error = std::get_if<Error>(&what);
  if (error == nullptr) return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was not a site"});
  if (error->code != ErrorCode::kDenied) return error_response(*error);
  return problem_response({.status = 409, .word = "site-exists", .detail = error->what});
}

}  // namespace

Outcome get_sites(const Call& call) {
  const auto etag = revision_etag(*call.view);
  if (auto same = not_modified(call, etag)) return *same;
  Json sites = Json::array();
  for (const auto& site : call.view->sites) {
    if (site) sites.push_back(site_json(*site));
  }
  Json answer;
  answer["revision"] = call.view->revision;
  answer["epoch"] = hex_text(call.view->epoch);
  answer["sites"] = std::move(sites);
  auto response = json_response(answer);
  response.headers.emplace_back("ETag", etag);
  return response;
}

Outcome post_site(const Call& call) {
  auto site = read_site(call.request.body);
  if (!site) return error_response(site.error());
  const auto* const regions = call.view == nullptr ? nullptr : call.view->regions.get();  // no view: the map has not begun yet
  if (regions != nullptr && !site->region.empty()) {
    if (auto known = regions->check_code(site->region); !known) return error_response(known.error());
  }
  return Ask{.question = AdminRequest{.ticket = 0, .what = AddSite{std::move(*site)}}, .then = site_answer};
}

Outcome post_declared(const Call& call) {
  const auto object = BodyObject::parse(call.request.body, declared_members(""));
  if (!object) return error_response(object.error());
  auto declared = read_declared(*object, "");
  if (!declared) return error_response(declared.error());
  if (auto valid = validate_declared(*declared); !valid) return error_response(valid.error());
  return Ask{.question = AdminRequest{.ticket = 0, .what = DeclareSite{.site = call.path_value, .declared = std::move(*declared)}},
             .then = site_answer};
}

}  // namespace capmap
