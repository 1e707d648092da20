// Users and their API tokens.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/http/access_json.hpp"
#include "controller/http/gate.hpp"
#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kPasswordMs = 10'000;

/// A put of a user, and the password to be hashed first; empty: none.
struct Wish {
  PutUser put;
  std::string password;
};

Result<Wish> read_user(const Call& call, bool create) {
  std::vector<std::string> members = {"role", "regions", "sites", "password", "expires_in_s", "expires_at", "disabled"};
  if (create) members.emplace_back("name");
  const auto object = BodyObject::parse(call.request.body, members);
  if (!object) return object.error();
  Wish wish{.put = {.name = call.path_value, .create = create}, .password = {}};
  if (create) {
    const auto name = object->text("name");
    if (!name) return name.error();
    wish.put.name = name->value_or("");
    if (auto good = check_user_name(wish.put.name); !good) return good.error();
  }
  const auto role = read_role(*object);
  if (!role) return role.error();
  wish.put.role = *role;
  if (create && !*role) return Error{ErrorCode::kMalformed, "role: must be one of viewer, operator, admin"};
  for (const auto& [member, place] : {std::pair{"regions", &wish.put.regions}, std::pair{"sites", &wish.put.sites}}) {
    const auto text = object->text(member);
    if (!text) return text.error();
    if (*text) *place = split_words(**text);
  }
  const auto password = object->text("password");
  if (!password) return password.error();
  if (*password && !(*password)->empty()) {
    if ((*password)->size() < kLeastPasswordBytes || (*password)->size() > kMostPasswordBytes) {
      return Error{ErrorCode::kMalformed, "password: must have 12 to 1024 bytes"};
    }
    wish.password = **password;
  } else if (*password) {
    wish.put.password_hash = "";
  }
  const auto expiry = read_expiry(*object, call.now_unix_ms);
  if (!expiry) return expiry.error();
  wish.put.expires_changes = expiry->has_value();
  if (*expiry) wish.put.expires_unix_ms = **expiry;
  const auto disabled = object->truth("disabled");
  if (!disabled) return disabled.error();
  wish.put.disabled = *disabled;
  return wish;
}

std::size_t tokens_of(const Gate& gate, const std::string& user) {
  const auto known = gate.table();
  return static_cast<std::size_t>(std::ranges::count(known->tokens(), user, &ApiToken::user));
}

Outcome put_user(Gate& gate, PutUser put) {
  return Ask{.question = AdminRequest{.ticket = 0, .what = std::move(put)}, .then = [&gate](const Answer& answer) -> Outcome {
               if (const auto* done = wanted_of<UserPut>(answer)) {
                 return json_response(user_json(done->user, tokens_of(gate, done->user.name)), done->created ? 201 : 200);
               }
               const auto* const error = wanted_of<Error>(answer);
               if (error == nullptr || error->code != ErrorCode::kDenied) return failure_of(answer);
               return problem_response({.status = 409, .word = "user-exists", .detail = error->what});
             }};
}

Outcome put_wish(Gate& gate, Wish wish) {
  if (wish.password.empty()) return put_user(gate, std::move(wish.put));
  PasswordJob job{.ticket = 0, .password = std::move(wish.password)};
  return Ask{.question = std::move(job),
             .then = [&gate, put = std::move(wish.put)](const Answer& answer) -> Outcome {
               const auto* const done = std::get_if<PasswordDone>(&answer);
               if (done == nullptr) return failure_of(answer);
               if (done->hash.empty()) return error_response(Error{ErrorCode::kUnavailable, "there is no memory to hash a password now"});
               PutUser with = put;
               with.password_hash = done->hash;
               return put_user(gate, std::move(with));
             },
             .limit_ms = kPasswordMs};
}

/// A token that got out must not make more of itself.
std::optional<HttpResponse> refuse_token_of(const Principal& who, const std::string& user) {
  if (who.role == Role::kAdmin) return std::nullopt;
  if (who.name != user) {
    return problem_response({.status = 403, .word = "role", .detail = "only an admin makes API tokens for somebody else"});
  }
  if (who.via != Via::kApiToken) return std::nullopt;
  return problem_response(
      {.status = 403, .word = "by-token", .detail = "an API token makes no others: log in with your password (capmapctl login)"});
}

}  // namespace

