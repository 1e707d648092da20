// Who may watch what of /v1/events, and for how long.
#include <catch2/catch.hpp>
#include <vector>

#include "common/join_token.hpp"
#include "tests/support/scoped_world.hpp"
#include "tests/support/watched_world.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

namespace {

const std::string kHere = to_text(SiteId{{1}}), kThere = to_text(SiteId{{2}});
const std::string kBearer = "Authorization: Bearer t\r\n";

/// Everything that a stream has told, as it came.
std::string all_text(WatchPeer& peer) {
  std::string text;
  for (const auto& one : peer.told()) text += one.kind + " " + one.data.dump() + "\n";
  return text;
}

CellKey there() {
  CellKey key = kFreshHere;
  key.site = 2;
  return key;
}

}  // namespace

TEST_CASE("scope: who watches is told of the scope's sites alone, of a move its own end, and totals of its sites") {
  ScopedWorld world(*make_scope({"11"}, {}));
  MovingView view(world.http);
  WatchPeer peer(world.http.port, "", kBearer), admin(world.http.port, "", std::string("Authorization: Bearer ") + kAdminToken + "\r\n");
  REQUIRE(peer.hear(1).size() == 1);
  REQUIRE(admin.hear(1).size() == 1);
  CHECK(peer.told()[0].data["scope"] == "region 11");
  CHECK(peer.told()[0].data["totals"]["nodes"] == 4);
  CHECK(admin.told()[0].data["totals"]["nodes"] == 5);

  view.change(1, std::nullopt, there());                       // beyond it
  view.change(2, there(), with(there(), Liveness::kLost));     // beyond it
  view.change(3, there(), kFreshHere);                         // comes in
  view.change(4, kFreshHere, with(there(), Liveness::kLost));  // goes out, and is lost there
  view.change(5, there(), std::nullopt);                       // beyond it
  view.change(6, std::nullopt, kFreshHere);                    // within it
  world.http.clock.advance_ms(1'000);
  view.publish([](MapView& now) {
    auto doubles = std::make_shared<DoubleList>();
    doubles->pairs = {{.node = {.node = NodeId{{1}}, .site = 1}, .other = {.node = NodeId{{2}}, .site = 2}}};  // one end beyond it
    now.doubles = doubles;
    now.clones = std::make_shared<const std::vector<Clone>>(std::vector<Clone>{{.node = NodeId{{7}}, .site = 2, .runs = {}}});
    auto site = std::make_shared<Site>(*now.sites[2]);
    site->name = "renamed";
    now.sites[2] = site;
    Cell cell;
    cell.key = there();
    cell.nodes = 9;
    now.cells.push_back(cell);
  });
  admin.hear(12);
  CHECK(all_text(admin).find("double.found") != std::string::npos);
  const auto& told = peer.hear(4);
  REQUIRE(told.size() == 4);
  CHECK(told[1].kind == "node.moved");
  CHECK(told[1].data["from"].is_null());
  CHECK(told[1].data["to"]["site"] == kHere);
  CHECK(told[2].kind == "node.moved");
  CHECK(told[2].data["from"]["site"] == kHere);
  CHECK(told[2].data["to"].is_null());
  CHECK(told[2].data["site"] == kHere);
  CHECK(told[3].kind == "node.joined");
  world.http.clock.advance_ms(1'000);
  view.publish([](MapView& now) { now.cells = {}; });
  REQUIRE(peer.hear_kind("map.totals") != nullptr);
  CHECK(peer.told().back().data["totals"]["nodes"] == 0);
  for (const char* secret : {kThere.c_str(), "renamed", "bare", "double", "clone"}) {
    INFO(secret);
    CHECK(all_text(peer).find(secret) == std::string::npos);
  }
}

TEST_CASE("scope: no filter widens what is told, and a site beyond the scope is as little known as none") {
  ScopedWorld world(*make_scope({}, {SiteId{{1}}}));
  MovingView view(world.http);
  const auto status = [&](const std::string& query) { return get(world.http.port, "/v1/events?" + query, kBearer).status; };
  for (const std::string& site : {kThere, std::string("bare"), std::string("none"), to_text(SiteId{{9}})})
    CHECK(status("site=" + site) == 400);
  WatchPeer region(world.http.port, "?region=11", kBearer), elsewhere(world.http.port, "?region=32", kBearer),
      again(world.http.port, "?since=0000000000000001-1", kBearer);
  for (auto* peer : {&region, &elsewhere, &again}) REQUIRE(peer->hear_kind("snapshot") != nullptr);
  view.change(1, std::nullopt, there());
  view.change(2, std::nullopt, kFreshHere);
  view.publish();
  REQUIRE(region.hear_kind("node.joined") != nullptr);
  REQUIRE(again.hear_kind("node.joined") != nullptr);
  for (auto* peer : {&region, &again}) CHECK(all_text(*peer).find(kThere) == std::string::npos);
  CHECK(elsewhere.told()[0].data["totals"]["nodes"] == 0);
  CHECK(elsewhere.told().size() == 1);
}

TEST_CASE("scope: a site that leaves the scope is told as it was, and nothing of it after that") {
  ScopedWorld world(*make_scope({"11"}, {}));
  MovingView view(world.http);
  WatchPeer peer(world.http.port, "?kind=site,node", kBearer), all(world.http.port, "?kind=node");
  REQUIRE(peer.hear(1).size() == 1);
  REQUIRE(all.hear(1).size() == 1);
  const auto moved = [](MapView& now) {
    auto site = std::make_shared<Site>(*now.sites[1]);
    site->region = "320500";
    site->name = "secret";
    now.sites[1] = site;
  };
  view.publish(moved);
  REQUIRE(peer.hear_kind("site.changed") != nullptr);
  CHECK(peer.told()[1].data["site_name"] == "北京 \"one\"");  // as it was
  view.change(2, std::nullopt, kFreshHere);
  view.publish(moved);
  REQUIRE(all.hear_kind("node.joined") != nullptr);
  view.publish();  // and it comes back
  REQUIRE(peer.hear_kind("site.changed") != nullptr);
  CHECK(peer.kinds() == std::vector<std::string>{"snapshot", "site.changed", "site.changed"});
  CHECK(all_text(peer).find("secret") == std::string::npos);
}

TEST_CASE("access: a stream ends when its token is revoked or expires, its user is disabled, or its scope is another") {
  const auto ends_by = [](const std::function<void(ScopedWorld&, User, ApiToken)>& change) {
    ScopedWorld world(*make_scope({"11"}, {}));
    User user;
    user.name = "li";
    user.role = Role::kOperator;
    user.scope = *make_scope({"11"}, {});
    const ApiToken token{.id = "t1", .user = "li", .secret_hash = secret_hash("t"), .role = Role::kOperator};
    WatchPeer peer(world.http.port, "", kBearer), other(world.http.port);
    REQUIRE(peer.hear(1).size() == 1);
    REQUIRE(other.hear(1).size() == 1);
    change(world, user, token);
    for (int i = 0; i < 8; ++i) {
      world.http.clock.advance_ms(250);
      if (peer.hear_kind("end", 200) != nullptr) break;
    }
    CHECK(peer.hear_end());
    REQUIRE(peer.told().back().kind == "end");
    CHECK(metric_of(world.http.port, "capmap_http_watchers_turned_out_total") == 1);
    CHECK(metric_of(world.http.port, "capmap_http_watchers") == 1);  // the other one stays
    return peer.told().back().data["why"].get<std::string>();
  };
  const auto put = [](ScopedWorld& world, const User& user, std::vector<ApiToken> tokens) {
    world.http.access.publish(std::make_shared<const AccessTable>(std::vector{user}, std::move(tokens)));
  };
  CHECK(ends_by([&](ScopedWorld& world, const User& user, const ApiToken&) { put(world, user, {}); }).find("revoked") != std::string::npos);
  CHECK(ends_by([&](ScopedWorld& world, const User& user, ApiToken token) {
          token.expires_unix_ms = world.http.clock.unix_ms() + 500;
          put(world, user, {token});
        }).find("has expired") != std::string::npos);
  CHECK(ends_by([&](ScopedWorld& world, User user, const ApiToken& token) {
          user.disabled = true;
          put(world, user, {token});
        }).find("is disabled") != std::string::npos);
  CHECK(ends_by([&](ScopedWorld& world, User user, const ApiToken& token) {
          user.scope = *make_scope({"1101"}, {});
          put(world, user, {token});
        }).find("has changed") != std::string::npos);
  CHECK(ends_by([&](ScopedWorld& world, User user, const ApiToken& token) {
          user.role = Role::kViewer;
          put(world, user, {token});
        }).find("has changed") != std::string::npos);
}
