// What strangers and users try against the API of the real controller. SECURITY.md lists these cases.
#include <catch2/catch.hpp>
#include <fstream>

#include "controller/store/sqlite.hpp"
#include "tests/support/access_world.hpp"
#include "tests/support/deployment.hpp"

using namespace capmap;
using namespace capmap::support;
using namespace std::chrono_literals;
using Catch::Contains;

TEST_CASE("attacks: no path leads out of the API, however it is written") {
  const AccessWorld world;
  std::string secret;
  std::getline(std::ifstream(world.folder.path() + "/admin.token"), secret);
  REQUIRE(!secret.empty());
  const std::string deep = "../../../../../../../../..", coded = "%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e";
  for (const std::string& base : {std::string("/"), std::string("/v1/"), std::string("/v1/nodes/"), std::string("/v1/resolve/")}) {
    for (const std::string& tail :
         {deep + "/etc/passwd", coded + "/etc/passwd", coded + "%2fetc%2fpasswd", deep + world.folder.path() + "/admin.token",
          std::string("..%5c..%5cetc%5cpasswd"), std::string("..%c0%af..%c0%afetc/passwd"), std::string("%252e%252e%252fetc/passwd"),
          std::string("x%00/../../etc/passwd"), std::string("./././admin.token"), std::string("/etc/passwd")}) {
      INFO(base + tail);
      for (const auto& reply : {get(world.port(), base + tail), world.get_as(world.admin, base + tail)}) {
        CHECK((reply.status == 400 || reply.status == 404));
        CHECK_THAT(reply.body, !Contains("root:") && !Contains(secret));
      }
    }
  }
  CHECK(get(world.port(), "/v1/map").status == 200);
}

TEST_CASE("attacks: words of SQL are texts wherever they stand, and there is one way alone to ask in SQL") {
  const AccessWorld world;
  const std::string drop = "x'); drop table nodes; attach database '/tmp/x' as y; --";
  for (const char* target : {"/v1/query", "/v1/sql/all", "/sql"})
    CHECK(post(world.port(), target, R"({"sql":"select 1"})", world.admin).status == 404);
  const auto made = post(world.port(), "/v1/sites", nlohmann::json({{"name", drop}, {"region", "1101"}}).dump(), world.admin);
  REQUIRE(made.status == 201);
  CHECK(body_of(made)["name"] == drop);
  REQUIRE(soon([&] { return AccessWorld::body(world.get_as(world.admin, "/v1/sites"), 200)["sites"].size() == 3; }));
  const std::string coded = "x%27%29%3B%20drop%20table%20nodes%3B%20--";
  for (const std::string& target :
       {"/v1/nodes?site=" + coded, "/v1/nodes?filter=site%20%3D%20%22" + coded + "%22", "/v1/audit?who=" + coded, "/v1/audit?what=" + coded,
        "/v1/history/events?node=" + coded, "/v1/api-tokens?user=" + coded}) {
    INFO(target);
    const auto reply = world.get_as(world.admin, target);
    CHECK((reply.status == 200 || reply.status == 400 || reply.status == 404 || reply.status == 503));
  }
  CHECK(AccessWorld::body(world.get_as(world.admin, "/v1/nodes"), 200)["nodes"].empty());
  CHECK(AccessWorld::body(world.get_as(world.admin, "/v1/audit/verify"), 200)["whole"] == true);
  CHECK(post(world.port(), "/v1/tokens", nlohmann::json({{"site", drop}}).dump(), world.admin).status == 201);
}

TEST_CASE("attacks: a line of the audit that was forged, added or taken out of the database is told, with its number") {
  const AccessWorld world;
  world.add_user("li", "viewer");
  world.add_user("bo", "viewer");
  const auto whole = [&] { return AccessWorld::body(world.get_as(world.admin, "/v1/audit/verify"), 200); };
  REQUIRE(whole()["whole"] == true);
  auto database = Database::open(world.folder.path() + "/store.db", Database::Mode::kReadWrite);
  REQUIRE(database);
  REQUIRE(database->run("pragma busy_timeout = 5000"));
  // The database itself refuses; who may write the file can take that out first.
  CHECK_FALSE(database->run("update audit set who = 'li' where what = 'user_added'"));
  CHECK_FALSE(database->run("delete from audit where what = 'user_added'"));
  REQUIRE(database->run("drop trigger audit_stays; drop trigger audit_is_kept;"));
  const std::pair<const char*, const char*> forgeries[] = {
      {"update audit set who = 'li' where subject = 'bo'", "update audit set who = 'admin' where subject = 'bo'"},
      {"update audit set detail = detail || '.' where subject = 'li'",
       "update audit set detail = substr(detail, 1, length(detail) - 1) where subject = 'li'"},
      {"update audit set number = number + 100000 where subject = 'bo'", "update audit set number = number - 100000 where subject = 'bo'"},
      {"insert into audit (number, at_unix_ms, who, what, subject, detail, origin, hash) select number + 100000, at_unix_ms, 'li', what, "
       "subject, detail, origin, hash from audit where subject = 'bo'",
       "delete from audit where number > 100000"}};
  for (const auto& [forge, undo] : forgeries) {
    INFO(forge);
    REQUIRE(database->run(forge));
    const auto found = whole();
    CHECK(found["whole"] == false);
    CHECK(found["broken"].is_string());
    REQUIRE(database->run(undo));
    CHECK(whole()["whole"] == true);
  }
  REQUIRE(database->run("delete from audit where subject = 'bo'"));
  CHECK(whole()["whole"] == false);
}

TEST_CASE("attacks: readers who never read hold nobody up, are cut, and leave nothing behind") {
  Deployment deployment;
  deployment.start();
  const auto port = static_cast<std::uint16_t>(deployment.http_port);
  const std::string one = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::string many;
  for (int i = 0; i < 300; ++i) many += one;
  {
    std::vector<Peer> idle;
    for (int i = 0; i < 100; ++i) {
      idle.emplace_back(port);
      idle.back().say_some(many);
    }
    for (int i = 0; i < 20; ++i) {
      const auto began = std::chrono::steady_clock::now();
      CHECK(get(port, "/v1/map").status == 200);
      CHECK(std::chrono::steady_clock::now() - began < 5s);
    }
    CHECK(deployment.metric("capmap_http_open_connections") >= 100);
    CHECK(eventually([&] { return deployment.metric("capmap_http_open_connections") <= 3; }, 90s));
  }
  CHECK(deployment.controller().running());
}
