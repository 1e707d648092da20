// Who may ask a real controller for what, tried as those try who may not.
#include <catch2/catch.hpp>

#include "tests/support/access_world.hpp"

using namespace capmap;
using namespace capmap::support;
using Catch::Contains;

namespace {

const char* const kPassword = "correct horse battery";

std::string word_of(const Reply& reply) {
  const auto problem = body_of(reply);
  return problem.is_object() && problem.contains("type") ? problem["type"].get<std::string>() : "none";
}

std::string cookie_of(const Reply& reply) {
  const auto cookie = reply.headers.at("Set-Cookie");
  return cookie.substr(0, cookie.find(';'));
}

}  // namespace

TEST_CASE("access: a viewer reads and is refused what changes something or is an admin's") {
  const AccessWorld world;
  world.add_user("eye", "viewer");
  const auto token = world.token_of("eye");
  for (const char* target : {"/v1/map", "/v1/nodes", "/v1/sites", "/v1/regions", "/metrics", "/v1/session"}) {
    INFO(target);
    CHECK(world.get_as(token, target).status == 200);
  }
  for (const char* target : {"/v1/users", "/v1/audit", "/v1/audit/verify"}) {
    INFO(target);
    const auto reply = world.get_as(token, target);
    CHECK(reply.status == 403);
    CHECK(word_of(reply) == "urn:capmap:problem:role");
    CHECK_THAT(reply.body, Contains("admin"));
  }
  const std::pair<const char*, const char*> changes[] = {{"/v1/sites", R"({"name":"x"})"},
                                                         {"/v1/tokens", R"({"site":"here"})"},
                                                         {"/v1/pools", R"({"site":"here","name":"p"})"},
                                                         {"/v1/users", R"({"name":"me","role":"admin"})"},
                                                         {"/v1/users/eye", R"({"role":"admin"})"},
                                                         {"/v1/import", "{}"},
                                                         {"/v1/regions", "{}"}};
  for (const auto& [target, body] : changes) {
    INFO(target);
    CHECK(post(world.port(), target, body, token).status == 403);
  }
  CHECK(request(world.port(), "DELETE", "/v1/users/eye", "Authorization: Bearer " + token + "\r\n").status == 403);
  CHECK_THAT(world.audit("&what=refused"), Contains("eye refused POST /v1/users/eye: 403 role (127.0.0.1, API token "));
}

TEST_CASE("access: an operator changes sites but neither users, lists nor imports") {
  const AccessWorld world;
  world.add_user("op", "operator");
  const auto token = world.token_of("op");
  CHECK(post(world.port(), "/v1/tokens", R"({"site":"here"})", token).status == 201);
  CHECK(post(world.port(), "/v1/pools", R"({"site":"there","name":"p"})", token).status == 201);
  CHECK(post(world.port(), "/v1/sites", R"({"name":"new","region":"12"})", token).status == 201);
  CHECK(post(world.port(), "/v1/users", R"({"name":"me","role":"admin"})", token).status == 403);
  CHECK(post(world.port(), "/v1/import", "{}", token).status == 403);
  const auto log = world.audit();
  CHECK_THAT(log, Contains("op token_created"));
  CHECK_THAT(log, Contains("op site_added"));
  CHECK_THAT(log, Contains("API token"));
}

