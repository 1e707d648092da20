// What the gate lets in or keeps out, and what is written of it.
#include <algorithm>
#include <utility>

#include "controller/http/gate.hpp"
#include "controller/http/problem.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kUsesEveryMs = 60'000;
constexpr std::size_t kMostNotes = 1'000, kMostDetailBytes = 200;

}  // namespace

std::optional<HttpResponse> Gate::refuse_role(const Principal& principal, Role least, bool changes) const {
  if (principal.via == Via::kNobody) {
    if (!changes && least == Role::kViewer && options_.anonymous_reads) return std::nullopt;
    if (options_.admin_token_hash.empty() && table()->users().empty()) {
      return problem_response({.status = 403,
                               .word = "no-admin-token",
                               .detail = "this controller has no admin token and no users, so nothing can be changed"});
    }
    return unauthorized("", std::string(changes ? "this changes something" : "who asks must be known here") +
                                ": send \"Authorization: Bearer TOKEN\" with an API token or the admin token, or log in (POST /v1/login)");
  }
  if (principal.may(least)) return std::nullopt;
  return problem_response({.status = 403,
                           .word = "role",
                           .detail = "this takes the role " + std::string(to_word(least)) + ", and " + principal.name + " is " +
                                     to_word(principal.role) + " here: an admin changes that with capmapctl users edit"});
}

std::uint64_t Gate::login_wait_ms(const std::string& user, const std::string& address) {
  const auto now_ms = clock_.boot_ms();
  const auto place = throttle_key(address);
  if (const auto wait_ms = std::max(by_address_.wait_ms(place, now_ms), by_user_.wait_ms(user, now_ms)); wait_ms != 0) return wait_ms;
  by_address_.tried(place, now_ms);
  by_user_.tried(user, now_ms);
  return 0;
}

void Gate::login_succeeded(const std::string& user, const std::string& address) {
  by_address_.succeeded(throttle_key(address));
  by_user_.succeeded(user);
}

Sessions::Opened Gate::open_session(const User& user) {
  return sessions_.open(user, clock_.boot_ms());
}

void Gate::end_session(const HttpRequest& request) {
  sessions_.end(cookie_value(header(request, "cookie").value_or(""), kCookie));
}

void Gate::note_refused(const Asker& asker, const HttpRequest& request, const HttpResponse& response) {
  // The path alone: a query may hold anything. What refused it is the problem's word, in its type.
  std::string subject = request.method + " " + request.target.substr(0, request.target.find('?'));
  if (subject.size() > kMostDetailBytes) subject.resize(kMostDetailBytes);
  for (char& c : subject) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  constexpr std::string_view kType = "urn:capmap:problem:";
  const auto type = response.body.find(kType);
  std::string detail = std::to_string(response.status);
  if (type != std::string::npos) {
    const auto begin = type + kType.size();
    detail += " " + response.body.substr(begin, response.body.find('"', begin) - begin);
  }
  auto line = refusals_.note({.at_unix_ms = clock_.unix_ms(),
                              .who = asker.principal.name,
                              .what = "refused",
                              .subject = std::move(subject),
                              .detail = std::move(detail),
                              .origin = origin_text(asker)},
                             clock_.boot_ms());
  if (line) notes_.push_back(std::move(*line));
}

void Gate::note(const Asker& asker, const char* what, std::string subject, std::string detail) {
  notes_.push_back({.at_unix_ms = clock_.unix_ms(),
                    .who = asker.principal.name,
                    .what = what,
                    .subject = std::move(subject),
                    .detail = std::move(detail),
                    .origin = origin_text(asker)});
}

std::vector<AuditEntry> Gate::take_notes() {
  if (auto rest = refusals_.rest(clock_.boot_ms(), clock_.unix_ms())) notes_.push_back(std::move(*rest));
  if (notes_.size() > kMostNotes) notes_.resize(kMostNotes);
  return std::exchange(notes_, {});
}

void Gate::notes_lost(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) refusals_.lost(clock_.boot_ms());
}

std::optional<Gate::Uses> Gate::take_uses() {
  const auto now_ms = clock_.boot_ms();
  if ((uses_.users.empty() && uses_.token_ids.empty()) || now_ms < uses_at_ms_ + kUsesEveryMs) return std::nullopt;
  uses_at_ms_ = now_ms;
  return std::exchange(uses_, {});
}

}  // namespace capmap
