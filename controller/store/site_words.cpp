#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "common/region_table.hpp"
#include "controller/store/declared_words.hpp"
#include "controller/store/store.hpp"

namespace capmap {
namespace {

Result<Done> one_of(const char* field, const std::string& value, std::initializer_list<std::string_view> allowed) {
  if (value.empty() || std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return Done{};
  std::string words;
  for (const auto word : allowed) words += (words.empty() ? "" : ", ") + std::string(word);
  return Error{ErrorCode::kMalformed, std::string(field) + ": \"" + value + "\" is not one of " + words};
}

bool printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

Result<Done> validate_site(const Site& site) {
  if (site.name.empty() || site.name.size() > 100 || !printable(site.name)) {
    return Error{ErrorCode::kMalformed, "name: must be 1 to 100 bytes without control characters"};
  }
  for (const auto& [field, text] : {std::pair{"hub", &site.hub}, {"hub_cluster", &site.hub_cluster}, {"industry", &site.industry}}) {
    if (text->size() <= 100 && printable(*text)) continue;
    return Error{ErrorCode::kMalformed, std::string(field) + ": must be at most 100 bytes without control characters"};
  }
  if (!site.region.empty() && !is_region_code(site.region)) {
    return Error{ErrorCode::kMalformed, "region: \"" + site.region + "\" is not a code of 2, 4 or 6 digits (11, 1101, 110108)"};
  }
  const std::array checks = {
      one_of("owner_class", site.owner_class, {"government", "state-owned", "private", "foreign-or-joint", "university-or-research"}),
      one_of("compute_class", site.compute_class, {"general", "intelligent", "super", "edge"}),
      one_of("service", site.service, {"public", "private", "hybrid"}),
  };
  for (const auto& result : checks) {
    if (!result) return result.error();
  }
  if (site.security_level && *site.security_level > 5) {
    return Error{ErrorCode::kMalformed, "security_level: must be 0 (unrated) to 5"};
  }
  return validate_declared(site.declared);
}

}  // namespace capmap
