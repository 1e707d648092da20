// What somebody with a scope is told of what happened: contradictions, clones, changes and the past.
#include <catch2/catch.hpp>
#include <vector>

#include "common/time_text.hpp"
#include "tests/support/program.hpp"
#include "tests/support/scoped_world.hpp"
#include "tests/support/small_view.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

namespace {

const std::string kBeijing = to_text(SiteId{{1}}), kBare = to_text(SiteId{{2}});

/// Changes of five nodes at revisions 31 to 36: one joins each site, one goes from the first site to the other and comes back, one leaves
/// the other.
std::shared_ptr<MapView> changed_view(std::uint64_t at_boot_ms) {
  auto view = small_view(at_boot_ms);
  ChangeFeed feed;
  feed.skip_to(30);
  const CellKey own{.site = 1, .hardware = 1, .liveness = Liveness::kFresh}, other{.site = 2, .hardware = 1, .liveness = Liveness::kLost};
  auto drained = own;
  drained.service = ServiceState::kDrained;
  const auto add = [&](std::uint64_t revision, std::uint8_t node, std::optional<CellKey> from, std::optional<CellKey> to) {
    feed.add({.revision = revision, .at_boot_ms = at_boot_ms, .node = NodeId{{node}}, .from = from, .to = to});
  };
  add(31, 1, std::nullopt, own);
  add(32, 2, std::nullopt, other);
  add(33, 3, drained, other);
  add(34, 1, own, drained);
  add(35, 4, other, own);
  add(36, 5, other, std::nullopt);
  view->changes = feed.publish();
  return view;
}

/// "31 joined", "33 site": revision and what of each change that the answer tells, page by page.
std::vector<std::string> told(const ScopedWorld& world, std::size_t limit) {
  std::vector<std::string> found;
  std::string cursor = "abcdef-30";
  for (int page = 0; page < 20; ++page) {
    const auto answer = world.read("/v1/changes?since=" + cursor + "&limit=" + std::to_string(limit));
    CHECK(answer["scope"].is_string());
    CHECK(answer["resync"] == false);
    CHECK(answer["changes"].size() <= limit);
    for (const auto& change : answer["changes"]) {
      std::string words = std::to_string(change["revision"].get<int>());
      for (const auto& what : change["what"]) words += " " + what.get<std::string>();
      found.push_back(words);
    }
    if (answer["next"] == cursor || answer["next"] == "0000000000abcdef-41") break;
    cursor = answer["next"];
  }
  return found;
}

}  // namespace

TEST_CASE("scope: contradicted nodes and what they claim are those of the scope; reasons of the whole map are not told") {
  ScopedWorld world(*make_scope({"11"}, {}));
  auto view = small_view(world.http.clock.boot_ms());
  const auto add = [&view](std::uint32_t site, ServiceState service, std::uint32_t nodes) {
    Cell cell;
    cell.key = {.site = site, .hardware = 1, .liveness = Liveness::kFresh, .service = service, .verdict = Verdict::kContradicted};
    cell.nodes = nodes;
    view->cells.push_back(cell);
  };
  add(1, ServiceState::kInService, 2);
  add(1, ServiceState::kRetired, 8);
  add(2, ServiceState::kInService, 1);
  add(2, ServiceState::kQuarantined, 3);
  view->contradicted.emplace();
  view->contradicted->policy = Believe::kExclude;
  for (std::size_t i = 0; i < kDoubtCount; ++i) view->doubts[i] = 6;
  for (const auto& [site, nodes, left_out] : {std::tuple{1U, 2U, false}, {2U, 1U, false}, {2U, 3U, true}}) {
    const CellKey key{.site = site,
                      .hardware = 1,
                      .service = left_out ? ServiceState::kQuarantined : ServiceState::kInService,
                      .verdict = Verdict::kContradicted};
    for (std::uint32_t i = 0; i < nodes; ++i) count_contradicted(*view->contradicted, key, view->hardware[1].get(), true);
  }
  world.http.view.publish(view);
  for (const char* target : {"/v1/contradictions", "/v1/map", "/v1/map?by=os"}) {
    INFO(target);
    const auto all = body_of(get(world.http.port, target))["contradicted"];
    CHECK(all["counted"]["nodes"] == 3);
    world.give(*make_scope({"11"}, {}));
    const auto region = world.read(target)["contradicted"];
    CHECK(region["policy"] == "exclude");
    CHECK(region["counted"]["nodes"] == 2);
    CHECK(region["counted"]["cores"] == 2 * 48);
    CHECK(region["counted"]["memory_bytes"] == std::to_string(2ULL << 40));
    CHECK(region["left_out"]["nodes"] == 0);
    world.give(*make_scope({}, {SiteId{{2}}}));
    const auto site = world.read(target)["contradicted"];
    CHECK(site["counted"]["nodes"] == 1);
    CHECK(site["left_out"]["nodes"] == 3);
    CHECK(site["left_out"]["accelerators"] == 3 * 8);
    CHECK(site["left_out"] == all["left_out"]);
  }
  CHECK(body_of(get(world.http.port, "/v1/contradictions"))["by_reason"].size() > 0);
  const auto scoped = world.read("/v1/contradictions");
  CHECK(scoped["by_reason"].is_null());
  CHECK(scoped["by_reason_why"].is_string());
  CHECK(scoped["nodes"].empty());  // all nodes that the world hands out are of the other site
  CHECK(get(world.http.port, "/v1/contradictions?site=none", "Authorization: Bearer t\r\n").status == 400);
}

