#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"

namespace capmap {

/// What somebody may do; each may what those before it may. A viewer reads; an operator changes what stands at sites of the own scope; an
/// admin changes what is everybody's: users, lists, imports.
enum class Role : unsigned char { kViewer, kOperator, kAdmin };
inline constexpr std::array kRoleNames = {"viewer", "operator", "admin"};
std::optional<Role> parse_role(std::string_view word);
inline const char* to_word(Role role) {
  return kRoleNames[static_cast<std::size_t>(role)];
}

/// The part of the map somebody is let see and change: sites whose region's code begins with one of `regions`, and `sites` themselves.
/// Both empty: all of it.
struct Scope {
  std::vector<std::string> regions;  ///< codes of the region tree, ascending
  std::vector<SiteId> sites;         ///< ascending
  bool operator==(const Scope&) const = default;
  [[nodiscard]] bool everything() const { return regions.empty() && sites.empty(); }
  /// `region`: of the site; empty where it is not declared, which no region covers.
  [[nodiscard]] bool covers(const SiteId& site, std::string_view region) const;
};
inline constexpr std::size_t kMostScopeParts = 100;
/// Parts in order, each once. Errors: kMalformed (a region that is not 1 to 6 digits; too many parts).
Result<Scope> make_scope(std::vector<std::string> regions, std::vector<SiteId> sites);
/// "region 11, region 3205, site s-…"; "everything".
std::string to_text(const Scope& scope);

/// How it was shown who asks.
enum class Via : unsigned char { kNobody, kAdminToken, kApiToken, kSession, kProxy };

/// Who asks, and what they may.
struct Principal {
  std::string name = "anonymous";
  Role role = Role::kViewer;
  std::vector<Scope> scopes{};  ///< what all of them cover: the user's, then the token's; none of them is everything()
  Via via = Via::kNobody;
  std::string token_id{};  ///< of the API token
  bool operator==(const Principal&) const = default;
  [[nodiscard]] bool may(Role least) const { return role >= least; }
  [[nodiscard]] bool scoped() const { return !scopes.empty(); }
  [[nodiscard]] bool may_touch(const SiteId& site, std::string_view region) const;
  /// True where a site that does not exist yet, of that region, would be theirs.
  [[nodiscard]] bool may_add_site(std::string_view region) const;
};
/// Of all its scopes: "region 11; site s-…".
std::string scope_text(const Principal& principal);

/// Somebody at some address.
struct Asker {
  Principal principal;
  std::string address;  ///< as the connection, or a trusted proxy, says
};
/// "192.0.2.1, API token 1a2b…", for the audit.
std::string origin_text(const Asker& asker);

/// Errors: kMalformed: 1 to 64 characters of a-z 0-9 . _ @ - beginning with a letter or digit, and none of the names the program uses.
Result<Done> check_user_name(std::string_view name);

}  // namespace capmap
