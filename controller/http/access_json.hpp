#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "controller/access/access_table.hpp"
#include "controller/http/json.hpp"

namespace capmap {

/// A user, and an API token, as admins see them: no hash of anything.
Json user_json(const User& user, std::size_t tokens);
Json api_token_json(const ApiToken& token);
/// "a,b" -> {a, b}; empty parts are left out.
std::vector<std::string> split_words(std::string_view text);
/// A role by its word. Errors: kMalformed with the words there are.
Result<std::optional<Role>> read_role(const BodyObject& object);
/// From now on: "expires_in_s", or "expires_at". The outer absent: neither is named; the inner: never.
Result<std::optional<std::optional<std::uint64_t>>> read_expiry(const BodyObject& object, std::uint64_t now_unix_ms);
/// The error of an answer that is not `Wanted`; absent: it is.
template <class Wanted>
const Wanted* wanted_of(const Answer& answer) {
  const auto* admin = std::get_if<AdminAnswer>(&answer);
  return admin == nullptr ? nullptr : std::get_if<Wanted>(&admin->what);
}
/// Why an answer is none: an error, or another than was asked for.
HttpResponse failure_of(const Answer& answer);

inline constexpr std::size_t kLeastPasswordBytes = 12, kMostPasswordBytes = 1'024;

}  // namespace capmap
