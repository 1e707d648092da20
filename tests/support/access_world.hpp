#pragma once
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/http_peer.hpp"
#include "tests/support/program.hpp"
#include "tests/support/whole_controller.hpp"

namespace capmap::support {

/// A controller over a state folder of its own with two sites: "here" in region 1101, "there" in 32.
struct AccessWorld {
  explicit AccessWorld(const Reach& reach = {}) : controller(made(folder.path()), reach), admin(*load_admin_token(folder.path())) {
    REQUIRE(body(post(port(), "/v1/sites", R"({"name":"there","region":"32"})", admin), 201)["name"] == "there");
    REQUIRE(body(get_as(admin, "/v1/sites"), 200)["sites"].size() == 2);
  }

  [[nodiscard]] std::uint16_t port() const { return controller.port; }
  static nlohmann::json body(const Reply& reply, int status) {
    INFO(reply.body);
    REQUIRE(reply.status == status);
    return body_of(reply);
  }
  /// A user; `more`: further members, each with a comma before it.
  void add_user(const std::string& name, const std::string& role, const std::string& more = {}) const {
    body(post(port(), "/v1/users", R"({"name":")" + name + R"(","role":")" + role + "\"" + more + "}", admin), 201);
  }
  /// An API token of that user.
  [[nodiscard]] std::string token_of(const std::string& user, const std::string& more = {}) const {
    return body(post(port(), "/v1/users/" + user + "/tokens", R"({"label":"test")" + more + "}", admin), 201)["token"];
  }
  [[nodiscard]] Reply get_as(const std::string& token, const std::string& target) const {
    return get(port(), target, "Authorization: Bearer " + token + "\r\n");
  }
  [[nodiscard]] Reply log_in(const std::string& user, const std::string& password, const std::string& headers = {}) const {
    return request(port(), "POST", "/v1/login", "Content-Type: application/json\r\n" + headers,
                   nlohmann::json({{"user", user}, {"password", password}}).dump());
  }
  /// "what subject: detail" of the newest entries, newest first.
  [[nodiscard]] std::string audit(const std::string& query = {}) const {
    std::string text;
    const auto entries = body(get_as(admin, "/v1/audit?limit=1000" + query), 200)["entries"];
    for (const auto& entry : entries) {
      const auto word = [&entry](const char* name) { return entry[name].is_string() ? entry[name].get<std::string>() : std::string(); };
      text += word("who") + " " + word("what") + " " + word("subject") + ": " + word("detail") + " (" + word("origin") + ")\n";
    }
    return text;
  }

  TemporaryFolder folder;
  WholeController controller;
  std::string admin;

 private:
  static const std::string& made(const std::string& state) {
    Site site;
    site.name = "here";
    site.region = "1101";
    if (const auto created = create_state(state, site); !created) throw std::runtime_error(created.error().what);
    return state;
  }
};

}  // namespace capmap::support
