// POST /v1/sites/{id}: some of what is declared of a site is changed, by who may.
#include <catch2/catch.hpp>

#include "tests/support/access_world.hpp"

using namespace capmap;
using namespace capmap::support;
using Catch::Contains;

namespace {

nlohmann::json site_named(const AccessWorld& world, const std::string& name) {
  const auto answer = AccessWorld::body(world.get_as(world.admin, "/v1/sites"), 200);
  for (const auto& site : answer["sites"]) {
    if (site["name"] == name) return site;
  }
  return {};
}

}  // namespace

TEST_CASE("site change: what would change is told, what was shown is what is done, and the audit has it") {
  const AccessWorld world;
  const auto change = [&world](const std::string& body) { return post(world.port(), "/v1/sites/there", body, world.admin); };
  const auto shown = AccessWorld::body(change(R"({"fields":{"pue":1.25,"public_compute":true},"dry_run":true})"), 200);
  CHECK_FALSE(shown["applied"].get<bool>());
  CHECK(shown["changes"].size() == 2);
  CHECK(shown["site"]["pue"] == 1.25);
  const auto digest = shown["digest"].get<std::string>();
  CHECK(AccessWorld::body(change(R"({"fields":{"pue":1.25}})"), 200)["applied"] == true);  // somebody else is faster
  const auto other = change(R"({"fields":{"pue":1.25,"public_compute":true},"expect":")" + digest + R"("})");
  CHECK_THAT(AccessWorld::body(other, 409)["type"].get<std::string>(), Contains("site-changed-since"));
  CHECK(AccessWorld::body(change(R"({"fields":{"pue":1.25}})"), 200)["changes"].empty());
  REQUIRE(site_named(world, "there").value("pue", nlohmann::json()) == 1.25);
  CHECK_THAT(world.audit(), Contains("site_changed") && Contains("pue – → 1.25"));
}

TEST_CASE("site change: what cannot be is refused with the field, and nothing is changed") {
  const AccessWorld world;
  const auto refusal = [&world](const std::string& fields, int status) {
    return AccessWorld::body(post(world.port(), "/v1/sites/there", R"({"fields":)" + fields + "}", world.admin), status)["detail"]
        .get<std::string>();
  };
  CHECK_THAT(refusal(R"({"pue":9})", 400), Contains("pue"));
  CHECK_THAT(refusal(R"({"colour":"red"})", 400), Contains("colour") && Contains("region"));
  CHECK_THAT(refusal(R"({"owner":"nobody"})", 400), Contains("owner: no owner is called"));
  CHECK_THAT(refusal(R"({"pue":{}})", 400), Contains("pue"));
  CHECK_THAT(refusal("{}", 400), Contains("fields"));
  CHECK_THAT(refusal(R"({"name":"here"})", 409), Contains("already there"));
  AccessWorld::body(post(world.port(), "/v1/sites/nowhere", R"({"fields":{"pue":1.2}})", world.admin), 404);
  CHECK(site_named(world, "there")["pue"].is_null());
  CHECK_THAT(world.audit(), !Contains("site_changed"));
}

TEST_CASE("site change: an operator may do it within the own scope, and may not move a site out of it or into it") {
  const AccessWorld world;
  world.add_user("north", "operator", R"(,"regions":"11")");
  world.add_user("looker", "viewer");
  const auto operator_token = world.token_of("north"), viewer = world.token_of("looker");
  const auto change = [&world](const std::string& site, const std::string& fields, const std::string& token) {
    return post(world.port(), "/v1/sites/" + site, R"({"fields":)" + fields + "}", token).status;
  };
  CHECK(change("here", R"({"pue":1.3})", operator_token) == 200);
  CHECK(change("here", R"({"region":"1102"})", operator_token) == 200);
  CHECK(change("here", R"({"region":"32"})", operator_token) == 403);
  CHECK(change("here", R"({"region":""})", operator_token) == 403);
  CHECK(change("there", R"({"pue":1.3})", operator_token) == 403);
  CHECK(change("there", R"({"region":"11"})", operator_token) == 403);
  CHECK(change("here", R"({"pue":1.4})", viewer) == 403);
  REQUIRE(site_named(world, "here").value("region", "") == "1102");
  CHECK(site_named(world, "here")["pue"] == 1.3);
  CHECK(site_named(world, "there")["region"] == "32");
  CHECK_THAT(world.audit(), Contains("north site_changed"));
}