TEST_CASE("access: a scope by region or site is not escaped, whatever names the other site") {
  const AccessWorld world;
  world.add_user("bj", "operator", R"(,"regions":"11")");
  world.add_user("one", "operator", R"(,"sites":"there")");
  const auto bj = world.token_of("bj"), one = world.token_of("one");
  const auto sites = AccessWorld::body(world.get_as(bj, "/v1/sites"), 200);
  REQUIRE(sites["sites"].size() == 1);
  CHECK(sites["sites"][0]["name"] == "here");
  CHECK(sites["scope"] == "region 11");
  CHECK(world.get_as(bj, "/v1/sites").headers.at("X-Capmap-Scope") == "region 11");
  const auto all = AccessWorld::body(world.get_as(world.admin, "/v1/sites"), 200)["sites"];
  REQUIRE(all.size() == 2);
  for (const auto& site : all) {
    const bool his = site["name"] == "here";
    for (const auto& name : {site["name"].get<std::string>(), site["id"].get<std::string>()}) {
      INFO(name);
      CHECK(post(world.port(), "/v1/tokens", R"({"site":")" + name + "\"}", bj).status == (his ? 201 : 403));
      CHECK(post(world.port(), "/v1/tokens", R"({"child_sites":")" + name + "\"}", bj).status == (his ? 201 : 403));
      CHECK(post(world.port(), "/v1/tokens", R"({"child_sites":"here,)" + name + "\"}", bj).status == (his ? 201 : 403));
      CHECK(post(world.port(), "/v1/sites/" + name + "/declared", R"({"nodes":4})", bj).status == (his ? 200 : 403));
      CHECK(post(world.port(), "/v1/sites/" + name + "/declared", R"({"nodes":4})", one).status == (his ? 403 : 200));
    }
  }
  CHECK(post(world.port(), "/v1/sites", R"({"name":"x","region":"1101"})", bj).status == 201);
  CHECK(post(world.port(), "/v1/sites", R"({"name":"y","region":"31"})", bj).status == 403);
  CHECK(post(world.port(), "/v1/sites", R"({"name":"y"})", bj).status == 403);
  CHECK(post(world.port(), "/v1/sites", R"({"name":"y","region":"1101"})", one).status == 403);
  for (const char* target : {"/metrics", "/v1/regions", "/v1/owners", "/v1/links", "/v1/export/descriptors", "/v1/history"}) {
    INFO(target);
    const auto reply = world.get_as(bj, target);
    CHECK(reply.status == 403);
    CHECK(word_of(reply) == "urn:capmap:problem:out-of-scope");
  }
  const auto map = AccessWorld::body(world.get_as(bj, "/v1/map?by=site"), 200);
  CHECK(map["scope"] == "region 11");
}

TEST_CASE("access: a token has no more than its user, and a token of a token is not made") {
  const AccessWorld world;
  world.add_user("bj", "operator", R"(,"regions":"11")");
  const auto wide = world.token_of("bj"), narrow = world.token_of("bj", R"(,"role":"viewer","sites":"there")");
  CHECK(AccessWorld::body(world.get_as(narrow, "/v1/session"), 200)["role"] == "viewer");
  CHECK(AccessWorld::body(world.get_as(narrow, "/v1/sites"), 200)["sites"].empty());  // in none of both
  CHECK(post(world.port(), "/v1/users/bj/tokens", R"({"role":"admin"})", world.admin).status == 400);
  const auto by_token = post(world.port(), "/v1/users/bj/tokens", "{}", wide);
  CHECK(by_token.status == 403);
  CHECK(word_of(by_token) == "urn:capmap:problem:by-token");
  CHECK(post(world.port(), "/v1/users/other/tokens", "{}", wide).status == 403);
  CHECK(AccessWorld::body(world.get_as(wide, "/v1/api-tokens"), 200)["api_tokens"].size() == 2);
  CHECK(world.get_as(wide, "/v1/api-tokens?user=other").status == 403);
}

TEST_CASE("access: a token that is wrong, revoked or expired is refused, also where nobody need show one") {
  const AccessWorld world;
  world.add_user("li", "viewer");
  CHECK(get(world.port(), "/v1/map").status == 200);
  CHECK(world.get_as("cma1.wrong", "/v1/map").status == 401);
  const auto token = world.token_of("li");
  CHECK(world.get_as(token, "/v1/map").status == 200);
  const std::string id = AccessWorld::body(world.get_as(token, "/v1/api-tokens"), 200)["api_tokens"][0]["id"];
  CHECK(request(world.port(), "DELETE", "/v1/api-tokens/" + id, "Authorization: Bearer " + world.admin + "\r\n").status == 200);
  CHECK(world.get_as(token, "/v1/map").status == 401);
  const auto brief = world.token_of("li", R"(,"expires_in_s":1)");
  CHECK(soon([&] { return world.get_as(brief, "/v1/map").status == 401; }));
  CHECK_THAT(world.get_as(brief, "/v1/map").body, Contains("has expired"));
  const auto last = world.token_of("li");
  CHECK(post(world.port(), "/v1/users/li", R"({"disabled":true})", world.admin).status == 200);
  CHECK_THAT(world.get_as(last, "/v1/map").body, Contains("disabled"));
  CHECK_THAT(world.audit("&what=refused"), Contains("anonymous refused GET /v1/map: 401 unauthorized"));
}

