#include "controller/http/http.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "common/ids.hpp"
#include "controller/ctl/http_client.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;

namespace {

std::string detail(const Reply& reply) {
  const auto problem = body_of(reply);
  CHECK(reply.headers.at("Content-Type") == "application/problem+json");
  CHECK(problem.at("status") == reply.status);
  return problem.at("detail");
}

}  // namespace

TEST_CASE("http: the map tells sums as decimal texts, unknowns as null and counted, and its own age") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  world.clock.advance_ms(3'000);
  const auto reply = get(world.port, "/v1/map?by=region,liveness");
  REQUIRE(reply.status == 200);
  const auto map = body_of(reply);
  CHECK(map["revision"] == 41);
  CHECK(map["epoch"] == "0000000000abcdef");
  CHECK(map["at"] == "2026-09-21T14:13:20.123Z");
  CHECK(map["age_ms"] == 3'000);
  CHECK(map["resyncing"].is_null());
  CHECK(map["by"] == json::array({"region", "liveness"}));
  REQUIRE(map["groups"].size() == 2);
  const auto& bare = map["groups"][0];
  CHECK(bare["key"] == json({{"region", nullptr}, {"liveness", "lost"}}));
  CHECK(bare["cpu"]["busy_millicores"].is_null());
  CHECK(bare["accelerators"]["used"].is_null());
  CHECK(bare["age_ms"].is_null());
  const auto& total = map["total"];
  CHECK(total["nodes"] == json({{"installed", 5},
                                {"healthy", 4},
                                {"available", 4},
                                {"fresh", 4},
                                {"stale", 0},
                                {"lost", 1},
                                {"resyncing", 0},
                                {"hardware_unknown", 1}}));
  CHECK(total["cpu"]["cores"] == 192);
  CHECK(total["cpu"]["busy_millicores"] == 30'000);
  CHECK(total["cpu"]["use_unknown_nodes"] == 1);
  CHECK(total["memory"]["installed_bytes"] == std::to_string(4ULL << 40));
  CHECK(total["memory"]["used_bytes"].is_null());
  CHECK(total["accelerators"]["by_model"]["Example NPU"]["installed"] == 32);
  CHECK(total["accelerators"]["leased"].is_null());
  CHECK(total["accelerators"]["free"] == 20);
  CHECK(total["storage"]["by_media"] == json({{"nvme", "30720000000000"}}));
  CHECK(total["storage"]["unknown_disks"] == 4);
  CHECK(total["network"]["speed_mbps"] == "800000");
  CHECK(total["power"] == json({{"watts", 1'250}, {"unknown_nodes", 2}}));
  CHECK(total["peak"]["cpu"]["fp64_mflops"] == "12000000");
  CHECK(total["peak"]["cpu"]["fp32_mflops"].is_null());
  CHECK(total["peak"]["accelerators_missing"] == json::object());
  CHECK(total["peak"]["unrated"]["why"] == json::array({{{"what", "Example NPU"}, {"why", "not in the chip table"}, {"count", 32}}}));
  CHECK(map["next"].is_null());
}

TEST_CASE("http: the map's groups come in pages and while resyncing it says how much was heard") {
  HttpWorld world;
  auto view = small_view(world.clock.boot_ms());
  view->resync_over = false;
  view->resyncing_nodes = 2;
  world.view.publish(view);
  const auto first = body_of(get(world.port, "/v1/map?by=site&limit=1"));
  CHECK(first["resyncing"] == json({{"heard", 3}, {"known", 5}}));
  CHECK(first["groups"].size() == 1);
  CHECK(first["group_count"] == 2);
  const auto second = body_of(get(world.port, "/v1/map?by=site&limit=1&cursor=" + first["next"].get<std::string>()));
  CHECK(second["groups"].size() == 1);
  CHECK(second["groups"][0]["key"] != first["groups"][0]["key"]);
  CHECK(second["next"].is_null());
  CHECK(get(world.port, "/readyz").status == 503);
  CHECK(detail(get(world.port, "/readyz")).find("3 of 5 known nodes") != std::string::npos);
  CHECK(get(world.port, "/healthz").status == 200);
}

TEST_CASE("http: a filter and measures narrow the map's answer, and a mistake in a filter is answered with its place") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto all = body_of(get(world.port, "/v1/map"));
  const auto fresh = body_of(get(world.port, "/v1/map?filter=liveness%3Dfresh&measure=nodes"));
  CHECK(fresh["total"]["nodes"]["installed"] == all["total"]["nodes"]["fresh"]);
  CHECK_FALSE(fresh["total"].contains("memory"));
  const auto wrong = get(world.port, "/v1/map?filter=liveness%3D");
  CHECK(wrong.status == 400);
  CHECK(detail(wrong).find("at 10: expected a value") != std::string::npos);
}

TEST_CASE("http: an unknown dimension, parameter or word is refused with the known ones") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto hub = get(world.port, "/v1/map?by=colour");
  CHECK(hub.status == 400);
  const auto problem = body_of(hub);
  CHECK(std::count(problem["known"].begin(), problem["known"].end(), "region") == 1);
  CHECK(body_of(get(world.port, "/v1/nodes?livenes=fresh"))["known"] == json::array({"site", "liveness", "filter", "limit", "cursor"}));
  CHECK(body_of(get(world.port, "/v1/nodes?liveness=dead"))["known"].size() == 4);
  for (const char* target :
       {"/v1/nodes?limit=0", "/v1/nodes?limit=1001", "/v1/nodes?cursor=3", "/v1/nodes?cursor=a.b", "/v1/nodes?site=nowhere",
        "/v1/map?limit=1&limit=2", "/v1/map?by=%zz", "/v1/map?by=%00", "/v1/nodes/n-short", "/v1/nodes?limit=1x"}) {
    INFO(target);
    const auto refused = get(world.port, target);
    CHECK(refused.status == 400);
    CHECK_FALSE(detail(refused).empty());
  }
}

TEST_CASE("http: nodes come in pages that miss none and repeat none, also when filtered") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  for (const auto& [filter, expected] : std::map<std::string, std::size_t>{{"", 10}, {"&liveness=fresh", 5}, {"&site=bare", 0}}) {
    std::vector<std::string> ids;
    std::string cursor;
    for (int pages = 0; pages < 20; ++pages) {
      const auto page = body_of(get(world.port, "/v1/nodes?limit=3" + filter + cursor));
      for (const auto& node : page["nodes"]) ids.push_back(node["id"]);
      CHECK(page["nodes"].size() <= 3);
      if (page["next"].is_null()) break;
      cursor = "&cursor=" + page["next"].get<std::string>();
    }
    CHECK(ids.size() == expected);
    std::sort(ids.begin(), ids.end());
    CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
  }
  CHECK(body_of(get(world.port, "/v1/nodes?cursor=99.0"))["nodes"].empty());
}

TEST_CASE("http: what only nodes know is answered by looking at all of them, with the same figures, filters and pages") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto answer = body_of(get(world.port, "/v1/map?group_by=os,liveness"));
  CHECK(answer["answered_from"] == "node_scan");
  CHECK(answer["nodes_looked_at"] == 10);
  CHECK(answer["by"] == json::array({"os", "liveness"}));
  REQUIRE(answer["groups"].size() == 4);
  const auto& group = answer["groups"][2];
  CHECK(group["key"] == json({{"os", "Debian 12"}, {"liveness", "fresh"}}));
  CHECK(group["nodes"]["installed"] == 2);
  CHECK(group["nodes"]["available"] == 2);
  CHECK(group["cpu"]["cores"] == 96);
  CHECK(group["cpu"]["busy_millicores"] == 20'000);
  CHECK(group["cpu"]["free_millicores"] == 172'000);
  CHECK(group["memory"]["installed_bytes"] == std::to_string(2ULL << 40));
  CHECK(group["memory"]["used_bytes"].is_null());
  CHECK(group["accelerators"]["used"] == 2);
  CHECK(group["accelerators"]["use_unknown"] == 14);
  CHECK(group["accelerators"]["by_model"]["Example NPU"]["installed"] == 16);
  CHECK(answer["total"]["nodes"]["installed"] == 10);
  CHECK(answer["total"]["nodes"]["lost"] == 5);
  CHECK(body_of(get(world.port, "/v1/map?group_by=hostname&limit=3&cursor=9"))["groups"].size() == 1);
  CHECK(body_of(get(world.port, "/v1/map?group_by=kernel&filter=liveness%20%3D%20lost"))["total"]["nodes"]["installed"] == 5);
  CHECK(body_of(get(world.port, "/v1/map?group_by=os,colour"))["known"].size() == 28);
  CHECK(body_of(get(world.port, "/v1/nodes?filter=liveness%20%3D%20fresh%20and%20cores%20%3E%2040"))["nodes"].size() == 5);
  CHECK(get(world.port, "/v1/nodes?filter=colour%20%3D%20red").status == 400);
}

TEST_CASE("http: one node is shown with its devices by name, and what it did not say is null") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto reply = get(world.port, "/v1/nodes/" + to_text(node_row(2).id));
  REQUIRE(reply.status == 200);
  const auto node = body_of(reply);
  CHECK(node["hostname"] == "node-2\xEF\xBF\xBD");
  CHECK(node["age_ms"] == 1'000);
  CHECK(node["site"]["name"] == "北京 \"one\"");
  CHECK(node["accelerators"].size() == 8);
  CHECK(node["accelerators"][0]["used"] == true);
  CHECK(node["accelerators"][0]["pci_id"] == "19e5:d802");
  CHECK(node["accelerators"][1]["pci_address"].is_null());
  CHECK(node["accelerators"][1]["used"].is_null());
  CHECK(node["disks"][2] ==
        json({{"name", "sda"}, {"media", "hdd"}, {"bytes", nullptr}, {"model", nullptr}, {"read_kbs", nullptr}, {"write_kbs", nullptr}}));
  CHECK(node["nics"][1]["name"].is_null());
  CHECK(node["hardware"]["peak"]["cpu"]["fp64_mflops"] == 3'000'000);
  const auto kind = node["hardware"]["id"].get<std::string>();
  const auto of_kind = body_of(get(world.port, "/v1/map?group_by=hardware&filter=hardware%20%3D%20%22" + kind + "%22"));
  REQUIRE(of_kind["groups"].size() == 1);
  CHECK(of_kind["groups"][0]["key"]["hardware"] == kind);
  CHECK(of_kind["total"]["nodes"]["installed"] == 4);
  CHECK(node["usage"]["memory_used_mib"].is_null());
  CHECK(node["clock_skew_ms"].is_null());
  CHECK(node["problems"] == json::array({{{"probe", "storage"}, {"what", "sda: no size"}}}));
  CHECK(get(world.port, "/v1/nodes/" + to_text(NodeId{{99}})).status == 404);
}

TEST_CASE("http: an answer that does not come is a 504, and that of a change is remembered when it comes late") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  world.map_silent = true;
  const std::string key = "Idempotency-Key: k1\r\n";
  auto node = std::async([&world] { return get(world.port, "/v1/nodes/" + to_text(node_row(2).id)); });
  auto site = std::async([&] { return post(world.port, "/v1/sites", R"({"name":"late"})", kAdminToken, key); });
  while (world.queries < 1 || world.changes < 1) std::this_thread::yield();
  CHECK(body_of(post(world.port, "/v1/sites", R"({"name":"late"})", kAdminToken, key))["type"] ==
        "urn:capmap:problem:idempotency-key-busy");
  world.clock.advance_ms(6'000);
  CHECK(node.get().status == 504);
  CHECK(site.get().status == 504);
  world.let_late_go = true;
  auto again = post(world.port, "/v1/sites", R"({"name":"late"})", kAdminToken, key);
  for (int i = 0; i < 1'000 && again.status == 409; ++i) again = post(world.port, "/v1/sites", R"({"name":"late"})", kAdminToken, key);
  CHECK(again.status == 201);
  CHECK(again.headers["Idempotency-Replayed"] == "true");
  CHECK(world.changes == 1);
}

TEST_CASE("http: all that a site may declare is taken, and what is no word of it is refused with its name") {
  HttpWorld world;
  const auto made = post(world.port, "/v1/sites",
                         R"({"name":"a","hub":"长三角","hub_cluster":"芜湖","industry":"research","public_compute":false})", kAdminToken);
  REQUIRE(made.status == 201);
  const auto site = json::parse(made.body);
  CHECK(site["hub"] == "长三角");
  CHECK(site["hub_cluster"] == "芜湖");
  CHECK(site["industry"] == "research");
  CHECK(site["public_compute"] == false);
  CHECK(json::parse(post(world.port, "/v1/sites", R"({"name":"b"})", kAdminToken).body)["public_compute"].is_null());
  for (const std::string wrong : {R"("public_compute":"yes")", R"("public_compute":1)", R"("hub":true)", R"("industry":1.5)"}) {
    const auto refused = post(world.port, "/v1/sites", R"({"name":"c",)" + wrong + "}", kAdminToken);
    CHECK(refused.status == 400);
    CHECK(refused.body.find(wrong.substr(1, wrong.find(':') - 2)) != std::string::npos);
  }
}

TEST_CASE("http: an idempotency key carries a change out once, and not for another body") {
  HttpWorld world;
  const std::string key = "Idempotency-Key: k2\r\n";
  const auto first = post(world.port, "/v1/tokens", R"({"site":"one","uses":3,"expires_in_s":60})", kAdminToken, key);
  REQUIRE(first.status == 201);
  CHECK(first.headers.at("Cache-Control") == "no-store");
  CHECK(body_of(first) == json({{"token", "cmt1.secret"},
                                {"site", "one"},
                                {"uses", 3},
                                {"expires_at", "2026-09-21T14:31:00.000Z"},
                                {"id", ""},
                                {"name", nullptr}}));
  const auto again = post(world.port, "/v1/tokens", R"({"site":"one","uses":3,"expires_in_s":60})", kAdminToken, key);
  CHECK(again.body == first.body);
  CHECK(world.changes == 1);
  CHECK(post(world.port, "/v1/tokens", R"({"site":"two"})", kAdminToken, key).status == 409);
  CHECK(post(world.port, "/v1/sites", R"({"name":"exists"})", kAdminToken, "Idempotency-Key: k3\r\n").status == 409);
  CHECK(post(world.port, "/v1/sites", R"({"name":"new"})", kAdminToken, "Idempotency-Key: k3\r\n").status == 201);
}

TEST_CASE("http: tags spare a reader what it has, HEAD what it does not want, and 405 says what there is") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto sites = get(world.port, "/v1/sites");
  const auto tag = sites.headers.at("ETag");
  CHECK(body_of(sites)["sites"].size() == 2);
  CHECK(body_of(sites)["sites"][1]["region"].is_null());
  for (const char* path : {"/v1/sites", "/v1/map"}) {
    CHECK(get(world.port, path, "If-None-Match: \"x\", " + tag + "\r\n").status == 304);
    CHECK(get(world.port, path, "If-None-Match: \"x\"\r\n").status == 200);
  }
  const auto whole = get(world.port, "/v1/map");
  const auto head = request(world.port, "HEAD", "/v1/map");
  CHECK(head.status == 200);
  CHECK(head.body.empty());
  CHECK(head.headers.at("Content-Length") == std::to_string(whole.body.size()));
  CHECK(whole.headers.at("X-Content-Type-Options") == "nosniff");
  CHECK(whole.headers.at("Cache-Control") == "no-cache");
  const auto refused = request(world.port, "DELETE", "/v1/sites");
  CHECK(refused.status == 405);
  CHECK(refused.headers.at("Allow") == "GET, HEAD, POST");
  CHECK(get(world.port, "/v1/nothing").status == 404);
  CHECK(get(world.port, "/v1/map/").status == 404);
}

TEST_CASE("http: capmapctl's client and the API understand each other") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const std::string url = "http://127.0.0.1:" + std::to_string(world.port);
  const auto map = send_request(url, 5'000, {.method = "GET", .path = "/v1/map?by=region%2Cliveness", .body = {}, .bearer = {}});
  REQUIRE(map);
  CHECK(map->status == 200);
  const auto site = send_request(url, 5'000, {.method = "POST", .path = "/v1/sites", .body = R"({"name":"x"})", .bearer = kAdminToken});
  REQUIRE(site);
  CHECK(site->status == 201);
}

TEST_CASE("http: an address others could reach is refused, and a port in use is named") {
  for (const char* address : {"0.0.0.0", "::", "192.0.2.1", "example.org", ""}) {
    const HttpWorld world(kAdminToken, address);
    CHECK(world.port == 0);
    CHECK(world.problem.code == ErrorCode::kDenied);
  }
  const HttpWorld first(kAdminToken, "localhost");
  REQUIRE(first.port != 0);
  zmq::context_t context;
  Published<MapView> view;
  SharedClock clock;
  std::promise<Result<std::uint16_t>> ready;
  HttpOptions options;
  options.port = first.port;
  CHECK_FALSE(run_http(context, options, {view, {}, clock}, ready).ok());
  CHECK(ready.get_future().get().error().what.find(std::to_string(first.port) + ": is in use") != std::string::npos);
}
