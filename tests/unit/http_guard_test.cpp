#include <catch2/catch.hpp>

#include "common/join_token.hpp"
#include "controller/http/guard.hpp"

using namespace capmap;

namespace {

std::optional<HttpResponse> refusal(const std::string& authorization, const std::string& hash) {
  HttpRequest request;
  if (!authorization.empty()) request.headers = {{"authorization", authorization}};
  return refuse_change(request, hash);
}

}  // namespace

TEST_CASE("http guard: loopback is 127.0.0.0/8, ::1 and localhost, however it is written") {
  for (const char* address : {"127.0.0.1", "127.255.0.9", "::1", "0:0:0:0:0:0:0:1", "localhost", "LocalHost"}) {
    INFO(address);
    CHECK(is_loopback_address(address));
  }
  for (const char* address :
       {"", "0.0.0.0", "128.0.0.1", "127.1", "::", "::ffff:127.0.0.1", "fe80::1", "localhost.", "local host", "127.0.0.1x"}) {
    INFO(address);
    CHECK_FALSE(is_loopback_address(address));
  }
}

TEST_CASE("http guard: a Host header is taken apart strictly") {
  for (const char* host : {"localhost:", "127.0.0.1:8470", "[::1]:1"}) CHECK(is_local_host_header(host));
  for (const char* host : {"", ":", ":80", "[::1", "[::1]x", "[::1]:8x", "::1", "localhost:123456", "a.localhost", "localhost, evil"}) {
    INFO(host);
    CHECK_FALSE(is_local_host_header(host));
  }
}

TEST_CASE("http guard: only the admin's token changes anything") {
  const auto hash = secret_hash("secret");
  CHECK_FALSE(refusal("Bearer secret", hash));
  CHECK_FALSE(refusal("bearer secret", hash));
  for (const std::string& given :
       {std::string(), std::string("Bearer "), std::string("Bearer secre"), std::string("Bearer secret "), std::string("Basic secret"),
        std::string("secret"), "Bearer " + hash, "Bearer " + std::string(10'000, 'x')}) {
    INFO(given);
    const auto refused = refusal(given, hash);
    REQUIRE(refused);
    CHECK(refused->status == 401);
    CHECK(refused->headers.at(0).first == "WWW-Authenticate");
  }
  CHECK(refusal("Bearer secret", "")->status == 403);
  CHECK(refusal("Bearer ", "")->status == 403);
}
