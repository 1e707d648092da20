#pragma once
#include <memory>
#include <string>
#include <vector>

#include "controller/password_thread.hpp"
#include "tests/support/contract_doubles.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

namespace capmap::support {

/// Users, tokens, sessions and the audit.
template <class Note>
void ask_access(HttpWorld& world, Note note) {
  const auto port = world.port;
  const std::string bearer = std::string("Authorization: Bearer ") + kAdminToken + "\r\n", json = "Content-Type: application/json\r\n";
  User user;
  user.name = "li";
  user.password_hash = *hash_password("correct horse");
  world.access.publish(std::make_shared<const AccessTable>(std::vector{user}, std::vector<ApiToken>()));
  const std::string right = R"({"user":"li","password":"correct horse"})", wrong = R"({"user":"li","password":"wrong"})";
  const auto login = request(port, "POST", "/v1/login", json, right);
  const auto session = "Cookie: " + login.headers.at("Set-Cookie").substr(0, login.headers.at("Set-Cookie").find(';')) + "\r\n";
  note("POST /v1/login", login);
  note("POST /v1/login", request(port, "POST", "/v1/login", json, "{}"));
  note("POST /v1/login", request(port, "POST", "/v1/login", {}, right));
  const auto logged_in = json + session + "X-CSRF-Token: " + body_of(login)["csrf_token"].get<std::string>() + "\r\n";
  const auto change = [&](const std::string& headers, const char* body, const std::string& whose = "li") {
    note("POST /v1/users/{name}/password", request(port, "POST", "/v1/users/" + whose + "/password", headers, body));
  };
  change(logged_in, R"({"password":"correct horse","new_password":"battery staple"})");
  change(logged_in, R"({"password":"wrong","new_password":"battery staple"})");
  change(logged_in, R"({"password":"correct horse","new_password":"short"})");
  change(json + "Authorization: Bearer wrong\r\n", "{}");
  change(logged_in, "{}", "wang");
  for (int i = 0; i < 8; ++i) note("POST /v1/login", request(port, "POST", "/v1/login", json, wrong));
  change(logged_in, R"({"password":"correct horse","new_password":"battery staple"})");
  note("POST /v1/logout", request(port, "POST", "/v1/logout", json + session, "{}"));
  note("POST /v1/logout", request(port, "POST", "/v1/logout", session, "{}"));
  note("POST /v1/logout", request(port, "POST", "/v1/logout", {}, "{}"));
  note("POST /v1/logout", request(port, "POST", "/v1/logout", json, "{}"));
  for (const char* path : {"/v1/session", "/v1/users", "/v1/api-tokens", "/v1/audit", "/v1/audit/verify"}) {
    note(std::string("GET ") + path, get(port, path, bearer));
    note(std::string("GET ") + path, get(port, path, "Authorization: Bearer wrong\r\n"));
  }
  note("GET /v1/audit", get(port, "/v1/audit?limit=0", bearer));
  note("GET /v1/audit/verify", get(port, "/v1/audit/verify?expect=x", bearer));
  for (const char* body : {R"({"name":"a","role":"viewer"})", R"({"name":"exists","role":"viewer"})", "{}"}) {
    note("POST /v1/users", post(port, "/v1/users", body, kAdminToken));
  }
  note("POST /v1/users", post(port, "/v1/users", "{}", "wrong"));
  for (const char* name : {"a", "absent"}) {
    const std::string path = std::string("/v1/users/") + name;
    note("POST /v1/users/{name}", post(port, path, R"({"role":"viewer"})", kAdminToken));
    note("DELETE /v1/users/{name}", request(port, "DELETE", path, bearer));
    note("POST /v1/users/{name}/tokens", post(port, path + "/tokens", "{}", kAdminToken));
    note("DELETE /v1/api-tokens/{id}", request(port, "DELETE", std::string("/v1/api-tokens/") + name, bearer));
  }
  note("POST /v1/users/{name}", post(port, "/v1/users/a", R"({"role":"king"})", kAdminToken));
  note("POST /v1/users/{name}", post(port, "/v1/users/a", "{}", "wrong"));
  note("DELETE /v1/users/{name}", request(port, "DELETE", "/v1/users/a"));
  note("POST /v1/users/{name}/tokens", post(port, "/v1/users/a/tokens", R"({"role":"king"})", kAdminToken));
  note("POST /v1/users/{name}/tokens", post(port, "/v1/users/a/tokens", "{}", "wrong"));
  note("DELETE /v1/api-tokens/{id}", request(port, "DELETE", "/v1/api-tokens/a"));
}

}  // namespace capmap::support
