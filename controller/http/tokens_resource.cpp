#include <nlohmann/json.hpp>

#include "controller/http/joining_json.hpp"
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

Result<bool> read_by_hand(const BodyObject& object) {
  const auto approve = object.text("approve");
  if (!approve) return approve.error();
  const auto word = approve->value_or("auto");
  if (word != "auto" && word != "manual") return Error{ErrorCode::kMalformed, "approve: must be auto or manual"};
  return word == "manual";
}

Result<CreateToken> read_token_request(const Call& call) {
  const auto object =
      BodyObject::parse(call.request.body, {"site", "child_sites", "uses", "expires_in_s", "name", "pool", "from", "approve"});
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
  const auto name = object->text("name"), pool = object->text("pool"), from = object->text("from");
  for (const auto* text : {&name, &pool, &from}) {
    if (!*text) return text->error();
  }
  CreateToken create{.site = site->value_or(""),
                     .child_sites = std::move(listed),
                     .uses = static_cast<std::uint32_t>(uses->value_or(1)),
                     .expires_unix_ms = call.now_unix_ms + lifetime_s->value_or(kDefaultLifetimeS) * 1'000,
                     .name = name->value_or(""),
                     .pool = pool->value_or("")};
  if (*from && !(*from)->empty()) {
    auto ranges = parse_address_ranges(**from);
    if (!ranges) return Error{ErrorCode::kMalformed, "from: " + ranges.error().what};
    create.from = std::move(*ranges);
  }
  const auto by_hand = read_by_hand(*object);
  if (!by_hand) return by_hand.error();
  create.by_hand = *by_hand;
  return create;
}

const char* state_of(const TokenRecord& token, std::uint64_t now_unix_ms) {
  if (token.revoked_unix_ms) return "revoked";
  if (token.expires_unix_ms <= now_unix_ms) return "expired";
  return token.uses_left == 0 ? "used" : "good";
}

Json token_json(const TokenInfo& info, std::uint64_t now_unix_ms) {
  const auto& token = info.record;
  Json from = Json::array(), child_sites = Json::array();
  for (const auto& range : token.from) from.push_back(to_text(range));
  for (const auto& site : info.child_sites) child_sites.push_back(site);
  const auto when = [](std::optional<std::uint64_t> at) { return at && *at != 0 ? Json(rfc3339_ms(*at)) : Json(nullptr); };
  return {{"id", token_id(token)},
          {"name", text_or_null(token.name)},
          {"state", state_of(token, now_unix_ms)},
          {"site", info.site},
          {"pool", text_or_null(info.pool)},
          {"child_sites", std::move(child_sites)},
          {"uses", token.uses == 0 ? Json(nullptr) : Json(token.uses)},
          {"uses_left", token.uses_left},
          {"created_at", when(token.created_unix_ms)},
          {"expires_at", when(token.expires_unix_ms)},
          {"revoked_at", when(token.revoked_unix_ms)},
          {"from", std::move(from)},
          {"approve", token.by_hand ? "manual" : "auto"}};
}

Outcome token_answer(const Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
  const auto& what = std::get<AdminAnswer>(answer).what;
  if (const auto* error = std::get_if<Error>(&what)) return error_response(*error);
  const auto* token = std::get_if<CreatedToken>(&what);
  if (token == nullptr) return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was not a token"});
  auto response = json_response({{"token", token->text},
                                 {"site", token->site_name},
                                 {"uses", token->uses},
                                 {"expires_at", rfc3339_ms(token->expires_unix_ms)},
                                 {"id", token->id},
                                 {"name", text_or_null(token->name)}},
                                201);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace

Outcome post_token(const Call& call) {
  auto request = read_token_request(call);
  if (!request) return error_response(request.error());
  return Ask{.question = AdminRequest{.ticket = 0, .what = std::move(*request)}, .then = token_answer};
}

Outcome get_tokens(const Call& call) {
  if (auto refused = refuse_others(call)) return *refused;
  return ask_joining<TokenList>({ListTokens{}}, [now = call.now_unix_ms](const TokenList& list) {
    Json tokens = Json::array();
    for (const auto& token : list.tokens) tokens.push_back(token_json(token, now));
    return json_response({{"tokens", std::move(tokens)}, {"whole", list.tokens.size() < list.most}});
  });
}

Outcome delete_token(const Call& call) {
  return ask_joining<TokenRevoked>({RevokeToken{call.path_value}}, [now = call.now_unix_ms](const TokenRevoked& revoked) {
    return json_response(token_json(revoked.token, now));
  });
}

}  // namespace capmap
