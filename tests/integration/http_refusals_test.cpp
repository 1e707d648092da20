// What a caller reads who has asked wrongly: forty mistakes, each with what would be right.
#include <catch2/catch.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

struct Mistake {
  const char* method;
  const char* path;
  const char* body;  ///< null: none
  int status;
  const char* fix;  ///< must stand in what is answered
};

const Mistake kMistakes[] = {
    {"GET", "/v1/map?by=regoin", nullptr, 400, "region"},
    {"GET", "/v1/map?group=region", nullptr, 400, "group_by"},
    {"GET", "/v1/map?by=region,region", nullptr, 400, "region"},
    {"GET", "/v1/map?measure=fp17", nullptr, 400, "fp16"},
    {"GET", "/v1/map?limit=0", nullptr, 400, "1"},
    {"GET", "/v1/map?limit=many", nullptr, 400, "number"},
    {"GET", "/v1/map?cursor=zzz&by=region", nullptr, 400, "cursor"},
    {"GET", "/v1/map?filter=accelerators%20%3E", nullptr, 400, "expected a value"},
    {"GET", "/v1/map?filter=acelerators%20%3E%201", nullptr, 400, "acelerators"},
    {"GET", "/v1/map?filter=%28cores%20%3E%201", nullptr, 400, ")"},
    {"GET", "/v1/map?filter=cores%20%3E%20%22a%22", nullptr, 400, "number"},
    {"GET", "/v1/map?at=yesterday", nullptr, 400, "2026"},
    {"GET", "/v1/map?chips=7", nullptr, 400, "at"},
    {"GET", "/v1/map?by=%zz", nullptr, 400, "%"},
    {"GET", "/v1/nodes?limit=1000001", nullptr, 400, "1000"},
    {"GET", "/v1/nodes?liveness=dead", nullptr, 400, "fresh"},
    {"GET", "/v1/nodes?site=nowhere", nullptr, 400, "site"},
    {"GET", "/v1/nodes?cursor=x", nullptr, 400, "cursor"},
    {"GET", "/v1/nodes/n-short", nullptr, 400, "28"},
    {"GET", "/v1/nodes/gpu-17", nullptr, 400, "n-"},
    {"GET", "/v1/resolve/x-1", nullptr, 400, "n-"},
    {"GET", "/v1/imbalance/colour", nullptr, 404, "owner"},
    {"GET", "/v1/history?grain=2m", nullptr, 400, "1m"},
    {"GET", "/v1/history?from=then", nullptr, 400, "2026"},
    {"GET", "/v1/export/descriptors?form=c", nullptr, 400, "a"},
    {"GET", "/v1/maps", nullptr, 404, "/v1/"},
    {"GET", "/v2/map", nullptr, 404, "/v1/"},
    {"DELETE", "/v1/map", nullptr, 405, "GET"},
    {"PATCH", "/v1/sites", nullptr, 405, "POST"},
    {"POST", "/v1/sites", "{", 400, "JSON"},
    {"POST", "/v1/sites", "[]", 400, "object"},
    {"POST", "/v1/sites", "{}", 400, "name"},
    {"POST", "/v1/sites", R"({"name":"a","regoin":"11"})", 400, "region"},
    {"POST", "/v1/sites", R"({"name":"a","region":"99"})", 400, "region"},
    {"POST", "/v1/sites", R"({"name":"a","security_level":9})", 400, "5"},
    {"POST", "/v1/sites", R"({"name":5})", 400, "name"},
    {"POST", "/v1/tokens", R"({"site":"bare","uses":0})", 400, "1"},
    {"POST", "/v1/tokens", R"({"site":"bare","from":"10.0.0.0/99"})", 400, "10.0.0.0/99"},
    {"POST", "/v1/nodes/n-aaaaaaaaaaaaaaaaaaaaaaaaaa/service", R"({"state":"asleep"})", 400, "draining"},
    {"POST", "/v1/users", R"({"name":"a b","role":"viewer"})", 400, "a-z"},
    {"POST", "/v1/users", R"({"name":"ab","role":"king"})", 400, "viewer"},
    {"POST", "/v1/keys/revoke", R"({"whose":"x"})", 400, "reason"},
};

Reply ask(std::uint16_t port, const Mistake& mistake) {
  std::string headers = std::string("Authorization: Bearer ") + kAdminToken + "\r\n";
  if (mistake.body != nullptr) headers += "Content-Type: application/json\r\n";
  return request(port, mistake.method, mistake.path, headers, mistake.body == nullptr ? "" : mistake.body);
}

}  // namespace

TEST_CASE("forty mistakes are each refused with a problem that says what would be right") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  CHECK(std::size(kMistakes) >= 40);
  for (const auto& mistake : kMistakes) {
    const auto reply = ask(world.port, mistake);
    const auto problem = body_of(reply);
    const std::string body = mistake.body == nullptr ? "" : mistake.body;
    INFO(mistake.method << " " << mistake.path << " " << body << " -> " << reply.status << " " << reply.body);
    CHECK(reply.status == mistake.status);
    REQUIRE(problem.is_object());
    CHECK(reply.headers.at("Content-Type") == "application/problem+json");
    CHECK(problem.at("status") == reply.status);
    CHECK(problem.at("type").get<std::string>().starts_with("urn:capmap:problem:"));
    CHECK_THAT(reply.body, Catch::Contains(mistake.fix));
    std::printf("%-6s %-46s %d %s\n", mistake.method, mistake.path, reply.status, problem.value("detail", "").c_str());
  }
}
