#include <nlohmann/json.hpp>

#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kMaxUses = 1'000'000;
constexpr std::uint64_t kDefaultLifetimeS = 86'400, kMaxLifetimeS = 366ULL * 86'400;

/// "a,b" -> {a, b}
std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    if (comma > 0) names.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return names;
}

Result<CreateToken> read_token_request(const Call& call) {
  const auto object = BodyObject::parse(call.request.body, {"site", "child_sites", "uses", "expires_in_s"});
  if (!object) return object.error();
  const auto site = object->text("site");
  if (!site) return site.error();
  const auto child_sites = object->text("child_sites");
  if (!child_sites) return child_sites.error();
  auto listed = split_names(child_sites->value_or(""));
  if (listed.empty() && (!*site || (*site)->empty())) return Error{ErrorCode::kMalformed, "site: must be the name or s-… id of a site"};
  if (!listed.empty() && *site) return Error{ErrorCode::kMalformed, "child_sites: stands instead of site, not beside it"};
  const auto uses = object->number("uses", 1, kMaxUses);
  if (!uses) return uses.error();
  const auto lifetime_s = object->number("expires_in_s", 1, kMaxLifetimeS);
  if (!lifetime_s) return lifetime_s.error();
  return CreateToken{.site = site->value_or(""),
                     .child_sites = std::move(listed),
                     .uses = static_cast<std::uint32_t>(uses->value_or(1)),
                     .expires_unix_ms = call.now_unix_ms + lifetime_s->value_or(kDefaultLifetimeS) * 1'000};
}

Outcome token_answer(const Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
  const auto& what = std::get<AdminAnswer>(answer).what;
  if (const auto* error = std::get_if<Error>(&what)) return error_response(*error);
  const auto* token = std::get_if<CreatedToken>(&what);
  if (token == nullptr) return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was not a token"});
  auto response = json_response(
      {{"token", token->text}, {"site", token->site_name}, {"uses", token->uses}, {"expires_at", rfc3339_ms(token->expires_unix_ms)}}, 201);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace

Outcome post_token(const Call& call) {
  auto request = read_token_request(call);
  if (!request) return error_response(request.error());
  return Ask{.question = AdminRequest{.ticket = 0, .what = std::move(*request)}, .then = token_answer};
}

}  // namespace capmap