TEST_CASE("scope: keys that spoke from two places are told of the scope's nodes alone") {
  ScopedWorld world(*make_scope({"11"}, {}));
  auto view = small_view(world.http.clock.boot_ms());
  auto clones = std::make_shared<std::vector<Clone>>();
  for (std::uint8_t i = 1; i <= 3; ++i) {
    clones->push_back({.node = NodeId{{i}},
                       .site = i,
                       .runs = {{.run_id = i, .hostname = {}, .product = {}}, {.run_id = 9, .hostname = {}, .product = {}}}});
  }
  view->clones = clones;
  world.http.view.publish(view);
  CHECK(body_of(get(world.http.port, "/v1/clones"))["clones"].size() == 3);  // of the third the site is not known
  for (std::uint8_t i = 1; i <= 2; ++i) {
    world.give(i == 1 ? *make_scope({"1101"}, {}) : *make_scope({}, {SiteId{{2}}}));
    const auto answer = world.read("/v1/clones");
    REQUIRE(answer["clones"].size() == 1);
    CHECK(answer["clones"][0]["node"] == to_text(NodeId{{i}}));
    CHECK(answer["scope"].is_string());
    CHECK(post(world.http.port, "/v1/clones/" + to_text(NodeId{{i}}), R"({"revoke":true})", "t").status == 403);
  }
}

TEST_CASE("scope: changes are those at the scope's sites, and of a move in or out the place beyond it is not told") {
  ScopedWorld world(*make_scope({"11"}, {}));
  world.http.view.publish(changed_view(world.http.clock.boot_ms()));
  using Told = std::vector<std::string>;
  for (const std::size_t limit : {1U, 2U, 4U, 100U}) {
    world.give(*make_scope({"11"}, {}));
    CHECK(told(world, limit) == Told{"31 joined", "33 site", "34 service_state", "35 site"});
    world.give(*make_scope({}, {SiteId{{2}}}));
    CHECK(told(world, limit) == Told{"32 joined", "33 site", "35 site", "36 removed"});
    world.give(*make_scope({"99"}, {}));
    CHECK(told(world, limit).empty());
    world.give(*make_scope({"11"}, {SiteId{{2}}}));
    CHECK(told(world, limit).size() == 6);
  }
  CHECK(world.read("/v1/changes?since=abcdef-30")["changes"][2]["what"] == json::array({"site", "liveness", "service_state"}));
  world.give(*make_scope({"11"}, {}));
  const auto own = world.read("/v1/changes?since=abcdef-30");
  CHECK(own.dump().find(kBare) == std::string::npos);
  CHECK(own["changes"][1]["from"]["site"] == kBeijing);
  CHECK(own["changes"][1]["to"].is_null());
  CHECK(own["changes"][3]["from"].is_null());
  CHECK(own["changes"][3]["to"]["site"] == kBeijing);
  world.give(*make_scope({}, {SiteId{{2}}}));
  CHECK(world.read("/v1/changes?since=abcdef-30").dump().find(kBeijing) == std::string::npos);
  CHECK(world.read("/v1/changes?since=abcdef-29")["resync"] == true);
}

