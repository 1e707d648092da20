#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>

#include "common/join_token.hpp"
#include "common/region_table.hpp"
#include "controller/http/columns_body.hpp"
#include "controller/http/declared_json.hpp"
#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/record_json.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/http/site_codes_json.hpp"
#include "controller/store/columns.hpp"
#include "controller/store/declared_words.hpp"
#include "controller/store/store.hpp"

namespace capmap {
namespace {

/// Of degrees, tenths are shown to anybody: where a machine hall stands is not everybody's business.
constexpr std::int32_t kTenthUdeg = 100'000;
constexpr double kUdegPerDegree = 1e6;

Json degrees_json(const std::optional<std::int32_t>& udeg, bool exact) {
  if (!udeg) return nullptr;
  if (exact) return *udeg / kUdegPerDegree;
  const auto half = *udeg < 0 ? -kTenthUdeg / 2 : kTenthUdeg / 2;
  return (*udeg + half) / kTenthUdeg / 10.0;
}

}  // namespace

Json site_json(const Site& site, bool exact) {
  return {{"id", to_text(site.id)},
          {"name", text_or_null(site.name)},
          {"region", text_or_null(site.region)},
          {"owner", text_or_null(site.owner)},
          {"owner_class", text_or_null(site.owner_class)},
          {"compute_class", text_or_null(site.compute_class)},
          {"service", text_or_null(site.service)},
          {"security_level", site.security_level ? Json(*site.security_level) : Json(nullptr)},
          {"filing_number", text_or_null(site.filing_number)},
          {"hub", text_or_null(site.hub)},
          {"hub_cluster", text_or_null(site.hub_cluster)},
          {"industry", text_or_null(site.industry)},
          {"public_compute", site.public_compute ? Json(*site.public_compute) : Json(nullptr)},
          {"latitude", degrees_json(site.latitude_udeg, exact)},
          {"longitude", degrees_json(site.longitude_udeg, exact)},
          {"pue", site.pue_permille ? Json(*site.pue_permille / 1e3) : Json(nullptr)},
          {"green_share", site.green_share_permille ? Json(*site.green_share_permille) : Json(nullptr)},
          {"declared", declared_json(site.declared)},
          {"codes", codes_json(site.codes)}};
}

namespace {

constexpr std::array kTextColumns = {"name",    "region",        "owner", "owner_class", "compute_class",
                                     "service", "filing_number", "hub",   "hub_cluster", "industry"};
constexpr std::array kNumberColumns = {"latitude", "longitude", "pue"};

Result<Site> read_site(const std::string& body) {
  std::vector<std::string> known(kTextColumns.begin(), kTextColumns.end());
  known.insert(known.end(), kNumberColumns.begin(), kNumberColumns.end());
  for (const char* name : {"security_level", "public_compute", "green_share"}) known.emplace_back(name);
  const std::string declared_prefix = "declared.";
  std::ranges::move(declared_members(declared_prefix), std::back_inserter(known));
  const auto object = BodyObject::parse(body, known);
  if (!object) return object.error();
  Site site;
  const auto set = [&site](const char* name, const Result<std::optional<std::string>>& text) -> Result<Done> {
    if (!text) return text.error();
    const auto done = site_column(name)->set(site, text->value_or(""));
    return done ? done : Error{ErrorCode::kMalformed, std::string(name) + ": " + done.error().what};
  };
  for (const char* name : kTextColumns) {
    if (auto done = set(name, object->text(name)); !done) return done.error();
  }
  for (const char* name : kNumberColumns) {
    if (auto done = set(name, object->decimal(name)); !done) return done.error();
  }
  const auto level = object->number("security_level", 0, 5);
  if (!level) return level.error();
  if (*level) site.security_level = static_cast<std::uint32_t>(**level);
  const auto green = object->number("green_share", 0, kMostGreenPermille);
  if (!green) return green.error();
  if (*green) site.green_share_permille = static_cast<std::uint32_t>(**green);
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
  if (const auto* site = std::get_if<Site>(&what)) return json_response(site_json(*site, true), 201);
  if (const auto* declared = std::get_if<SiteDeclared>(&what)) return json_response(site_json(declared->site, true));
  const auto* error = std::get_if<Error>(&what);
  if (error == nullptr) return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was not a site"});
  if (error->code != ErrorCode::kDenied) return error_response(*error);
  return problem_response({.status = 409, .word = "site-exists", .detail = error->what});
}

}  // namespace

Outcome get_sites(const Call& call) {
  auto etag = revision_etag(*call.view);
  if (call.by_admin) etag.insert(etag.size() - 1, "-exact");
  etag.insert(etag.size() - 1, scope_tag(call.asker->principal));
  const bool columns = wants_columns(call.request);
  if (columns) etag.insert(etag.size() - 1, "-columns");
  if (auto same = not_modified(call, etag)) return *same;
  Json sites = Json::array();
  for (std::size_t i = 0; i < call.view->sites.size(); ++i) {
    const auto& site = call.view->sites[i];
    if (!site || !may_see(call, *site)) continue;
    sites.push_back(site_json(*site, call.by_admin));
    sites.back()["service_order"] = group_order_json(*call.view, GroupOrders::Kind::kSite, i);
  }
  Json answer;
  answer["revision"] = call.view->revision;
  answer["epoch"] = hex_text(call.view->epoch);
  answer["coordinates"] = call.by_admin ? "exact" : "tenths of a degree";
  if (call.asker->principal.scoped()) answer["scope"] = scope_text(call.asker->principal);
  answer["sites"] = std::move(sites);
  auto response = columns ? columns_response(answer, "sites") : json_response(answer);
  response.headers.emplace_back("ETag", etag);
  response.headers.emplace_back("Vary", "Authorization, Accept");
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
