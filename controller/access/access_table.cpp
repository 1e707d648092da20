#include "controller/access/access_table.hpp"

#include <sodium.h>

#include <algorithm>

#include "common/join_token.hpp"

namespace capmap {
namespace {

constexpr std::size_t kIdCharacters = 16, kPrefixCharacters = 8;

}  // namespace

std::string random_api_token() {
  return kApiTokenPrefix + random_secret() + random_secret();
}

std::string api_token_id(const std::string& secret_hash) {
  return secret_hash.substr(0, kIdCharacters);
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

AccessTable::AccessTable(std::vector<User> users, std::vector<ApiToken> tokens) : users_(std::move(users)), tokens_(std::move(tokens)) {
  std::sort(users_.begin(), users_.end(), [](const User& a, const User& b) { return a.name < b.name; });
  for (std::size_t i = 0; i < tokens_.size(); ++i) by_prefix_.emplace(tokens_[i].secret_hash.substr(0, kPrefixCharacters), i);
}

const User* AccessTable::find(std::string_view name) const {
  const auto found =
      std::lower_bound(users_.begin(), users_.end(), name, [](const User& user, std::string_view n) { return user.name < n; });
  return found != users_.end() && found->name == name ? &*found : nullptr;
}

Result<const User*> AccessTable::may_ask(std::string_view name, std::uint64_t now_unix_ms) const {
  const User* const user = find(name);
  const auto refuse = [&name](const char* why) { return Error{ErrorCode::kDenied, "user " + std::string(name) + " " + why}; };
  if (user == nullptr) return refuse("is not known here: an admin adds one with capmapctl users add");
  if (user->disabled) return refuse("is disabled: an admin lets them in again with capmapctl users edit --enable");
  if (user->expires_unix_ms && *user->expires_unix_ms <= now_unix_ms) {
    return refuse("has expired: an admin gives them longer with capmapctl users edit --expires");
  }
  return user;
}

Result<Principal> AccessTable::by_token(const std::string& secret_hash, std::uint64_t now_unix_ms) const {
  const auto [begin, end] = by_prefix_.equal_range(secret_hash.substr(0, kPrefixCharacters));
  for (auto at = begin; at != end; ++at) {
    const ApiToken& token = tokens_[at->second];
    if (!same_secret(token.secret_hash, secret_hash)) continue;
    if (token.expires_unix_ms && *token.expires_unix_ms <= now_unix_ms) {
      return Error{ErrorCode::kDenied, "API token " + token.id + " of " + token.user + " has expired: make a new one"};
    }
    const auto user = may_ask(token.user, now_unix_ms);
    if (!user) return user.error();
    Principal principal = principal_of(**user, Via::kApiToken);
    principal.role = std::min(principal.role, token.role);
    principal.token_id = token.id;
    if (!token.scope.everything()) principal.scopes.push_back(token.scope);
    return principal;
  }
  return Error{ErrorCode::kAbsent, "this is no token of this controller, or it was revoked"};
}

Principal principal_of(const User& user, Via via) {
  Principal principal{.name = user.name, .role = user.role, .scopes = {}, .via = via, .token_id = {}};
  if (!user.scope.everything()) principal.scopes.push_back(user.scope);
  return principal;
}

}  // namespace capmap