TEST_CASE("access: a login gives a cookie no script and no other site can use, and each change its CSRF token") {
  const AccessWorld world;
  world.add_user("li", "operator", std::string(R"(,"password":")") + kPassword + "\"");
  const auto login = world.log_in("li", kPassword);
  REQUIRE(login.status == 200);
  const auto cookie = login.headers.at("Set-Cookie");
  for (const char* word : {"__Host-capmap=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Strict"}) CHECK_THAT(cookie, Contains(word));
  CHECK(login.headers.at("Cache-Control") == "no-store");
  const std::string csrf = body_of(login)["csrf_token"];
  const std::string session = "Cookie: a=b; " + cookie_of(login) + "\r\n", json = "Content-Type: application/json\r\n";
  const auto who = AccessWorld::body(get(world.port(), "/v1/session", session), 200);
  CHECK(who["user"] == "li");
  CHECK(who["csrf_token"] == csrf);
  const auto change = [&](const std::string& headers) {
    return request(world.port(), "POST", "/v1/tokens", headers, R"({"site":"here"})");
  };
  CHECK(change(session + json + "X-CSRF-Token: " + csrf + "\r\n").status == 201);
  for (const std::string& forged :
       {std::string(), std::string("X-CSRF-Token: \r\n"), "X-CSRF-Token: " + csrf.substr(1) + "\r\n", "X-CSRF-Token: x" + csrf + "\r\n"}) {
    const auto reply = change(session + json + forged);
    CHECK(reply.status == 403);
    CHECK(word_of(reply) == "urn:capmap:problem:csrf");
  }
  // What a form of another site can send without asking first.
  CHECK(change(session + "X-CSRF-Token: " + csrf + "\r\nContent-Type: text/plain\r\n").status == 415);
  CHECK_THAT(world.audit(), Contains("li refused POST /v1/tokens: 403 csrf (127.0.0.1, session)"));
  CHECK(request(world.port(), "POST", "/v1/logout", session + json, "{}").status == 403);
  CHECK(request(world.port(), "POST", "/v1/logout", session + json + "X-CSRF-Token: " + csrf + "\r\n", "{}").status == 200);
  CHECK(get(world.port(), "/v1/map", session).status == 401);
  CHECK_THAT(world.audit(), Contains("li logged_in") && Contains("li logged_out"));
  CHECK_THAT(world.audit(), !Contains(kPassword) && !Contains(csrf));
}

TEST_CASE("access: who is disabled, removed or given another password is out at once") {
  const AccessWorld world;
  const std::pair<const char*, const char*> ends[] = {
      {"a", R"({"disabled":true})"}, {"b", R"({"password":"another good one"})"}, {"c", ""}};
  for (const auto& [name, change] : ends) {
    INFO(name);
    world.add_user(name, "operator", std::string(R"(,"password":")") + kPassword + "\"");
    const auto session = "Cookie: " + cookie_of(world.log_in(name, kPassword)) + "\r\n";
    CHECK(get(world.port(), "/v1/map", session).status == 200);
    const std::string user = std::string("/v1/users/") + name;
    if (*change == '\0') {
      CHECK(request(world.port(), "DELETE", user, "Authorization: Bearer " + world.admin + "\r\n").status == 200);
    } else {
      CHECK(post(world.port(), user, change, world.admin).status == 200);
    }
    const auto after = get(world.port(), "/v1/map", session);
    CHECK(after.status == 401);
    CHECK_THAT(after.headers.at("Set-Cookie"), Contains("Max-Age=0"));
  }
}

