#include "controller/http/gate.hpp"

#include <algorithm>

#include "common/join_token.hpp"
#include "controller/http/guard.hpp"
#include "controller/http/problem.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxTokenBytes = 512, kMaxUserBytes = 64;
constexpr const char* kProxySecret = "x-capmap-proxy-secret";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool only_reads(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

HttpResponse wrong_csrf() {
  return problem_response({.status = 403,
                           .word = "csrf",
                           .detail = "a change with a cookie or through a proxy needs the header X-CSRF-Token with csrf_token of "
                                     "GET /v1/session; programs send an API token instead"});
}

/// The cookie ends with the session it stood for.
HttpResponse session_ended() {
  auto response = unauthorized("invalid_token", "this session has ended: log in again");
  response.headers.emplace_back("Set-Cookie", std::string(Gate::kCookie) + "=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
  return response;
}

}  // namespace

HttpResponse unauthorized(const char* error, std::string detail) {
  auto response = problem_response({.status = 401, .word = "unauthorized", .detail = std::move(detail)});
  std::string challenge = "Bearer realm=\"capmap\"";
  if (*error != '\0') challenge += std::string(", error=\"") + error + "\"";
  response.headers.emplace_back("WWW-Authenticate", std::move(challenge));
  return response;
}

HttpResponse too_many_logins(std::uint64_t wait_ms) {
  const auto wait_s = std::to_string((wait_ms + 999) / 1'000);
  auto response = problem_response({.status = 429,
                                    .word = "too-many-logins",
                                    .detail = "too many wrong passwords for this user or from this address: wait " + wait_s + " s"});
  response.headers.emplace_back("Retry-After", wait_s);
  return response;
}

std::string cookie_value(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    while (header.starts_with(' ') || header.starts_with(';')) header.remove_prefix(1);
    const auto end = std::min(header.find(';'), header.size());
    const auto pair = header.substr(0, end);
    header.remove_prefix(end);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') return std::string(pair.substr(name.size() + 1));
  }
  return {};
}

Gate::Gate(GateOptions options, const Published<AccessTable>* table, const Clock& clock)
    : options_(std::move(options)),
      table_(table),
      clock_(clock),
      sessions_(options_.sessions),
      by_address_({.free = 10}),
      by_user_({.free = 5}),
      csrf_key_(random_secret() + random_secret()) {}

std::shared_ptr<const AccessTable> Gate::table() const {
  static const auto none = std::make_shared<const AccessTable>(std::vector<User>(), std::vector<ApiToken>());
  auto taken = table_ == nullptr ? nullptr : table_->take();
  return taken ? taken : none;
}

bool Gate::from_proxy(const HttpRequest& request) const {
  const auto holds = [&request](const AddressRange& range) { return range.contains(request.peer); };
  if (!std::any_of(options_.proxies.begin(), options_.proxies.end(), holds)) return false;
  if (options_.proxy_secret_hash.empty()) return true;
  return same_secret(secret_hash(header(request, kProxySecret).value_or("")), options_.proxy_secret_hash);
}

/// The last proxy is one of ours, so the last address in its list is what it saw itself.
std::string Gate::address_of(const HttpRequest& request) const {
  if (!from_proxy(request)) return request.peer;
  const auto list = header(request, "x-forwarded-for").value_or("");
  const auto comma = list.rfind(',');
  const auto last = plain_address(comma == std::string_view::npos ? list : list.substr(comma + 1));
  return last.empty() ? request.peer : last;
}

std::shared_ptr<const Asker> Gate::stranger(const HttpRequest& request) const {
  return std::make_shared<const Asker>(Asker{.principal = {}, .address = address_of(request)});
}

std::optional<HttpResponse> Gate::refuse_place(const HttpRequest& request) const {
  const bool proxied = from_proxy(request);
  if (!options_.proxies.empty() && !proxied && !is_loopback_address(request.peer)) {
    return problem_response({.status = 403,
                             .word = "only-through-proxy",
                             .detail = "this API speaks plain HTTP to the proxies of http.behind_proxy alone (with their secret, where one "
                                       "is set); ask through one of them"});
  }
  const auto host = header(request, "host");
  if (!host && request.version == "HTTP/1.1") {
    return problem_response({.status = 400, .word = "no-host", .detail = "a request by HTTP/1.1 needs a Host header"});
  }
  if (!host || proxied || !options_.local_hosts_only || is_local_host_header(*host)) return std::nullopt;
  return problem_response({.status = 421,
                           .word = "foreign-host",
                           .detail = "this API answers to localhost and loopback addresses only, not to \"" + std::string(*host) +
                                     "\": a page of another site could be behind it"});
}

Gate::Seen Gate::look(const HttpRequest& request) {
  const auto address = address_of(request);
  if (const auto given = header(request, "authorization")) return by_bearer(*given, address);
  if (const auto cookies = header(request, "cookie")) {
    if (const auto cookie = cookie_value(*cookies, kCookie); !cookie.empty()) return by_session(cookie, request, address);
  }
  if (!options_.proxy_user_header.empty() && from_proxy(request)) {
    if (const auto user = header(request, options_.proxy_user_header); user && !user->empty()) {
      return by_proxy(std::string(*user), request, address);
    }
  }
  return {.asker = stranger(request)};
}

Gate::Seen Gate::seen_as(Principal principal, const std::string& address) {
  constexpr std::uint64_t kHourMs = 3'600'000;
  constexpr std::size_t kMostRemembered = 100'000;
  const bool token = principal.via == Via::kApiToken;
  const auto hour = clock_.unix_ms() / kHourMs;
  if (principal.via != Via::kAdminToken) {
    if (used_.size() > kMostRemembered) used_.clear();
    if (auto& noted = used_["u " + principal.name]; noted != hour) {
      noted = hour;
      uses_.users.push_back(principal.name);
    }
    if (auto* noted = token ? &used_["t " + principal.token_id] : nullptr; noted != nullptr && *noted != hour) {
      *noted = hour;
      uses_.token_ids.push_back(principal.token_id);
    }
  }
  return {.asker = std::make_shared<const Asker>(Asker{.principal = std::move(principal), .address = address})};
}

Gate::Seen Gate::by_bearer(std::string_view given, const std::string& address) {
  constexpr std::string_view kScheme = "bearer ";
  const bool bearer = lower(given.substr(0, kScheme.size())) == kScheme && given.size() <= kMaxTokenBytes;
  const auto hash = bearer ? secret_hash(given.substr(kScheme.size())) : std::string();
  Seen seen{.asker = std::make_shared<const Asker>(Asker{.principal = {}, .address = address})};
  if (!options_.admin_token_hash.empty() && same_secret(hash, options_.admin_token_hash)) {
    return seen_as({.name = "admin", .role = Role::kAdmin, .scopes = {}, .via = Via::kAdminToken}, address);
  }
  const auto known = table();
  auto principal = bearer ? known->by_token(hash, clock_.unix_ms())
                          : Result<Principal>(Error{ErrorCode::kAbsent, "the header Authorization must be \"Bearer TOKEN\""});
  if (principal) return seen_as(std::move(*principal), address);
  if (options_.admin_token_hash.empty() && known->users().empty()) {
    seen.refused = problem_response(
        {.status = 403, .word = "no-admin-token", .detail = "this controller has no admin token and no users, so nothing can be changed"});
    return seen;
  }
  seen.refused = unauthorized("invalid_token", principal.error().what);
  return seen;
}

Gate::Seen Gate::by_session(const std::string& cookie, const HttpRequest& request, const std::string& address) {
  Seen seen{.asker = stranger(request)};
  const auto session = sessions_.use(cookie, clock_.boot_ms());
  const auto known = table();
  const auto user = session ? known->may_ask(session->user, clock_.unix_ms()) : Result<const User*>(Error{});
  if (!user || !still_the_same(*session, **user)) {
    sessions_.end(cookie);
    seen.refused = session_ended();
    return seen;
  }
  seen = seen_as(principal_of(**user, Via::kSession), address);
  if (!only_reads(request) && !same_secret(header(request, "x-csrf-token").value_or(""), session->csrf)) seen.refused = wrong_csrf();
  return seen;
}

Gate::Seen Gate::by_proxy(const std::string& name, const HttpRequest& request, const std::string& address) {
  Seen seen{.asker = stranger(request)};
  const auto known = table();
  const auto user = name.size() <= kMaxUserBytes ? known->may_ask(name, clock_.unix_ms())
                                                 : Result<const User*>(Error{ErrorCode::kDenied, "the proxy's user has too long a name"});
  if (!user) {
    seen.refused = problem_response({.status = 403, .word = "unknown-user", .detail = user.error().what});
    return seen;
  }
  seen = seen_as(principal_of(**user, Via::kProxy), address);
  if (!only_reads(request) && !same_secret(header(request, "x-csrf-token").value_or(""), proxy_csrf(name))) seen.refused = wrong_csrf();
  return seen;
}

std::string Gate::proxy_csrf(const std::string& user) const {
  return secret_hash(csrf_key_ + "\n" + user);
}

std::string Gate::csrf_of(const HttpRequest& request, const Principal& principal) {
  if (principal.via == Via::kProxy) return proxy_csrf(principal.name);
  if (principal.via != Via::kSession) return {};
  const auto session = sessions_.use(cookie_value(header(request, "cookie").value_or(""), kCookie), clock_.boot_ms());
  return session ? session->csrf : std::string();
}

}  // namespace capmap
