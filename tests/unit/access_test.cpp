#include <catch2/catch.hpp>

#include "common/join_token.hpp"
#include "controller/access/access_table.hpp"
#include "controller/access/refusals.hpp"
#include "controller/access/sessions.hpp"
#include "controller/access/throttle.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

const SiteId kHere{{1}}, kThere{{2}};

User some_user(const std::string& name, Role role = Role::kViewer) {
  User user;
  user.name = name;
  user.role = role;
  user.password_hash = "hash of " + name;
  return user;
}

ApiToken token_of(const std::string& user, const std::string& secret, Role role = Role::kAdmin) {
  ApiToken token;
  token.user = user;
  token.secret_hash = secret_hash(secret);
  token.id = api_token_id(token.secret_hash);
  token.role = role;
  return token;
}

}  // namespace

TEST_CASE("access: a scope covers the sites of its regions and those it names, and one that is empty covers all") {
  const auto scope = make_scope({"1101", "32", "32"}, {kThere, kThere});
  REQUIRE(scope);
  CHECK(scope->regions == std::vector<std::string>{"1101", "32"});
  CHECK(scope->sites == std::vector{kThere});
  CHECK(scope->covers(kHere, "110108"));
  CHECK(scope->covers(kHere, "32"));
  CHECK_FALSE(scope->covers(kHere, "11"));  // wider than what is covered
  CHECK_FALSE(scope->covers(kHere, ""));    // not declared
  CHECK(scope->covers(kThere, ""));
  CHECK(Scope{}.covers(kHere, ""));
  CHECK(to_text(*scope) == "region 1101, region 32, site " + to_text(kThere));
  for (const char* bad : {"", "x", "1101081", "11 "}) CHECK_FALSE(make_scope({bad}, {}));
  std::vector<SiteId> many;
  for (std::size_t i = 0; i <= kMostScopeParts; ++i) many.push_back(random_id<SiteId>());
  CHECK_FALSE(make_scope({}, many));
}

TEST_CASE("access: who has two scopes may touch what both cover") {
  const auto region = *make_scope({"11"}, {}), site = *make_scope({}, {kHere});
  const Principal principal{.name = "a", .role = Role::kOperator, .scopes = {region, site}, .via = Via::kApiToken, .token_id = "t"};
  CHECK(principal.may_touch(kHere, "1101"));
  CHECK_FALSE(principal.may_touch(kHere, "12"));
  CHECK_FALSE(principal.may_touch(kThere, "1101"));
  CHECK_FALSE(principal.may_add_site("11"));  // no site that is new is the one that is named
  CHECK(Principal{.name = "b", .scopes = {region}}.may_add_site("1101"));
  CHECK_FALSE(Principal{.name = "b", .scopes = {region}}.may_add_site(""));
  CHECK(principal.may(Role::kViewer));
  CHECK_FALSE(principal.may(Role::kAdmin));
}

TEST_CASE("access: names of users are plain, and none is one of the controller's own") {
  for (const char* good : {"a", "0", "li.wei@example.org", "ops-2_b"}) CHECK(check_user_name(good));
  for (const char* bad : {"", "A", ".a", "-a", "a b", "a/b", "ä", "admin", "join", "anonymous", "system"}) {
    INFO(bad);
    CHECK_FALSE(check_user_name(bad));
  }
  CHECK_FALSE(check_user_name(std::string(65, 'a')));
}

TEST_CASE("access: a token may what its user may, and no more than it says itself") {
  auto user = some_user("op", Role::kOperator);
  user.scope = *make_scope({"11"}, {});
  auto narrow = token_of("op", "narrow", Role::kViewer);
  narrow.scope = *make_scope({}, {kHere});
  const AccessTable table({user}, {token_of("op", "wide"), narrow});
  const auto wide = table.by_token(secret_hash("wide"), 0);
  REQUIRE(wide);
  CHECK(wide->role == Role::kOperator);
  CHECK(wide->scopes == std::vector{user.scope});
  const auto small = table.by_token(secret_hash("narrow"), 0);
  REQUIRE(small);
  CHECK(small->role == Role::kViewer);
  CHECK(small->scopes == std::vector{user.scope, narrow.scope});
  CHECK(table.by_token(secret_hash("other"), 0).error().code == ErrorCode::kAbsent);
  CHECK_FALSE(table.by_token("", 0));
  CHECK_FALSE(table.by_token(secret_hash("wide").substr(0, 16), 0));
}

