#include "controller/http/access_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/http/problem.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kMostLifetimeS = 3'660ULL * 86'400;

Json time_or_null(const std::optional<std::uint64_t>& unix_ms) {
  return unix_ms ? Json(rfc3339_ms(*unix_ms)) : Json(nullptr);
}

Json scope_json(const Scope& scope) {
  Json regions = Json::array(), sites = Json::array();
  for (const auto& code : scope.regions) regions.push_back(code);
  for (const auto& site : scope.sites) sites.push_back(to_text(site));
  return {{"regions", std::move(regions)}, {"sites", std::move(sites)}};
}

}  // namespace

Json user_json(const User& user, std::size_t tokens) {
  return {{"name", user.name},
          {"role", to_word(user.role)},
          {"scope", user.scope.everything() ? Json(nullptr) : scope_json(user.scope)},
          {"has_password", !user.password_hash.empty()},
          {"disabled", user.disabled},
          {"created_at", rfc3339_ms(user.created_unix_ms)},
          {"expires_at", time_or_null(user.expires_unix_ms)},
          {"last_used", time_or_null(user.last_used_unix_ms)},
          {"api_tokens", tokens}};
}

Json api_token_json(const ApiToken& token) {
  return {{"id", token.id},
          {"user", token.user},
          {"role", to_word(token.role)},
          {"scope", token.scope.everything() ? Json(nullptr) : scope_json(token.scope)},
          {"label", text_or_null(token.label)},
          {"created_at", rfc3339_ms(token.created_unix_ms)},
          {"expires_at", time_or_null(token.expires_unix_ms)},
          {"last_used", time_or_null(token.last_used_unix_ms)}};
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    if (comma > 0) words.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return words;
}

Result<std::optional<Role>> read_role(const BodyObject& object) {
  const auto word = object.text("role");
  if (!word) return word.error();
  if (!*word) return std::optional<Role>();
  const auto role = parse_role(**word);
  if (!role) return Error{ErrorCode::kMalformed, "role: must be one of viewer, operator, admin"};
  return role;
}

Result<std::optional<std::optional<std::uint64_t>>> read_expiry(const BodyObject& object, std::uint64_t now_unix_ms) {
  using Outer = std::optional<std::optional<std::uint64_t>>;
  const auto seconds = object.number("expires_in_s", 0, kMostLifetimeS);
  if (!seconds) return seconds.error();
  const auto at = object.text("expires_at");
  if (!at) return at.error();
  if (*seconds && *at) return Error{ErrorCode::kMalformed, "expires_in_s: stands instead of expires_at, not beside it"};
  if (*seconds) return Outer(**seconds == 0 ? std::optional<std::uint64_t>() : now_unix_ms + **seconds * 1'000);
  if (!*at) return Outer();
  const auto time = parse_rfc3339("expires_at", **at);
  if (!time) return time.error();
  if (*time <= now_unix_ms) return Error{ErrorCode::kMalformed, "expires_at: lies in the past"};
  return Outer(std::optional<std::uint64_t>(*time));
}

HttpResponse failure_of(const Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
  const auto* admin = std::get_if<AdminAnswer>(&answer);
  if (const auto* error = admin == nullptr ? nullptr : std::get_if<Error>(&admin->what)) return error_response(*error);
  return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was another"});
}

}  // namespace capmap
