// Logging in and out, and who one is.
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/http/access_json.hpp"
#include "controller/http/gate.hpp"
#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kMostTokenS = 366ULL * 86'400;
constexpr std::uint64_t kPasswordMs = 10'000;

struct Login {
  std::string user, password, label;
  std::optional<std::uint64_t> token_s;  ///< an API token is wanted, not a session
};

Result<Login> read_login(const std::string& body) {
  const auto object = BodyObject::parse(body, {"user", "password", "token_expires_in_s", "label"});
  if (!object) return object.error();
  const auto user = object->text("user"), password = object->text("password"), label = object->text("label");
  for (const auto* text : {&user, &password, &label}) {
    if (!*text) return text->error();
  }
  if (!*user || !*password) return Error{ErrorCode::kMalformed, "user, password: both are needed"};
  if ((*password)->size() > kMostPasswordBytes) return Error{ErrorCode::kMalformed, "password: may have at most 1024 bytes"};
  const auto token_s = object->number("token_expires_in_s", 1, kMostTokenS);
  if (!token_s) return token_s.error();
  return Login{.user = **user, .password = **password, .label = label->value_or(""), .token_s = *token_s};
}

/// The same whether there is such a user or not.
HttpResponse wrong_password() {
  return unauthorized("", "the user or the password is wrong, or the user may not ask any more");
}

std::string session_cookie(const std::string& secret) {
  return std::string(Gate::kCookie) + "=" + secret + "; Path=/; HttpOnly; Secure; SameSite=Strict";
}

Outcome open_session(Gate& gate, const User& user) {
  const auto opened = gate.open_session(user);
  auto response = json_response({{"user", user.name}, {"role", to_word(user.role)}, {"csrf_token", opened.csrf}});
  response.headers.emplace_back("Set-Cookie", session_cookie(opened.cookie));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Outcome make_token(const User& user, const Login& login, const Asker& asker, std::uint64_t now_unix_ms) {
  MakeApiToken make{.user = user.name, .role = {}, .regions = {}, .sites = {}, .label = login.label};
  make.expires_unix_ms = now_unix_ms + *login.token_s * 1'000;
  return Ask{.question = AdminRequest{.ticket = 0, .what = std::move(make), .asker = std::make_shared<const Asker>(asker)},
             .then = [](const Answer& answer) -> Outcome {
               const auto* const made = wanted_of<ApiTokenMade>(answer);
               if (made == nullptr) return failure_of(answer);
               Json body = api_token_json(made->token);
               body["token"] = made->secret;
               auto response = json_response(body);
               response.headers.emplace_back("Cache-Control", "no-store");
               return response;
             }};
}

}  // namespace

Outcome post_login(const Call& call) {
  auto login = read_login(call.request.body);
  if (!login) return error_response(login.error());
  Gate& gate = call.gate;
  const auto address = call.asker->address;
  if (const auto wait_ms = gate.login_wait_ms(login->user, address); wait_ms != 0) return too_many_logins(wait_ms);
  const auto known = gate.table();
  const User* const user = known->find(login->user);
  PasswordJob job{.ticket = 0, .password = std::exchange(login->password, {}), .hash = user == nullptr ? "" : user->password_hash};
  return Ask{.question = std::move(job),
             .then = [&gate, address, hash = user == nullptr ? std::string() : user->password_hash, now_unix_ms = call.now_unix_ms,
                      login = std::move(*login)](const Answer& answer) -> Outcome {
               const auto* const done = std::get_if<PasswordDone>(&answer);
               if (done == nullptr) return failure_of(answer);
               const auto now_known = gate.table();
               const auto may = now_known->may_ask(login.user, now_unix_ms);
               // The password that was checked must still be theirs.
               if (!done->fits || !may || (*may)->password_hash != hash) return wrong_password();
               gate.login_succeeded(login.user, address);
               const Asker asker{.principal = principal_of(**may, Via::kSession), .address = address};
               gate.note(asker, "logged_in", login.user, login.token_s ? "for an API token" : "");
               return login.token_s ? make_token(**may, login, asker, now_unix_ms) : open_session(gate, **may);
             },
             .limit_ms = kPasswordMs};
}

Outcome post_logout(const Call& call) {
  const bool session = call.asker->principal.via == Via::kSession;
  if (session) {
    call.gate.end_session(call.request);
    call.gate.note(*call.asker, "logged_out", call.asker->principal.name, "");
  }
  auto response = json_response({{"logged_out", session}});
  response.headers.emplace_back("Set-Cookie", std::string(Gate::kCookie) + "=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
  return response;
}

Outcome get_session(const Call& call) {
  static constexpr std::array kVias = {"nobody", "admin_token", "api_token", "session", "proxy"};
  const auto& who = call.asker->principal;
  auto response = json_response({{"user", who.name},
                                 {"role", to_word(who.role)},
                                 {"scope", who.scoped() ? Json(scope_text(who)) : Json(nullptr)},
                                 {"via", kVias[static_cast<std::size_t>(who.via)]},
                                 {"csrf_token", text_or_null(call.gate.csrf_of(call.request, who))}});
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace capmap