TEST_CASE("scope: events of the past are those at the scope's sites, page by page, and spans are everybody's") {
  const TemporaryFolder folder;
  ScopedWorld world(*make_scope({"11"}, {}), folder.path());
  auto before = small_view(world.http.clock.boot_ms());
  before->revision = 30;
  world.http.view.publish(before);
  const auto spans = [&world] {
    world.http.clock.advance_ms(1'000);
    return world.read("/v1/history/spans")["spans"].size();
  };
  REQUIRE(soon([&] { return spans() == 1; }));
  world.http.view.publish(changed_view(world.http.clock.boot_ms()));
  const auto all = [&world] { return body_of(get(world.http.port, "/v1/history/events"))["events"]; };
  REQUIRE(soon([&] {
    world.http.clock.advance_ms(1'000);
    return all().size() == 6;
  }));
  const auto events = [&world](std::size_t limit) {
    json found = json::array();
    std::string cursor = "0";
    for (int page = 0; page < 20 && !cursor.empty(); ++page) {
      const auto answer = world.read("/v1/history/events?limit=" + std::to_string(limit) + "&cursor=" + cursor);
      CHECK(answer["scope"].is_string());
      CHECK(answer["events"].size() <= limit);
      for (const auto& event : answer["events"]) found.push_back(event);
      cursor = answer["next"].is_string() ? answer["next"].get<std::string>() : "";
    }
    return found;
  };
  const auto kinds = [](const json& list) {
    std::string text;
    for (const auto& event : list) text += event["kind"].get<std::string>() + " ";
    return text;
  };
  for (const std::size_t limit : {1U, 3U, 100U}) {
    world.give(*make_scope({"11"}, {}));
    const auto own = events(limit);
    CHECK(kinds(own) == "joined moved service moved ");
    CHECK(own.dump().find(kBare) == std::string::npos);
    CHECK(own[1]["from"]["site"] == kBeijing);
    CHECK(own[1]["to"].is_null());
    CHECK(!own[1].contains("changed"));
    world.give(*make_scope({}, {SiteId{{2}}}));
    const auto other = events(limit);
    CHECK(kinds(other) == "joined moved moved left ");
    CHECK(other.dump().find(kBeijing) == std::string::npos);
    world.give(*make_scope({"99"}, {}));
    CHECK(events(limit).empty());
    world.give(*make_scope({"11"}, {SiteId{{2}}}));
    CHECK(events(limit) == all());
  }
  world.give(*make_scope({"11"}, {}));
  CHECK(world.read("/v1/history/events?node=" + to_text(NodeId{{2}}))["events"].empty());
  CHECK(world.read("/v1/history/events?node=" + to_text(NodeId{{3}}))["events"].size() == 1);
}

TEST_CASE("scope: a past map is of the scope's sites, also where sites have exchanged their names since") {
  const TemporaryFolder folder;
  ScopedWorld world(*make_scope({}, {SiteId{{2}}}), folder.path());
  const auto publish = [&world](const char* first, const char* second, std::uint64_t revision) {
    auto view = small_view(world.http.clock.boot_ms());
    view->revision = revision;
    for (std::size_t i = 1; i < 3; ++i) {
      auto site = std::make_shared<Site>(*view->sites[i]);
      site->name = i == 1 ? first : second;
      view->sites[i] = site;
    }
    world.http.view.publish(view);
  };
  publish("a", "b", 1);
  REQUIRE(soon([&] {
    world.http.clock.advance_ms(1'000);
    return world.read("/v1/history/spans")["spans"].size() == 1;
  }));
  const auto then = rfc3339_text(world.http.clock.unix_ms());
  publish("b", "a", 2);
  REQUIRE(soon([&] {
    world.http.clock.advance_ms(1'000);
    return world.read("/v1/map?by=site&at=" + rfc3339_text(world.http.clock.unix_ms()))["groups"][0]["key"]["site"] == "a";
  }));
  for (const auto* query : {"by=site", "by=site&filter=site%20%3D%20b", "by=site&filter=site%20%3D%20a%20or%20site%20%3D%20b"}) {
    const auto past = world.read(std::string("/v1/map?") + query + "&at=" + then);
    CHECK(past["scope"] == "site " + kBare);
    CHECK(past["total"]["nodes"]["installed"] == 1);
    REQUIRE(past["groups"].size() == 1);
    CHECK(past["groups"][0]["key"]["site"] == "b");
  }
  CHECK(world.read("/v1/map?filter=site%20%3D%20a&at=" + then)["total"]["nodes"]["installed"] == 0);
}
