#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "common/region_table.hpp"
#include "controller/map/field_words.hpp"
#include "controller/store/declared_words.hpp"
#include "controller/store/store.hpp"

namespace capmap {
namespace {

Result<Done> one_of(const char* field, const std::string& value, std::span<const std::string_view> allowed) {
  if (value.empty() || std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return Done{};
  std::string words;
  for (const auto word : allowed) words += (words.empty() ? "" : ", ") + std::string(word);
  return Error{ErrorCode::kMalformed, std::string(field) + ": \"" + value + "\" is not one of " + words};
}

Error wrong(const char* text) {
  return {ErrorCode::kMalformed, text};
}

bool printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<Done> check_name(const std::string& name) {
  if (!name.empty() && name.size() <= 100 && printable(name)) return Done{};
  return wrong("name: must be 1 to 100 bytes without control characters");
}

/// Where it lies and what it uses.
Result<Done> check_figures(const Site& site) {
  if (site.latitude_udeg.has_value() != site.longitude_udeg.has_value()) {
    return wrong(site.latitude_udeg ? "longitude: must be declared with latitude, or neither"
                                    : "latitude: must be declared with longitude, or neither");
  }
  const auto within = [](const std::optional<std::int32_t>& degrees, std::int32_t most) {
    return !degrees || (*degrees >= -most && *degrees <= most);
  };
  if (!within(site.latitude_udeg, kMostLatitudeUdeg)) return wrong("latitude: must be -90 to 90 degrees");
  if (!within(site.longitude_udeg, kMostLongitudeUdeg)) return wrong("longitude: must be -180 to 180 degrees");
  if (site.pue_permille && (*site.pue_permille < kLeastPuePermille || *site.pue_permille > kMostPuePermille))
    return wrong("pue: must be 1.000 to 5.000");
  if (site.green_share_permille.value_or(0) > kMostGreenPermille) return wrong("green_share: must be 0 to 1000, in thousandths");
  return Done{};
}

}  // namespace

Result<Done> validate_site(const Site& site) {
  if (auto named = check_name(site.name); !named) return named;
  for (const auto& [field, text] : {std::pair{"hub", &site.hub},
                                    {"hub_cluster", &site.hub_cluster},
                                    {"industry", &site.industry},
                                    {"owner", &site.owner},
                                    {"filing_number", &site.filing_number}}) {
    if (text->size() <= 100 && printable(*text)) continue;
    return Error{ErrorCode::kMalformed, std::string(field) + ": must be at most 100 bytes without control characters"};
  }
  if (!site.region.empty() && !is_region_code(site.region)) {
    return Error{ErrorCode::kMalformed, "region: \"" + site.region + "\" is not a code of 2, 4 or 6 digits (11, 1101, 110108)"};
  }
  const std::array checks = {
      one_of("owner_class", site.owner_class, kOwnerClasses),
      one_of("compute_class", site.compute_class, kComputeClasses),
      one_of("service", site.service, kServices),
  };
  for (const auto& result : checks) {
    if (!result) return result.error();
  }
  if (site.security_level && *site.security_level > 5) {
    return Error{ErrorCode::kMalformed, "security_level: must be 0 (unrated) to 5"};
  }
  if (auto figures = check_figures(site); !figures) return figures;
  return validate_declared(site.declared);
}

Result<Done> validate_owner(const Owner& owner) {
  if (auto named = check_name(owner.name); !named) return named;
  return one_of("owner_class", owner.owner_class, kOwnerClasses);
}

Result<Done> validate_link(const TrunkLink& link) {
  if (auto named = check_name(link.name); !named) return named;
  if (link.gbps && (*link.gbps == 0 || *link.gbps > kMostGbps)) return wrong("gbps: must be 1 to 10000000");
  if (link.km.value_or(0) > kMostKm) return wrong("km: must be 0 to 100000");
  if (link.latency_us.value_or(0) > kMostLatencyUs) return wrong("ms: must be 0 to 60000");
  return Done{};
}

Result<std::string> owner_class_of(const Site& site, const Owner& owner) {
  if (owner.owner_class.empty() || site.owner_class == owner.owner_class) return site.owner_class;
  if (site.owner_class.empty()) return owner.owner_class;
  return Error{ErrorCode::kMalformed, "owner_class: is \"" + site.owner_class + "\", but its owner \"" + owner.name + "\" is \"" +
                                          owner.owner_class + "\": correct one of them, or leave the site's empty"};
}

}  // namespace capmap