TEST_CASE("access: wrong passwords make who gives them wait, and nobody learns which users there are") {
  const AccessWorld world;
  world.add_user("li", "viewer", std::string(R"(,"password":")") + kPassword + "\"");
  const auto wrong = world.log_in("li", "wrong password"), nobody = world.log_in("nobody", "wrong password");
  CHECK(wrong.status == 401);
  CHECK(wrong.body == nobody.body);
  int refused = 0;
  for (int i = 0; i < 8; ++i) refused += world.log_in("li", "wrong password").status == 429 ? 1 : 0;
  CHECK(refused >= 3);
  const auto late = world.log_in("li", kPassword);  // not even the right one
  CHECK(late.status == 429);
  CHECK(std::stoi(late.headers.at("Retry-After")) >= 1);
  for (int i = 0; i < 12; ++i) static_cast<void>(world.log_in("user" + std::to_string(i), "wrong password"));
  CHECK(world.log_in("somebody-else", "wrong password").status == 429);  // the address has to wait too
  CHECK_THAT(world.audit("&what=refused"), Contains("POST /v1/login: 429 too-many-logins"));
}

TEST_CASE("access: one changes one's own password with the one that stands, also within a scope; wrong ones make one wait") {
  const AccessWorld world;
  constexpr const char* kNext = "another long password";
  world.add_user("li", "operator", std::string(R"(,"regions":"11","password":")") + kPassword + "\"");
  world.add_user("wang", "viewer", std::string(R"(,"password":")") + kPassword + "\"");
  const auto token = world.token_of("li");
  const auto change = [&world](const std::string& as, const std::string& user, const std::string& before, const std::string& after) {
    return post(world.port(), "/v1/users/" + user + "/password", nlohmann::json({{"password", before}, {"new_password", after}}).dump(),
                as);
  };
  CHECK(change(token, "wang", kPassword, kNext).status == 403);         // somebody else's
  CHECK(change(world.admin, "admin", kPassword, kNext).status == 403);  // no user
  CHECK(change(token, "li", kPassword, "short").status == 400);
  CHECK(change(token, "li", kPassword, kPassword).status == 400);
  const auto before = world.log_in("li", kPassword);
  REQUIRE(before.status == 200);
  const auto done = change(token, "li", kPassword, kNext);
  CHECK(AccessWorld::body(done, 200)["password_changed"] == true);
  // What is on disk shows with the next table.
  REQUIRE(soon([&] { return world.log_in("li", kNext).status == 200; }));
  CHECK(world.log_in("li", kPassword).status == 401);
  const auto cookie = before.headers.at("Set-Cookie").substr(0, before.headers.at("Set-Cookie").find(';'));
  CHECK(get(world.port(), "/v1/map", "Cookie: " + cookie + "\r\n").status == 401);  // its session is over
  CHECK(world.get_as(token, "/v1/session").status == 200);
  CHECK(world.log_in("wang", kPassword).status == 200);
  int waited = 0, wrong = 0;
  for (int i = 0; i < 8; ++i) {
    const auto status = change(token, "li", "not the password", "yet another password").status;
    wrong += status == 403 ? 1 : 0;
    waited += status == 429 ? 1 : 0;
  }
  CHECK(wrong >= 1);
  CHECK(waited >= 3);
  CHECK(wrong + waited == 8);
  CHECK_THAT(world.audit("&who=li"), Contains("user_changed"));
  CHECK_THAT(world.audit("&what=refused"), Contains("POST /v1/users/li/password: 403 wrong-password"));
  CHECK_THAT(world.audit(), !Contains(kNext));
}

