#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/published.hpp"
#include "controller/access/access_table.hpp"
#include "controller/access/refusals.hpp"
#include "controller/access/sessions.hpp"
#include "controller/access/throttle.hpp"
#include "controller/http/gate_options.hpp"
#include "controller/http/message.hpp"
#include "controller/http/standing.hpp"

namespace capmap {

/// Decides who asks. Owns what the http thread alone remembers: sessions, failures, refusals. Used by that thread.
class Gate {
 public:
  Gate(GateOptions options, const Published<AccessTable>* table, const Clock& clock);

  /// Who asks, or why that cannot be told (a credential that is wrong is never passed over). A change by cookie or proxy without its CSRF
  /// token is refused here.
  struct Seen {
    std::shared_ptr<const Asker> asker;
    std::optional<HttpResponse> refused{};
  };
  Seen look(const HttpRequest& request);
  /// Where the request comes from, without who: for what anybody may ask.
  [[nodiscard]] std::shared_ptr<const Asker> stranger(const HttpRequest& request) const;
  /// A connection or Host header that must not be answered.
  [[nodiscard]] std::optional<HttpResponse> refuse_place(const HttpRequest& request) const;
  /// Why who asks may not have what takes that role; absent: they may.
  [[nodiscard]] std::optional<HttpResponse> refuse_role(const Principal& principal, Role least, bool changes) const;

  /// What to keep of a request that was let in, to ask later whether it still would be.
  [[nodiscard]] Standing standing_of(const HttpRequest& request, const Principal& principal) const;
  /// Why who was let in would not be, or not as much, by now; empty: they would. A session is not used by it.
  [[nodiscard]] std::string why_over(const Standing& standing) const;

  /// Users and tokens as they stand now; never null, empty where nothing is known yet.
  [[nodiscard]] std::shared_ptr<const AccessTable> table() const;
  /// What must be shown beside a cookie or a proxy's word with each change; empty: nothing.
  [[nodiscard]] std::string csrf_of(const HttpRequest& request, const Principal& principal);

  /// How long a login by that user from there must wait; 0: it may be tried, and counts as tried now.
  std::uint64_t login_wait_ms(const std::string& user, const std::string& address);
  void login_succeeded(const std::string& user, const std::string& address);
  Sessions::Opened open_session(const User& user);
  void end_session(const HttpRequest& request);

  /// For the audit: what is to be written of a refusal, and of what else happened.
  void note_refused(const Asker& asker, const HttpRequest& request, const HttpResponse& response);
  void note(const Asker& asker, const char* what, std::string subject, std::string detail);
  std::vector<AuditEntry> take_notes();
  void notes_lost(std::size_t count);
  /// Who asked since the last time, once an hour each.
  struct Uses {
    std::vector<std::string> users, token_ids;
  };
  std::optional<Uses> take_uses();

  static constexpr const char* kCookie = "__Host-capmap";  ///< browsers send it to this host alone, and over TLS alone

 private:
  Seen by_bearer(std::string_view given, const std::string& address);
  Seen by_session(const std::string& cookie, const HttpRequest& request, const std::string& address);
  Seen by_proxy(const std::string& user, const HttpRequest& request, const std::string& address);
  Seen seen_as(Principal principal, const std::string& address);
  [[nodiscard]] bool from_proxy(const HttpRequest& request) const;
  [[nodiscard]] std::string address_of(const HttpRequest& request) const;
  [[nodiscard]] std::string proxy_csrf(const std::string& user) const;

  GateOptions options_;
  const Published<AccessTable>* table_;
  const Clock& clock_;
  Sessions sessions_;
  Throttle by_address_, by_user_;
  Refusals refusals_;
  std::vector<AuditEntry> notes_;
  std::string csrf_key_;
  std::unordered_map<std::string, std::uint64_t> used_;  ///< "u name" or "t id" ▶ the hour it was noted
  Uses uses_;
  std::uint64_t uses_at_ms_ = 0;
};

/// The value of a cookie of that name in a Cookie header; empty: there is none.
std::string cookie_value(std::string_view header, std::string_view name);
/// 429 for who gave wrong passwords.
HttpResponse too_many_logins(std::uint64_t wait_ms);
/// 401 with its challenge.
HttpResponse unauthorized(const char* error, std::string detail);

}  // namespace capmap
