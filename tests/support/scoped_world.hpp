#pragma once
#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/join_token.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

namespace capmap::support {

/// A world whose token "t" is of a user with that scope. history: as of HttpWorld.
struct ScopedWorld {
  explicit ScopedWorld(const Scope& scope, const std::string& history = {}) : http(kAdminToken, "127.0.0.1", history) {
    give(scope);
    http.view.publish(small_view(http.clock.boot_ms()));
  }
  /// From the next request on.
  void give(const Scope& scope) {
    User user;
    user.name = "li";
    user.role = Role::kOperator;
    user.scope = scope;
    ApiToken token{.id = "t1", .user = "li", .secret_hash = secret_hash("t"), .role = Role::kOperator};
    http.access.publish(std::make_shared<const AccessTable>(std::vector{user}, std::vector{token}));
  }
  [[nodiscard]] nlohmann::json read(const std::string& target) const {
    const auto reply = get(http.port, target, "Authorization: Bearer t\r\n");
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    return body_of(reply);
  }
  HttpWorld http;
};

}  // namespace capmap::support