TEST_CASE("access: passwords that are being checked hold nobody else up") {
  const AccessWorld world;
  world.add_user("li", "viewer", std::string(R"(,"password":")") + kPassword + "\"");
  std::vector<Peer> logins;
  const std::string body = nlohmann::json({{"user", "li"}, {"password", "wrong password"}}).dump();
  const auto head =
      "POST /v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n";
  for (int i = 0; i < 5; ++i) {
    logins.emplace_back(world.port());
    logins.back().say(head + body);
  }
  // Five checks take some 60 ms each, one after the other; what is asked meanwhile is answered before the last of them.
  int answered = 0;
  std::string last;
  while (last.empty() && answered < 1'000) {
    CHECK(get(world.port(), "/healthz").status == 200);
    ++answered;
    last = logins.back().hear(1, 1);
  }
  CHECK(answered > 3);
  CHECK_THAT(last + logins.back().hear(12, 5'000), Contains("HTTP/1.1 4"));
}

TEST_CASE("access: every answer says that nothing may be run, framed, guessed or told on") {
  const AccessWorld world;
  for (const char* target : {"/v1/map", "/v1/nothing", "/healthz"}) {
    const auto headers = get(world.port(), target).headers;
    CHECK_THAT(headers.at("Content-Security-Policy"), Contains("default-src 'none'"));
    CHECK(headers.at("X-Content-Type-Options") == "nosniff");
    CHECK(headers.at("Referrer-Policy") == "no-referrer");
  }
  CHECK(world.get_as(world.admin, "/v1/map").headers.at("Cache-Control") == "no-store");
}

TEST_CASE("access: the audit is told in pages and as CSV, is whole, and says where it is not") {
  const AccessWorld world;
  world.add_user("li", "viewer");
  const auto whole = AccessWorld::body(world.get_as(world.admin, "/v1/audit/verify"), 200);
  CHECK(whole["whole"] == true);
  const std::string head = whole["head"];
  world.add_user("bo", "viewer");
  CHECK(AccessWorld::body(world.get_as(world.admin, "/v1/audit/verify?expect=" + head), 200)["whole"] == true);
  auto forged = head;
  forged.back() = forged.back() == '0' ? '1' : '0';
  const auto broken = AccessWorld::body(world.get_as(world.admin, "/v1/audit/verify?expect=" + forged), 200);
  CHECK(broken["whole"] == false);
  CHECK_THAT(broken["broken"].get<std::string>(), Contains("written anew"));
  const auto first = AccessWorld::body(world.get_as(world.admin, "/v1/audit?limit=1"), 200);
  REQUIRE(first["next"].is_string());
  const auto second = AccessWorld::body(world.get_as(world.admin, "/v1/audit?limit=1&cursor=" + first["next"].get<std::string>()), 200);
  CHECK(second["entries"][0]["number"].get<int>() == first["entries"][0]["number"].get<int>() - 1);
  const auto csv = get(world.port(), "/v1/audit", "Authorization: Bearer " + world.admin + "\r\nAccept: text/csv\r\n");
  CHECK_THAT(csv.body, Contains("number,at,who,what,subject,detail,origin,hash\r\n") && Contains(",user_added,bo,"));
  CHECK(world.audit("&who=nobody").empty());
}

TEST_CASE("access: a proxy's word on users is taken from its address and with its secret alone") {
  Reach reach;
  reach.gate.proxies = *parse_address_ranges("127.0.0.0/8");
  reach.gate.proxy_user_header = "x-remote-user";
  reach.gate.proxy_secret_hash = secret_hash("the proxy's own secret");
  reach.gate.anonymous_reads = false;
  const AccessWorld world(reach);
  world.add_user("li", "operator");
  const std::string secret = "X-Capmap-Proxy-Secret: the proxy's own secret\r\n", user = "X-Remote-User: li\r\n";
  CHECK(get(world.port(), "/v1/map", user).status == 401);
  CHECK(get(world.port(), "/v1/map", user + "X-Capmap-Proxy-Secret: guessed\r\n").status == 401);
  CHECK(get(world.port(), "/v1/map", secret).status == 401);
  CHECK(get(world.port(), "/v1/map", secret + "X-Remote-User: nobody\r\n").status == 403);
  const auto who = AccessWorld::body(get(world.port(), "/v1/session", secret + user + "Host: map.example.org\r\n"), 200);
  CHECK(who["user"] == "li");
  CHECK(who["via"] == "proxy");
  const std::string json = "Content-Type: application/json\r\n", csrf = "X-CSRF-Token: " + who["csrf_token"].get<std::string>() + "\r\n";
  CHECK(request(world.port(), "POST", "/v1/tokens", secret + user + json, R"({"site":"here"})").status == 403);
  const auto change = request(world.port(), "POST", "/v1/tokens", secret + user + json + csrf + "X-Forwarded-For: 9.9.9.9, 192.0.2.7\r\n",
                              R"({"site":"here"})");
  CHECK(change.status == 201);
  CHECK_THAT(world.audit(), Contains("li token_created") && Contains("192.0.2.7, proxy"));
}
