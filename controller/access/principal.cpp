#include "controller/access/principal.hpp"

#include <algorithm>

namespace capmap {
namespace {

constexpr std::size_t kMostNameBytes = 64, kMostRegionDigits = 6;
constexpr std::array kOwnNames = {"admin", "anonymous", "join", "controller", "system"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

template <class T>
void sort_once(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

std::optional<Role> parse_role(std::string_view word) {
  const auto* const found = std::find(kRoleNames.begin(), kRoleNames.end(), word);
  if (found == kRoleNames.end()) return std::nullopt;
  return static_cast<Role>(found - kRoleNames.begin());
}

bool Scope::covers(const SiteId& site, std::string_view region) const {
  if (everything() || std::binary_search(sites.begin(), sites.end(), site)) return true;
  return std::any_of(regions.begin(), regions.end(), [region](const std::string& code) { return region.starts_with(code); });
}

Result<Scope> make_scope(std::vector<std::string> regions, std::vector<SiteId> sites) {
  for (const auto& code : regions) {
    if (code.empty() || code.size() > kMostRegionDigits || !std::all_of(code.begin(), code.end(), is_digit)) {
      return Error{ErrorCode::kMalformed, "regions: \"" + code + "\" is no region's code such as 11, 1101 or 110108"};
    }
  }
  sort_once(regions);
  sort_once(sites);
  if (regions.size() + sites.size() > kMostScopeParts) {
    return Error{ErrorCode::kMalformed, "regions, sites: a scope may have at most " + std::to_string(kMostScopeParts) + " parts"};
  }
  return Scope{.regions = std::move(regions), .sites = std::move(sites)};
}

std::string to_text(const Scope& scope) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  for (const auto& code : scope.regions) add("region " + code);
  for (const auto& site : scope.sites) add("site " + to_text(site));
  return text.empty() ? "everything" : text;
}

bool Principal::may_touch(const SiteId& site, std::string_view region) const {
  return std::all_of(scopes.begin(), scopes.end(), [&](const Scope& scope) { return scope.covers(site, region); });
}

bool Principal::may_add_site(std::string_view region) const {
  return may_touch(SiteId{}, region);
}

std::string scope_text(const Principal& principal) {
  std::string text;
  for (const auto& scope : principal.scopes) text += (text.empty() ? "" : "; ") + to_text(scope);
  return text.empty() ? "everything" : text;
}

std::string origin_text(const Asker& asker) {
  switch (asker.principal.via) {
    case Via::kNobody: return asker.address;
    case Via::kAdminToken: return asker.address + ", admin.token";
    case Via::kApiToken: return asker.address + ", API token " + asker.principal.token_id;
    case Via::kSession: return asker.address + ", session";
    case Via::kProxy: return asker.address + ", proxy";
  }
  return asker.address;
}

Result<Done> check_user_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c); };
  const auto good = [&plain](char c) { return plain(c) || c == '.' || c == '_' || c == '@' || c == '-'; };
  if (name.empty() || name.size() > kMostNameBytes || !plain(name.front()) || !std::all_of(name.begin(), name.end(), good)) {
    return Error{ErrorCode::kMalformed, "name: must be 1 to 64 of a-z 0-9 . _ @ - and begin with a letter or digit"};
  }
  if (std::find(kOwnNames.begin(), kOwnNames.end(), name) != kOwnNames.end()) {
    return Error{ErrorCode::kMalformed, "name: \"" + std::string(name) + "\" is one the controller itself goes by"};
  }
  return Done{};
}

}  // namespace capmap