TEST_CASE("access: expired tokens and users, and disabled users, are told why they may not ask") {
  auto expired_token = token_of("a", "t1");
  expired_token.expires_unix_ms = 100;
  auto disabled = some_user("d");
  disabled.disabled = true;
  auto expired = some_user("e");
  expired.expires_unix_ms = 100;
  const AccessTable table({some_user("a"), disabled, expired}, {expired_token, token_of("d", "t2"), token_of("e", "t3")});
  CHECK(table.by_token(secret_hash("t1"), 99));
  CHECK_THAT(table.by_token(secret_hash("t1"), 100).error().what, Contains("expired"));
  CHECK_THAT(table.by_token(secret_hash("t2"), 0).error().what, Contains("disabled"));
  CHECK(table.by_token(secret_hash("t3"), 99));
  CHECK_THAT(table.by_token(secret_hash("t3"), 100).error().what, Contains("expired"));
  CHECK_THAT(table.may_ask("nobody", 0).error().what, Contains("users add"));
}

TEST_CASE("access: API tokens are 256 random bits behind a prefix") {
  const auto a = random_api_token(), b = random_api_token();
  CHECK(a.starts_with("cma1."));
  CHECK(a.size() == 5 + 52);
  CHECK(a != b);
}

TEST_CASE("sessions: end when idle, at their age, by hand, and when their user is disabled or has another password") {
  Sessions sessions({.idle_ms = 100, .most_ms = 250});
  const auto user = some_user("a");
  auto opened = sessions.open(user, 1'000);
  CHECK(sessions.use(opened.cookie, 1'099)->user == "a");
  CHECK(sessions.use(opened.cookie, 1'198)->csrf == opened.csrf);
  CHECK_FALSE(sessions.use(opened.cookie + "x", 1'198));
  CHECK_FALSE(sessions.use(opened.csrf, 1'198));
  CHECK_FALSE(sessions.use(opened.cookie, 1'250));  // its age
  opened = sessions.open(user, 2'000);
  CHECK_FALSE(sessions.use(opened.cookie, 2'100));  // idle
  opened = sessions.open(user, 3'000);
  sessions.end(opened.cookie);
  CHECK_FALSE(sessions.use(opened.cookie, 3'000));
  opened = sessions.open(user, 4'000);
  sessions.end_refused(AccessTable({user}, {}), 0);
  CHECK(sessions.use(opened.cookie, 4'000));
  auto changed = user;
  changed.password_hash = "another";
  sessions.end_refused(AccessTable({changed}, {}), 0);
  CHECK_FALSE(sessions.use(opened.cookie, 4'000));
}

TEST_CASE("sessions: one user has some at most, and the one that was used longest ago makes room") {
  Sessions sessions({});
  const auto first = sessions.open(some_user("a"), 0);
  const auto other = sessions.open(some_user("b"), 0);
  for (std::uint64_t i = 1; i <= Sessions::kMostOfUser; ++i) sessions.open(some_user("a"), i);
  CHECK_FALSE(sessions.use(first.cookie, 50));
  CHECK(sessions.use(other.cookie, 50));
  CHECK(sessions.size() == Sessions::kMostOfUser + 1);
}

TEST_CASE("throttle: failures beyond the free ones double the wait, success and silence end it") {
  Throttle throttle({.free = 2, .first_ms = 10, .longest_ms = 35, .forget_ms = 1'000, .most = 100});
  CHECK(throttle.wait_ms("a", 0) == 0);
  throttle.tried("a", 0);
  CHECK(throttle.wait_ms("a", 0) == 0);
  throttle.tried("a", 0);
  CHECK(throttle.wait_ms("a", 0) == 10);
  CHECK(throttle.wait_ms("a", 10) == 0);
  throttle.tried("a", 10);
  CHECK(throttle.wait_ms("a", 10) == 20);
  for (int i = 0; i < 100; ++i) throttle.tried("a", 10);
  CHECK(throttle.wait_ms("a", 10) == 35);
  CHECK(throttle.wait_ms("b", 10) == 0);
  CHECK(throttle.wait_ms("a", 1'010) == 0);
  throttle.tried("a", 1'010);
  CHECK(throttle.wait_ms("a", 1'010) == 0);  // forgotten: the first of two
  throttle.tried("a", 1'010);
  CHECK(throttle.wait_ms("a", 1'010) == 10);
  throttle.succeeded("a");
  CHECK(throttle.wait_ms("a", 1'010) == 0);
  CHECK(throttle.size() == 0);
}

TEST_CASE("throttle: keeps no more keys than it may") {
  Throttle throttle({.free = 1, .first_ms = 10, .longest_ms = 10, .forget_ms = 1'000, .most = 3});
  for (int i = 0; i < 10'000; ++i) throttle.tried(std::to_string(i), 0);
  CHECK(throttle.size() == 3);
  CHECK(throttle.wait_ms("9999", 0) == 10);
  CHECK(throttle.wait_ms("0", 0) == 0);
}

TEST_CASE("throttle: one machine is one key, whatever of its IPv6 network it asks from") {
  CHECK(throttle_key("2001:db8:1:2:3::4") == throttle_key("2001:db8:1:2::9"));
  CHECK(throttle_key("2001:db8:1:2::9") != throttle_key("2001:db8:1:3::9"));
  CHECK(throttle_key("192.0.2.1") == "192.0.2.1");
  CHECK(throttle_key("::ffff:192.0.2.1") != throttle_key("::ffff:192.0.2.2"));
}

TEST_CASE("refusals: are lines of their own until there are too many within a minute, then one line with their number") {
  Refusals refusals(2);
  const AuditEntry entry{.at_unix_ms = 1, .who = "x", .what = "refused", .subject = {}, .detail = {}, .origin = "here"};
  CHECK(refusals.note(entry, 0));
  CHECK(refusals.note(entry, 0));
  for (int i = 0; i < 1'000; ++i) CHECK_FALSE(refusals.note(entry, 10));
  CHECK_FALSE(refusals.rest(59'999, 7));
  const auto rest = refusals.rest(60'000, 7);
  REQUIRE(rest);
  CHECK(rest->what == "refused_more");
  CHECK(rest->who == "x");
  CHECK_THAT(rest->detail, Contains("1000 more"));
  CHECK_FALSE(refusals.rest(60'000, 7));
  CHECK(refusals.note(entry, 60'001));
}

TEST_CASE("audit chain: what is changed, moved, taken out or put in is found, and an end cut off where a head is known") {
  std::vector<AuditLine> log;
  std::string before;
  for (std::uint64_t number = 1; number <= 5; ++number) {
    AuditLine line{.number = number, .entry = {.at_unix_ms = number, .who = "a", .what = "b", .subject = "c", .detail = "d"}, .hash = {}};
    before = line.hash = audit_hash(before, number, line.entry);
    log.push_back(line);
  }
  const AuditHead head{.number = 5, .hash = before};
  const auto broken = [](const std::vector<AuditLine>& lines, const AuditHead& end, std::vector<AuditHead> witnesses = {}) {
    AuditCheck check{.reached = {}, .witnesses = std::move(witnesses)};
    for (const auto& line : lines) {
      if (!check_next(check, line)) return check.broken;
    }
    check_end(check, end);
    CHECK(check.done);
    return check.broken;
  };
  CHECK(broken(log, head, {head, {.number = 2, .hash = log[1].hash}}).empty());
  auto forged = log;
  forged[2].entry.who = "b";
  CHECK_THAT(broken(forged, head), Contains("entry 3"));
  forged = log;
  forged[2].entry.who = "ab";  // the same bytes side by side
  forged[2].entry.what = "";
  CHECK_THAT(broken(forged, head), Contains("entry 3"));
  forged = log;
  std::swap(forged[1].entry.at_unix_ms, forged[2].entry.at_unix_ms);
  CHECK_THAT(broken(forged, head), Contains("entry 2"));
  forged = log;
  forged.erase(forged.begin() + 1);
  CHECK_THAT(broken(forged, head), Contains("entry 2 is missing"));
  forged = log;
  forged.pop_back();
  CHECK_THAT(broken(forged, head), Contains("cut off"));
  const AuditHead shorter{.number = 4, .hash = log[3].hash};
  CHECK(broken(forged, shorter).empty());  // the log alone cannot tell
  CHECK_THAT(broken(forged, shorter, {head}), Contains("cut off"));
  CHECK_THAT(broken(log, shorter), Contains("put in"));
  CHECK_THAT(broken(log, head, {{.number = 2, .hash = log[2].hash}}), Contains("written anew"));
}
