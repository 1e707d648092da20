// Pages of what belongs to no single node: file systems, then guests.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

TEST_CASE("http: pages of shared things tell each file system and each guest once, whatever their length") {
  HttpWorld world;
  auto view = small_view(world.clock.boot_ms());
  auto table = std::make_shared<SharedTable>();
  for (const char* source : {"b:/y", "a:/x.z", "c:/w"}) {
    SharedThing thing;
    thing.site = source[0] == 'a' ? 2 : 1;
    thing.source = source;
    thing.reporters = 3;
    table->things.push_back(std::make_shared<const SharedThing>(thing));
  }
  view->shared = table;
  auto guests = std::make_shared<std::vector<GuestInHost>>();
  for (std::uint8_t i = 1; i <= 4; ++i) guests->push_back({.site = i < 4 ? 1U : 2U, .guest = NodeId{{i}}, .host = NodeId{{9}}});
  view->guests = guests;
  world.view.publish(view);
  std::vector<std::string> wanted = {"b:/y", "c:/w", "a:/x.z"};
  for (const auto& guest : *guests) wanted.push_back(to_text(guest.guest));
  for (const std::size_t limit : {1U, 2U, 3U, 4U, 7U, 100U}) {
    std::vector<std::string> told;
    std::string cursor;
    for (std::size_t page = 0; page < 10; ++page) {
      const auto reply = get(world.port, "/v1/shared?limit=" + std::to_string(limit) + (cursor.empty() ? "" : "&cursor=" + cursor));
      REQUIRE(reply.status == 200);
      const auto body = json::parse(reply.body);
      CHECK(body["shared"].size() <= limit);
      for (const auto& thing : body["shared"]) told.push_back(thing["source"]);
      if (body["next"].is_null()) break;
      cursor = body["next"];
    }
    INFO("limit " << limit);
    CHECK(told == wanted);
  }
  const auto last = json::parse(get(world.port, "/v1/shared?limit=1&cursor=guest.1." + wanted[5]).body)["shared"][0];
  CHECK(last["kind"] == "guest");
  CHECK(last["site"]["name"] == "bare");
  CHECK(last["host"] == to_text(NodeId{{9}}));
  CHECK(last["reporters"] == 2);
  CHECK(last["size_bytes"].is_null());
}

TEST_CASE("http: a cursor of guests that no page said is refused") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  for (const char* cursor : {"guest.", "guest.1", "guest.1.", "guest.1.n-x", "guest.x.n-aiaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    INFO(cursor);
    CHECK(get(world.port, std::string("/v1/shared?cursor=") + cursor).status == 400);
  }
}
