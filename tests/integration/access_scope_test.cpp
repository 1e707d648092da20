// What of the map somebody with a scope is told, by regions and sites.
#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "tests/support/scoped_world.hpp"
#include "tests/support/small_view.hpp"

using namespace capmap;
using namespace capmap::support;

TEST_CASE("scope: the map, nodes and sites are those of the scope, whatever the question asks for beside it") {
  const ScopedWorld world(*make_scope({"11"}, {}));
  CHECK(world.read("/v1/map")["total"]["nodes"]["installed"] == 4);
  CHECK(world.read("/v1/map?by=site")["group_count"] == 1);
  CHECK(world.read("/v1/map?filter=site%20%3D%20bare")["total"]["nodes"]["installed"] == 0);
  CHECK(world.read("/v1/map?filter=not%20site%20%3D%20x%20or%20site%20%3D%20bare")["total"]["nodes"]["installed"] == 4);
  CHECK(world.read("/v1/map?by=os")["scope"] == "region 11");
  CHECK(world.read("/v1/sites")["sites"].size() == 1);
  CHECK(world.read("/v1/nodes")["scope"] == "region 11");
  CHECK(world.read("/v1/nodes?site=bare")["nodes"].empty());
}

TEST_CASE("scope: who may see one site by its id sees no other") {
  const ScopedWorld world(*make_scope({}, {SiteId{{2}}}));
  CHECK(world.read("/v1/map")["total"]["nodes"]["installed"] == 1);
  CHECK(world.read("/v1/nodes")["nodes"].empty());  // all nodes that the world hands out are of the other site
  const auto node = "/v1/nodes/" + to_text(node_row(1).id);
  CHECK(get(world.http.port, node, "Authorization: Bearer t\r\n").status == 403);
  CHECK(post(world.http.port, node + "/benchmark", "{}", "t").status == 403);
  CHECK(world.read("/v1/sites")["sites"][0]["name"] == "bare");
}

TEST_CASE("scope: a site that is gone leaves nothing to see") {
  const ScopedWorld world(*make_scope({}, {SiteId{{9}}}));
  CHECK(world.read("/v1/map")["total"]["nodes"]["installed"] == 0);
  CHECK(world.read("/v1/sites")["sites"].empty());
  CHECK(world.read("/v1/nodes")["nodes"].empty());
}

TEST_CASE("scope: tags of one scope's map are not those of another's") {
  const ScopedWorld region(*make_scope({"11"}, {})), site(*make_scope({}, {SiteId{{2}}}));
  const auto tag = [](const ScopedWorld& world) {
    return get(world.http.port, "/v1/map", "Authorization: Bearer t\r\n").headers.at("ETag");
  };
  CHECK(tag(region) != tag(site));
  CHECK(tag(region) != get(region.http.port, "/v1/map").headers.at("ETag"));
}

TEST_CASE("scope: imbalances, absent nodes and shared things are those of the scope, and nothing else is in the answer") {
  const ScopedWorld region(*make_scope({"11"}, {})), site(*make_scope({}, {SiteId{{2}}})), none(*make_scope({"99"}, {}));
  for (const char* name : {"owner", "class", "use", "scenario", "architecture", "security"}) {
    INFO(name);
    const std::string target = std::string("/v1/imbalance/") + name;
    const auto within = region.read(target), other = site.read(target), nothing = none.read(target);
    const auto all = body_of(get(region.http.port, target));
    const auto memory = [](const nlohmann::json& answer) {
      const auto& installed = answer["total"]["memory"]["installed_bytes"];
      return installed.is_string() ? std::stoull(installed.get<std::string>()) : 0;
    };
    CHECK(memory(within) + memory(other) == memory(all));
    CHECK(memory(within) > memory(other));
    CHECK(memory(other) > 0);
    CHECK(memory(nothing) == 0);
    CHECK(nothing["row_count"] == 0);
    CHECK(within["scope"] == "region 11");
    const auto filtered = region.read(target + "?filter=site%20%3D%20bare");
    CHECK(memory(filtered) == 0);
  }
  CHECK(region.read("/v1/imbalance/use").dump().find("110108") == std::string::npos);  // no finer than what was asked

  // The world's lost nodes are of the site of number 1, which declares five.
  CHECK(!region.read("/v1/absent")["nodes"].empty());
  CHECK(region.read("/v1/absent")["sites"].size() == 1);
  for (const auto* world : {&site, &none}) {
    const auto absent = world->read("/v1/absent");
    CHECK(absent["nodes"].empty());
    CHECK(absent["sites"].empty());
    CHECK(absent["sites_left_out"] == 0);
    CHECK(world->read("/v1/absent?site=bare")["nodes"].empty());
  }
}

