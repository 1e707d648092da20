// Whether who was let in would still be let in.
#include "common/join_token.hpp"
#include "controller/http/gate.hpp"

namespace capmap {
namespace {

std::string why_not(const Principal& was, const Result<Principal>& now) {
  if (!now) return now.error().what;
  return *now == was ? std::string() : "what you may see has changed: ask again";
}

}  // namespace

Standing Gate::standing_of(const HttpRequest& request, const Principal& principal) const {
  constexpr std::size_t kScheme = std::string_view("bearer ").size();
  Standing standing{.principal = principal, .credential = {}};
  if (principal.via == Via::kApiToken) {
    standing.credential = secret_hash(header(request, "authorization").value_or("").substr(kScheme));
  } else if (principal.via == Via::kSession) {
    standing.credential = secret_hash(cookie_value(header(request, "cookie").value_or(""), kCookie));
  }
  return standing;
}

std::string Gate::why_over(const Standing& standing) const {
  const auto& was = standing.principal;
  const auto now_unix_ms = clock_.unix_ms();
  const auto of_user = [&](Via via) {
    const auto known = table();
    const auto user = known->may_ask(was.name, now_unix_ms);
    return why_not(was, user ? Result<Principal>(principal_of(**user, via)) : Result<Principal>(user.error()));
  };
  switch (was.via) {
    case Via::kNobody:
    case Via::kAdminToken: return {};
    case Via::kApiToken: return why_not(was, table()->by_token(standing.credential, now_unix_ms));
    case Via::kProxy: return of_user(Via::kProxy);
    case Via::kSession: break;
  }
  const auto session = sessions_.look(standing.credential, clock_.boot_ms());
  const auto known = table();
  const User* const user = session ? known->find(session->user) : nullptr;
  if (user == nullptr || !still_the_same(*session, *user)) return "this session has ended: log in again";
  return of_user(Via::kSession);
}

}  // namespace capmap
