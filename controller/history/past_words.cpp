#include "controller/history/past_words.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "controller/store/declared_words.hpp"

namespace capmap {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<const char*, std::string Site::*>, 10> kSiteTexts = {{{"name", &Site::name},
                                                                                     {"region", &Site::region},
                                                                                     {"owner_class", &Site::owner_class},
                                                                                     {"compute_class", &Site::compute_class},
                                                                                     {"service", &Site::service},
                                                                                     {"hub", &Site::hub},
                                                                                     {"hub_cluster", &Site::hub_cluster},
                                                                                     {"industry", &Site::industry},
                                                                                     {"owner", &Site::owner},
                                                                                     {"filing_number", &Site::filing_number}}};
/// Whole numbers of either sign.
template <class Take>
void each_number(Take take) {
  take("latitude_udeg", &Site::latitude_udeg);
  take("longitude_udeg", &Site::longitude_udeg);
  take("pue_permille", &Site::pue_permille);
  take("green_share_permille", &Site::green_share_permille);
  take("security_level", &Site::security_level);
}

void put(Json& out, const char* name, const std::string& text) {
  if (!text.empty()) out[name] = text;
}

std::string text_at(const Json& from, const char* name) {
  const auto found = from.find(name);
  return found != from.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<Json> parse(std::string_view words) {
  auto parsed = Json::parse(words, nullptr, false);
  if (!parsed.is_object()) return Error{ErrorCode::kMalformed, "words of a site or pool that are no JSON object"};
  return parsed;
}

}  // namespace

std::string site_words(const Site& site) {
  Json out = Json::object();  // ordered by name
  for (const auto& [name, text] : kSiteTexts) put(out, name, site.*text);
  each_number([&](const char* name, auto member) {
    if (site.*member) out[name] = *(site.*member);
  });
  if (site.public_compute) out["public_compute"] = *site.public_compute;
  put(out, "declared", packed(site.declared));
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string pool_words(const Pool& pool) {
  Json out = Json::object();
  put(out, "name", pool.name);
  put(out, "compute_class", pool.compute_class);
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Site> site_of(const SiteId& id, std::string_view words) {
  const auto from = parse(words);
  if (!from) return from.error();
  Site site;
  site.id = id;
  for (const auto& [name, text] : kSiteTexts) site.*text = text_at(*from, name);
  each_number([&](const char* name, auto member) {
    using Number = typename std::remove_reference_t<decltype(site.*member)>::value_type;
    const auto number = from->find(name);
    if (number == from->end() || !number->is_number_integer()) return;
    const auto value = number->get<std::int64_t>();
    if (std::in_range<Number>(value)) site.*member = static_cast<Number>(value);
  });
  if (const auto open = from->find("public_compute"); open != from->end() && open->is_boolean()) site.public_compute = open->get<bool>();
  site.declared = unpacked_declared(text_at(*from, "declared"));
  return site;
}

Result<Pool> pool_of(const PoolId& id, const SiteId& site, std::string_view words) {
  const auto from = parse(words);
  if (!from) return from.error();
  return Pool{.id = id, .site = site, .name = text_at(*from, "name"), .compute_class = text_at(*from, "compute_class")};
}

}  // namespace capmap
