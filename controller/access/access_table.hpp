#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "controller/access/principal.hpp"

namespace capmap {

/// Somebody who may log in or own API tokens. The password is kept as argon2id's text alone.
struct User {
  std::string name;  ///< unique; the key
  Role role = Role::kViewer;
  Scope scope{};
  std::string password_hash{};  ///< empty: no password does; tokens and a proxy may
  std::uint64_t created_unix_ms = 0;
  std::optional<std::uint64_t> expires_unix_ms{};
  bool disabled = false;
  std::optional<std::uint64_t> last_used_unix_ms{};  ///< to the hour
  bool operator==(const User&) const = default;
};

/// A program's way in: 256 random bits, of which only the hash is kept. It may what its user may, and no more than it says itself.
struct ApiToken {
  std::string id{};  ///< for people: no secret
  std::string user;
  std::string secret_hash;  ///< BLAKE2b-256, hex
  Role role = Role::kViewer;
  Scope scope{};
  std::string label{};
  std::uint64_t created_unix_ms = 0;
  std::optional<std::uint64_t> expires_unix_ms{};
  std::optional<std::uint64_t> last_used_unix_ms{};  ///< to the hour
  bool operator==(const ApiToken&) const = default;
};

inline constexpr const char* kApiTokenPrefix = "cma1.";  ///< so that one that got out is known for what it is
inline constexpr std::size_t kMostUsers = 10'000, kMostTokensOfUser = 100;
/// A new token's text: the prefix and 52 base32 characters. Thread: any.
std::string random_api_token();
/// The public id of a token with that hash.
std::string api_token_id(const std::string& secret_hash);

/// Who may ask for what, as it stands on disk. Never changed once it is published.
class AccessTable {
 public:
  AccessTable(std::vector<User> users, std::vector<ApiToken> tokens);

  [[nodiscard]] const std::vector<User>& users() const { return users_; }  ///< ascending by name
  [[nodiscard]] const std::vector<ApiToken>& tokens() const { return tokens_; }
  [[nodiscard]] const User* find(std::string_view name) const;
  /// The user where they may ask now. Errors: kDenied with the reason (not known, disabled, expired).
  [[nodiscard]] Result<const User*> may_ask(std::string_view name, std::uint64_t now_unix_ms) const;
  /// Who shows a token of that hash. Compares in constant time. Errors: kAbsent (no such token), kDenied with the reason.
  [[nodiscard]] Result<Principal> by_token(const std::string& secret_hash, std::uint64_t now_unix_ms) const;

 private:
  std::vector<User> users_;
  std::vector<ApiToken> tokens_;
  std::unordered_multimap<std::string, std::size_t> by_prefix_;  ///< first characters of the hash ▶ place in tokens_
};

/// A user who has shown to be that one.
Principal principal_of(const User& user, Via via);
/// Compares secrets of any length without telling by its time where they differ.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace capmap