TEST_CASE("scope: pages of shared things hold those of the scope alone, whatever stands between them") {
  ScopedWorld region(*make_scope({"11"}, {})), site(*make_scope({}, {SiteId{{2}}}));
  for (auto* world : {&region, &site}) {
    auto view = small_view(world->http.clock.boot_ms());
    auto shared = std::make_shared<SharedTable>();
    auto guests = std::make_shared<std::vector<GuestInHost>>();
    for (std::uint32_t i = 0; i < 6; ++i) {
      SharedThing thing;
      thing.site = 1 + i % 2;
      thing.source = "server:/" + std::to_string(i);
      shared->things.push_back(std::make_shared<const SharedThing>(thing));
    }
    for (const std::uint32_t at : {1U, 2U}) {
      for (std::uint8_t i = 0; i < 3; ++i)
        guests->push_back({.site = at, .guest = NodeId{{static_cast<std::uint8_t>(10 * at + i)}}, .host = NodeId{{6}}});
    }
    view->shared = shared;
    view->guests = guests;
    world->http.view.publish(view);
  }
  const auto sources = [](const ScopedWorld& world) {
    std::vector<std::string> found;
    std::string next = "/v1/shared?limit=1";
    for (int page = 0; page < 20 && !next.empty(); ++page) {
      const auto answer = world.read(next);
      CHECK(answer["shared"].size() <= 1);
      for (const auto& thing : answer["shared"]) found.push_back(thing["source"]);
      next = answer["next"].is_string() ? "/v1/shared?limit=1&cursor=" + answer["next"].get<std::string>() : "";
    }
    return found;
  };
  const auto within = sources(region), other = sources(site);
  CHECK(within.size() == 6);
  CHECK(other.size() == 6);
  for (const auto& source : within) CHECK(std::ranges::find(other, source) == other.end());
  CHECK(within[0] == "server:/0");
  CHECK(other[0] == "server:/1");
}

TEST_CASE("scope: history is told of a site or a division that lies in the scope entirely, and of nothing else") {
  const ScopedWorld division(*make_scope({"11"}, {})), part(*make_scope({"1101"}, {})), site(*make_scope({}, {SiteId{{2}}}));
  const auto status = [](const ScopedWorld& world, const std::string& query) {
    return get(world.http.port, "/v1/history" + query, "Authorization: Bearer t\r\n").status;
  };
  const auto own = to_text(SiteId{{1}}), bare = to_text(SiteId{{2}});
  CHECK(status(division, "?region=11") == 200);
  CHECK(status(division, "?region=11&group_by=accelerator_model") == 200);
  CHECK(status(division, "?site=" + own) == 200);
  CHECK(status(part, "?site=" + own) == 200);
  CHECK(status(site, "?site=bare") == 200);
  CHECK(status(part, "?region=11") == 403);  // more than its part
  for (const auto* world : {&division, &part}) {
    CHECK(status(*world, "?region=32") == 403);
    CHECK(status(*world, "?site=bare") == 403);
    CHECK(status(*world, "?site=" + bare) == 403);
    CHECK(status(*world, "") == 403);
    CHECK(status(*world, "?group_by=region_2") == 403);
  }
  CHECK(status(site, "?site=" + own) == 403);
  CHECK(status(site, "?region=11") == 403);
  CHECK(status(site, "?site=" + to_text(SiteId{{77}})) == 403);  // one that is no more, or never was
}

TEST_CASE("scope: tags of one scope's imbalances are not those of another's") {
  const ScopedWorld region(*make_scope({"11"}, {})), site(*make_scope({}, {SiteId{{2}}}));
  const auto tag = [](const ScopedWorld& world, const std::string& more) {
    return get(world.http.port, "/v1/imbalance/use", "Authorization: Bearer t\r\n" + more).headers.at("ETag");
  };
  CHECK(tag(region, "") != tag(site, ""));
  CHECK(tag(region, "") != tag(region, "Accept: text/csv\r\n"));
  CHECK(tag(region, "") != get(region.http.port, "/v1/imbalance/use").headers.at("ETag"));
}
