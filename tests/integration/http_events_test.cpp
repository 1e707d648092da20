// What is told to who watches /v1/events, over real sockets.
#include <catch2/catch.hpp>
#include <vector>

#include "common/ids.hpp"
#include "tests/support/program.hpp"
#include "tests/support/watched_world.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

namespace {

const std::string kHere = to_text(SiteId{{1}}), kThere = to_text(SiteId{{2}});

std::string last_id(const std::string& id) {
  return "Last-Event-ID: " + id + "\r\n";
}

}  // namespace

TEST_CASE("http events: a stream begins with what is now, then tells what happens, each with an id that grows") {
  HttpWorld world;
  MovingView view(world);
  WatchPeer peer(world.port);
  REQUIRE(peer.hear(1).size() == 1);
  CHECK(peer.status() == 200);
  CHECK(peer.header_of("Content-Type") == "text/event-stream");
  CHECK(peer.header_of("Cache-Control") == "no-store");
  const auto& first = peer.told()[0];
  CHECK(first.kind == "snapshot");
  CHECK(first.data["resumed"] == false);
  CHECK(first.data["revision"] == view.revision());
  CHECK(first.data["since"] == "0000000000abcdef-" + std::to_string(view.revision()));
  CHECK(first.data["totals"]["nodes"] == 5);
  CHECK(first.data["totals"]["lost"] == 1);
  CHECK(first.data["totals"]["cpu_busy_millicores"] == 30'000);
  CHECK(first.data["totals"]["memory_used_mib"].is_null());  // nobody says it: unknown, not 0

  auto stale = with(kFreshHere, Liveness::kStale), drained = kFreshHere;
  drained.service = ServiceState::kDrained;
  drained.verdict = Verdict::kContradicted;
  view.change(1, std::nullopt, kFreshHere);
  view.change(1, kFreshHere, stale);
  view.change(1, stale, with(kFreshHere, Liveness::kLost));
  view.change(1, with(kFreshHere, Liveness::kLost), drained);
  view.change(1, drained, std::nullopt);
  view.publish();
  const auto& told = peer.hear(8);
  CHECK(peer.kinds() == std::vector<std::string>{"snapshot", "node.joined", "node.stale", "node.lost", "node.service", "node.verdict",
                                                 "node.back", "node.left"});
  CHECK(told[1].data["kind"] == "node.joined");
  CHECK(told[1].data["node"] == to_text(NodeId{{1}}));
  CHECK(told[1].data["site"] == kHere);
  CHECK(told[1].data["region"] == "110108");
  CHECK(told[1].data["from"].is_null());
  CHECK(told[1].data["to"]["hardware"]["cpu_model"] == "Example 9000");
  CHECK(told[3].data["from"]["liveness"] == "stale");
  CHECK(told[5].data["to"]["verdict"] == "contradicted");
  for (std::size_t i = 1; i < told.size(); ++i) {
    CHECK(told[i].id.substr(0, 17) == told[0].id.substr(0, 17));
    CHECK(std::stoul(told[i].id.substr(17)) == std::stoul(told[i - 1].id.substr(17)) + 1);
  }
}

TEST_CASE("http events: totals that have moved are told once a second, and only those") {
  HttpWorld world;
  MovingView view(world);
  WatchPeer peer(world.port, "?kind=map"), other(world.port, "?kind=node");
  REQUIRE(peer.hear(1).size() == 1);
  REQUIRE(other.hear(1).size() == 1);
  CHECK_FALSE(other.told()[0].data.contains("totals"));
  const auto one_more = [](MapView& now) {
    Cell cell;
    cell.key = {.site = 2, .hardware = 1, .liveness = Liveness::kFresh};
    cell.nodes = 2;
    cell.power_watts = {.sum = 300, .known = 1};
    now.cells.push_back(cell);
  };
  world.clock.advance_ms(1'000);
  view.publish(one_more);
  REQUIRE(peer.hear(2).size() == 2);
  CHECK(peer.told()[1].kind == "map.totals");
  CHECK(peer.told()[1].id == peer.told()[0].id);  // nothing else has happened
  CHECK(peer.told()[1].data["revision"] == view.revision());
  CHECK(peer.told()[1].data["all"] == false);
  CHECK(peer.told()[1].data["totals"] == json({{"nodes", 7}, {"fresh", 6}, {"available", 6}, {"power_watts", 1'550}, {"power_nodes", 3}}));
  world.clock.advance_ms(1'000);
  view.publish(one_more);  // the same once more: nothing has moved
  world.clock.advance_ms(1'000);
  view.publish();
  REQUIRE(peer.hear(3).size() == 3);
  CHECK(peer.told()[2].data["totals"]["nodes"] == 5);
  CHECK(other.told().size() == 1);
}

TEST_CASE("http events: who comes again with Last-Event-ID or since is told exactly what came after it") {
  HttpWorld world;
  MovingView view(world);
  std::string id;
  {
    WatchPeer peer(world.port, "?kind=node");
    view.change(1, std::nullopt, kFreshHere);
    REQUIRE(peer.hear(1).size() == 1);
    view.publish();
    REQUIRE(peer.hear(2).size() == 2);
    id = peer.told()[1].id;
  }
  for (std::uint8_t node = 2; node < 5; ++node) view.change(node, std::nullopt, kFreshHere);
  view.publish();
  for (const bool by_header : {true, false}) {
    WatchPeer again(world.port, by_header ? "?kind=node" : "?kind=node&since=" + id, by_header ? last_id(id) : std::string());
    const auto& told = again.hear(4);
    REQUIRE(told.size() == 4);
    CHECK(told[0].kind == "snapshot");
    CHECK(told[0].data["resumed"] == true);
    CHECK(told[0].id == id);
    for (std::size_t i = 1; i < 4; ++i) CHECK(told[i].data["node"] == to_text(NodeId{{static_cast<std::uint8_t>(i + 1)}}));
  }
  WatchPeer other_start(world.port, "", last_id("0123456789abcdef-1"));
  CHECK(other_start.hear(2)[0].kind == "resync");
  CHECK(other_start.told()[0].data["why"] == "the controller was restarted since");
  CHECK(other_start.told()[1].kind == "snapshot");
  CHECK(other_start.told()[1].data["resumed"] == false);
  for (const char* bad : {"x", "1", "-", "1-", "g-1", "1-1x"}) {
    INFO(bad);
    CHECK(WatchPeer(world.port, "", last_id(bad)).status() == 400);
    CHECK(get(world.port, std::string("/v1/events?since=") + bad).status == 400);
  }
}

TEST_CASE("http events: who was away for longer than is kept is told to read anew, and goes on from there") {
  HttpWorld world;
  MovingView view(world);
  WatchPeer watches(world.port);  // so that each view is looked at
  REQUIRE(watches.hear(1).size() == 1);
  const auto id = watches.told()[0].id;
  std::size_t told = 1;
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 900; ++i) {
      const bool lost = i % 2 == 0;
      view.change(1, with(kFreshHere, lost ? Liveness::kFresh : Liveness::kLost),
                  with(kFreshHere, lost ? Liveness::kLost : Liveness::kFresh));
    }
    view.publish();
    told += 900;
    REQUIRE(watches.hear(told).size() == told);
  }
  WatchPeer late(world.port, "", last_id(id));
  const auto& heard = late.hear(2);
  REQUIRE(heard.size() == 2);
  CHECK(heard[0].kind == "resync");
  CHECK(heard[0].data["read"] == json({"/v1/map", "/v1/nodes", "/v1/sites"}));
  CHECK(heard[0].id == watches.told().back().id);
  CHECK(heard[1].kind == "snapshot");
  view.change(2, std::nullopt, kFreshHere);
  view.publish();
  CHECK(late.hear_kind("node.joined") != nullptr);
  CHECK(metric_of(world.port, "capmap_http_watcher_resyncs_total") == 1);
}

TEST_CASE("http events: what is kept can be had from its beginning, and as an answer that ends") {
  HttpWorld world;
  MovingView view(world);
  WatchPeer watches(world.port, "?kind=node");
  REQUIRE(watches.hear(1).size() == 1);
  for (std::uint8_t node = 1; node < 4; ++node) view.change(node, std::nullopt, kFreshHere);
  view.publish();
  REQUIRE(watches.hear(4).size() == 4);
  WatchPeer all(world.port, "?kind=node&since=oldest&follow=false"), none(world.port, "?kind=node&follow=false");
  CHECK(all.hear_end());
  CHECK(all.kinds() == std::vector<std::string>{"snapshot", "node.joined", "node.joined", "node.joined"});
  CHECK(none.hear_end());
  CHECK(none.kinds() == std::vector<std::string>{"snapshot"});
  CHECK(get(world.port, "/v1/events?follow=no").status == 400);
  CHECK(request(world.port, "HEAD", "/v1/events").status == 200);
  CHECK(soon([&] { return metric_of(world.port, "capmap_http_watchers") == 1; }));
}

TEST_CASE("http events: who hears nothing for 15 s hears a ping, and a stop ends all streams with its reason") {
  HttpWorld world;
  MovingView view(world);
  WatchPeer peer(world.port);
  REQUIRE(peer.hear(1).size() == 1);
  world.clock.advance_ms(14'000);
  CHECK_FALSE(peer.hear_ping(1, 300));
  world.clock.advance_ms(1'000);
  CHECK(peer.hear_ping());
  world.clock.advance_ms(60'000);  // longer than any request may take
  CHECK(peer.hear_ping(2));
  world.stop_http();
  CHECK(world.ended_well());
  CHECK(peer.hear_end());
  CHECK(peer.told().back().kind == "end");
  CHECK(peer.told().back().data["why"] == "the controller is stopping");
}

TEST_CASE("http events: many nodes at once are told by their number; more than is known is a gap that everybody hears of") {
  HttpWorld world;
  MovingView view(world);
  WatchPeer peer(world.port, "?kind=node.lost");
  REQUIRE(peer.hear(1).size() == 1);
  for (int i = 0; i < 1'500; ++i) view.change(static_cast<std::uint8_t>(i), kFreshHere, with(kFreshHere, Liveness::kLost));
  view.publish();
  const auto& told = peer.hear(2);
  REQUIRE(told.size() == 2);
  CHECK(told[1].kind == "nodes.many");
  CHECK(told[1].data["what"] == "node.lost");
  CHECK(told[1].data["count"] == 1'500);
  CHECK(told[1].data["site"] == kHere);
  for (int i = 0; i < 9'000; ++i) view.change(static_cast<std::uint8_t>(i), kFreshHere, with(kFreshHere, Liveness::kLost));
  view.publish();
  REQUIRE(peer.hear_kind("resync") != nullptr);
}

TEST_CASE("http events: kind, site and region narrow what is told, and words that are not known are refused") {
  HttpWorld world;
  MovingView view(world);
  auto there = with(kFreshHere, Liveness::kLost);
  there.site = 2;
  WatchPeer lost(world.port, "?kind=node.lost,node.left"), here(world.port, "?kind=node&site=" + kHere),
      named(world.port, "?kind=node&site=bare"), region(world.port, "?kind=node&region=11"), elsewhere(world.port, "?kind=node&region=32");
  for (auto* peer : {&lost, &here, &named, &region, &elsewhere}) REQUIRE(peer->hear(1).size() == 1);
  auto stale = with(kFreshHere, Liveness::kStale);
  view.change(1, kFreshHere, stale);
  view.change(1, stale, with(kFreshHere, Liveness::kLost));
  view.change(2, std::nullopt, there);
  view.change(3, there, kFreshHere);
  view.change(4, kFreshHere, std::nullopt);
  view.publish();
  lost.hear(3);
  CHECK(lost.kinds() == std::vector<std::string>{"snapshot", "node.lost", "node.left"});
  const std::vector<std::string> all_here = {"snapshot", "node.stale", "node.lost", "node.moved", "node.back", "node.left"};
  here.hear(6);
  CHECK(here.kinds() == all_here);
  region.hear(6);
  CHECK(region.kinds() == all_here);
  named.hear(3);
  CHECK(named.kinds() == std::vector<std::string>{"snapshot", "node.joined", "node.moved"});
  CHECK(elsewhere.told().size() == 1);
  for (const char* bad : {"kind=nodes", "kind=node.gone", "kind=", "kind=node,,map", "site=none", "region=x", "region=", "region=1234567",
                          "since=1", "x=1", "kind=node.", "kind=nod"}) {
    INFO(bad);
    CHECK(get(world.port, std::string("/v1/events?") + bad).status == 400);
  }
}

TEST_CASE("http events: sites, pools, clones and doubles that come, change and go are told") {
  HttpWorld world;
  MovingView view(world);
  WatchPeer peer(world.port, "?kind=site,pool,clone,double");
  REQUIRE(peer.hear(1).size() == 1);
  const auto edit = [](MapView& now) {
    auto site = std::make_shared<Site>(*now.sites[2]);
    site->name = "renamed";
    now.sites[2] = site;
    auto added = std::make_shared<Site>();
    added->id.bytes[0] = 3;
    added->name = "third";
    now.sites.push_back(added);
    auto pool = std::make_shared<Pool>();
    pool->id.bytes[0] = 1;
    pool->site.bytes[0] = 1;
    pool->name = "batch";
    now.pools = {nullptr, pool};
    now.clones = std::make_shared<const std::vector<Clone>>(std::vector<Clone>{{.node = NodeId{{7}}, .site = 1, .runs = {}}});
    auto doubles = std::make_shared<DoubleList>();
    doubles->pairs = {{.node = {.node = NodeId{{1}}, .site = 1}, .other = {.node = NodeId{{2}}, .site = 2}}};
    now.doubles = doubles;
  };
  view.publish(edit);
  peer.hear(6);
  CHECK(peer.kinds() == std::vector<std::string>{"snapshot", "site.changed", "site.added", "pool.added", "clone.found", "double.found"});
  CHECK(peer.told()[1].data["site_name"] == "renamed");
  CHECK(peer.told()[2].data["site"] == to_text(SiteId{{3}}));
  CHECK(peer.told()[3].data["site"] == kHere);
  CHECK(peer.told()[5].data["other"] == to_text(NodeId{{2}}));
  view.publish([&](MapView& now) {
    edit(now);
    now.clones = nullptr;
    auto doubles = std::make_shared<DoubleList>(*now.doubles);
    doubles->pairs[0].state = DoubleState::kConfirmed;
    now.doubles = doubles;
  });
  peer.hear(8);
  CHECK(peer.told()[6].kind == "clone.settled");
  CHECK(peer.told()[7].kind == "double.settled");
  CHECK(peer.told()[7].data["state"] == "confirmed");
}