Outcome get_users(const Call& call) {
  const auto known = call.gate.table();
  Json users = Json::array();
  for (const auto& user : known->users()) users.push_back(user_json(user, tokens_of(call.gate, user.name)));
  return json_response({{"users", std::move(users)}});
}

Outcome post_user(const Call& call) {
  auto wish = read_user(call, true);
  return wish ? put_wish(call.gate, std::move(*wish)) : error_response(wish.error());
}

Outcome post_user_change(const Call& call) {
  auto wish = read_user(call, false);
  return wish ? put_wish(call.gate, std::move(*wish)) : error_response(wish.error());
}

Outcome delete_user(const Call& call) {
  return Ask{.question = AdminRequest{.ticket = 0, .what = RemoveUser{call.path_value}}, .then = [](const Answer& answer) -> Outcome {
               const auto* const done = wanted_of<UserRemoved>(answer);
               if (done == nullptr) return failure_of(answer);
               return json_response({{"name", done->name}, {"removed", true}, {"api_tokens", done->tokens}});
             }};
}

Outcome post_api_token(const Call& call) {
  if (auto refused = refuse_token_of(call.asker->principal, call.path_value)) return *refused;
  const auto object = BodyObject::parse(call.request.body, {"role", "regions", "sites", "label", "expires_in_s", "expires_at"});
  if (!object) return error_response(object.error());
  MakeApiToken make{.user = call.path_value};
  const auto role = read_role(*object);
  if (!role) return error_response(role.error());
  make.role = *role;
  const auto regions = object->text("regions"), sites = object->text("sites"), label = object->text("label");
  for (const auto* text : {&regions, &sites, &label}) {
    if (!*text) return error_response(text->error());
  }
  make.regions = split_words(regions->value_or(""));
  make.sites = split_words(sites->value_or(""));
  make.label = label->value_or("");
  const auto expiry = read_expiry(*object, call.now_unix_ms);
  if (!expiry) return error_response(expiry.error());
  if (*expiry) make.expires_unix_ms = **expiry;
  return Ask{.question = AdminRequest{.ticket = 0, .what = std::move(make)}, .then = [](const Answer& answer) -> Outcome {
               const auto* const made = wanted_of<ApiTokenMade>(answer);
               if (made == nullptr) return failure_of(answer);
               Json body = api_token_json(made->token);
               body["token"] = made->secret;
               auto response = json_response(body, 201);
               response.headers.emplace_back("Cache-Control", "no-store");
               return response;
             }};
}

Outcome get_api_tokens(const Call& call) {
  const auto& who = call.asker->principal;
  const auto user = parameter(call.target, "user");
  if (who.role != Role::kAdmin && user && *user != who.name) {
    return problem_response({.status = 403, .word = "role", .detail = "only an admin sees the API tokens of somebody else"});
  }
  const auto known = call.gate.table();
  Json tokens = Json::array();
  for (const auto& token : known->tokens()) {
    const bool wanted = user ? token.user == *user : who.role == Role::kAdmin || token.user == who.name;
    if (wanted) tokens.push_back(api_token_json(token));
  }
  return json_response({{"api_tokens", std::move(tokens)}});
}

Outcome delete_api_token(const Call& call) {
  const auto& who = call.asker->principal;
  RevokeApiToken revoke{.id = call.path_value, .only_of = who.role == Role::kAdmin ? "" : who.name};
  return Ask{.question = AdminRequest{.ticket = 0, .what = std::move(revoke)}, .then = [](const Answer& answer) -> Outcome {
               const auto* const done = wanted_of<ApiTokenRevoked>(answer);
               if (done == nullptr) return failure_of(answer);
               Json body = api_token_json(done->token);
               body["revoked"] = true;
               return json_response(body);
             }};
}

}  // namespace capmap
