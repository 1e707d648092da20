// Codes that registries gave a site, for its descriptors.
#include <nlohmann/json.hpp>

#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/site_codes_json.hpp"
#include "controller/store/site_codes.hpp"

namespace capmap {
namespace {

Outcome codes_answer(const Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
  const auto& what = std::get<AdminAnswer>(answer).what;
  if (const auto* error = std::get_if<Error>(&what)) return error_response(*error);
  const auto* const coded = std::get_if<SiteCoded>(&what);
  if (coded == nullptr) return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was not a site"});
  return json_response(
      {{"id", to_text(coded->site.id)}, {"name", text_or_null(coded->site.name)}, {"codes", codes_json(coded->site.codes)}});
}

}  // namespace

Json codes_json(const SiteCodes& codes) {
  if (codes.empty()) return nullptr;
  const std::string zones = kPoolZones, object = zones.substr(0, zones.size() - 1);
  Json out = Json::object();
  for (const char* name : kSiteCodeNames) {
    if (const auto at = codes.find(name); at != codes.end()) out[name] = at->second;
  }
  for (const auto& [name, code] : codes) {
    if (name.starts_with(zones)) out[object][name.substr(zones.size())] = code;
  }
  return out;
}

Outcome post_codes(const Call& call) {
  std::vector<std::string> known(kSiteCodeNames.begin(), kSiteCodeNames.end());
  known.push_back(std::string(kPoolZones) + "*");
  const auto object = BodyObject::parse(call.request.body, known);
  if (!object) return error_response(object.error());
  known.pop_back();
  for (const auto& pool : object->names_below(kPoolZones)) known.push_back(kPoolZones + pool);
  CodeSite request{.site = call.path_value, .codes = {}};
  for (const auto& name : known) {
    const auto code = object->text(name.c_str());
    if (!code) return error_response(code.error());
    if (*code) request.codes.emplace(name, **code);
  }
  if (auto valid = validate_codes(request.codes); !valid) return error_response(valid.error());
  return Ask{.question = AdminRequest{.ticket = 0, .what = std::move(request)}, .then = codes_answer};
}

}  // namespace capmap
