// Changing one's own password: who does it shows the one that stands, however they came in.
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

struct NewPassword {
  std::string before, after;
};

Result<NewPassword> read_passwords(const std::string& body) {
  const auto object = BodyObject::parse(body, {"password", "new_password"});
  if (!object) return object.error();
  const auto before = object->text("password"), after = object->text("new_password");
  for (const auto* text : {&before, &after}) {
    if (!*text) return text->error();
  }
  if (!*before || !*after) return Error{ErrorCode::kMalformed, "password, new_password: both are needed"};
  if ((*before)->size() > kMostPasswordBytes) return Error{ErrorCode::kMalformed, "password: may have at most 1024 bytes"};
  if ((*after)->size() < kLeastPasswordBytes || (*after)->size() > kMostPasswordBytes) {
    return Error{ErrorCode::kMalformed, "new_password: must have 12 to 1024 bytes"};
  }
  if (*before == *after) return Error{ErrorCode::kMalformed, "new_password: is the one that stands"};
  return NewPassword{.before = **before, .after = **after};
}

std::optional<HttpResponse> refuse_password_of(const Principal& who, const std::string& user) {
  if (who.via == Via::kAdminToken) {
    return problem_response(
        {.status = 403, .word = "no-user", .detail = "the admin token is no user: it sets a password by POST /v1/users/{name}"});
  }
  if (who.name == user) return std::nullopt;
  return problem_response(
      {.status = 403, .word = "role", .detail = "one changes one's own password here; an admin sets another's by POST /v1/users/{name}"});
}

Outcome put_hash(const std::string& user, std::string hash, const std::shared_ptr<const Asker>& asker) {
  PutUser put{.name = user, .password_hash = std::move(hash)};
  return Ask{.question = AdminRequest{.ticket = 0, .what = std::move(put), .asker = asker}, .then = [](const Answer& answer) -> Outcome {
               const auto* const done = wanted_of<UserPut>(answer);
               if (done == nullptr) return failure_of(answer);
               return json_response({{"name", done->user.name}, {"password_changed", true}});
             }};
}

Outcome hash_and_put(const std::string& user, std::string password, const std::shared_ptr<const Asker>& asker) {
  return Ask{.question = PasswordJob{.ticket = 0, .password = std::move(password)},
             .then = [user, asker](const Answer& answer) -> Outcome {
               const auto* const done = std::get_if<PasswordDone>(&answer);
               if (done == nullptr) return failure_of(answer);
               if (done->hash.empty()) return error_response(Error{ErrorCode::kUnavailable, "there is no memory to hash a password now"});
               return put_hash(user, done->hash, asker);
             },
             .limit_ms = kPasswordMs};
}

}  // namespace

Outcome post_own_password(const Call& call) {
  const auto& who = call.asker->principal;
  if (auto refused = refuse_password_of(who, call.path_value)) return *refused;
  auto wanted = read_passwords(call.request.body);
  if (!wanted) return error_response(wanted.error());
  Gate& gate = call.gate;
  if (const auto wait_ms = gate.login_wait_ms(who.name, call.asker->address); wait_ms != 0) return too_many_logins(wait_ms);
  const auto known = gate.table();
  const User* const user = known->find(who.name);
  const auto hash = user == nullptr ? std::string() : user->password_hash;
  PasswordJob job{.ticket = 0, .password = std::move(wanted->before), .hash = hash};
  return Ask{.question = std::move(job),
             .then = [&gate, asker = call.asker, hash, after = std::move(wanted->after)](const Answer& answer) -> Outcome {
               const auto* const done = std::get_if<PasswordDone>(&answer);
               if (done == nullptr) return failure_of(answer);
               const auto now_known = gate.table();
               const User* const now = now_known->find(asker->principal.name);
               // The password that was checked must still be theirs.
               if (!done->fits || now == nullptr || now->password_hash != hash) {
                 return problem_response({.status = 403, .word = "wrong-password", .detail = "password: is not the one that stands"});
               }
               gate.login_succeeded(asker->principal.name, asker->address);
               return hash_and_put(asker->principal.name, after, asker);
             },
             .limit_ms = kPasswordMs};
}

}  // namespace capmap
