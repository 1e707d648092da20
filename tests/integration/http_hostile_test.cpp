#include <catch2/catch.hpp>
#include <random>
#include <thread>
#include <vector>

#include "common/ids.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

constexpr const char* kPlainGet = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

double metric(std::uint16_t port, const std::string& name) {
  const auto text = "\n" + get(port, "/metrics").body;
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

}  // namespace

TEST_CASE("http: garbage costs its sender the connection and nobody else anything") {
  HttpWorld world;
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::string bytes = round % 2 == 0 ? "" : std::string(kPlainGet).substr(0, random() % 44);
    const auto length = random() % 2'000;
    for (std::size_t i = 0; i < length; ++i) bytes += static_cast<char>(random());
    Peer peer(world.port);
    peer.say(bytes + "\r\n\r\n");
    peer.hear(1, 20);
  }
  for (const char* text :
       {"GET / HTTP/9.9\r\n\r\n", "GET\r\n\r\n", "\r\n\r\n\r\n", "GET http://evil/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", "POST /v1/sites HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST /v1/sites HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"}) {
    Peer peer(world.port);
    peer.say(text);
    INFO(text);
    CHECK(parse_reply(peer.hear(1, 50)).status != 200);
  }
  CHECK(get(world.port, "/healthz").status == 200);
}

TEST_CASE("http: a host that is not this machine is misdirected, and HTTP/1.1 without one is refused") {
  HttpWorld world;
  for (const char* host : {"evil.example", "127.0.0.1.evil.example", "10.0.0.1:80", "[::2]", "localhost:80x", "127.0.0.1@evil", ""}) {
    INFO(host);
    CHECK(get(world.port, "/healthz", std::string("Host: ") + host + "\r\n").status == 421);
  }
  for (const char* host : {"localhost", "LOCALHOST:8470", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:8470"}) {
    INFO(host);
    CHECK(get(world.port, "/healthz", std::string("Host: ") + host + "\r\n").status == 200);
  }
  Peer peer(world.port);
  peer.say("GET /healthz HTTP/1.1\r\n\r\n");
  CHECK(parse_reply(peer.hear(1)).status == 400);
}

TEST_CASE("http: a head that is too long and a body that is too long are refused, and the next reader is served") {
  HttpWorld world;
  const auto head = get(world.port, "/healthz", "X-Long: " + std::string(40'000, 'x') + "\r\n").status;
  CHECK((head == 413 || head == 431));
  const auto target = get(world.port, "/" + std::string(5'000, 'x')).status;
  CHECK(target == 400);
  CHECK(get(world.port, "/" + std::string(60'000, 'x')).status == 414);
  CHECK(post(world.port, "/v1/sites", std::string(65'537, ' '), kAdminToken).status == 413);
  CHECK(post(world.port, "/v1/sites", "{\"name\":\"x\"}" + std::string(65'536 - 12, ' '), kAdminToken).status == 201);

  Peer announced(world.port);
  announced.say("POST /v1/sites HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n");
  CHECK(parse_reply(announced.hear(1)).status == 413);
  Peer endless(world.port);
  endless.say("POST /v1/sites HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(65'536, 'x') + "\r\n";
  int sent = 0;
  while (sent < 1'000 && endless.say(chunk)) ++sent;
  CHECK(sent < 1'000);
  CHECK(metric(world.port, "capmap_http_overlong_bodies_total") == 1);
  CHECK(metric(world.port, "capmap_http_protocol_errors_total") >= 2);
}

TEST_CASE("http: senders that stop half-way stop nobody else, and are cut in the end even when they drip") {
  HttpWorld world;
  std::vector<Peer> slow;
  for (int i = 0; i < 50; ++i) {
    slow.emplace_back(world.port);
    slow.back().say("GET /healthz HTTP/1.1\r\nHost: loc");
  }
  CHECK(get(world.port, "/healthz").status == 200);
  CHECK(metric(world.port, "capmap_http_open_connections") >= 50);
  world.clock.advance_ms(29'000);
  for (auto& peer : slow) CHECK(peer.say("a"));
  CHECK(get(world.port, "/healthz").status == 200);
  world.clock.advance_ms(2'000);
  for (auto& peer : slow) {
    peer.hear();
    CHECK(peer.closed());
  }
  CHECK(metric(world.port, "capmap_http_slow_connections_total") == 50);
}

TEST_CASE("http: 200 connections at once and requests sent ahead of their answers are all served, in order") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  std::vector<Peer> peers;
  for (int i = 0; i < 200; ++i) peers.emplace_back(world.port);
  const std::string node = "GET /v1/nodes/" + to_text(node_row(3).id) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string last = "GET /v1/sites HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  for (auto& peer : peers) REQUIRE(peer.say(kPlainGet + node + last));
  for (auto& peer : peers) {
    const auto bytes = peer.hear();
    const auto health = bytes.find("\"status\":\"ok\""), found = bytes.find("\"hostname\":\"node-3"), sites = bytes.find("\"sites\":[");
    REQUIRE(sites != std::string::npos);
    CHECK(health < found);
    CHECK(found < sites);
  }
}

TEST_CASE("http: readers who go away while their answer is made leave nothing behind") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  world.map_silent = true;
  for (int i = 0; i < 20; ++i) {
    Peer peer(world.port);
    peer.say("GET /v1/nodes HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (world.queries < static_cast<unsigned>(i) + 1) std::this_thread::yield();
  }
  CHECK(metric(world.port, "capmap_http_waiting_requests") == 20);
  world.clock.advance_ms(6'000);
  while (metric(world.port, "capmap_http_waiting_requests") != 0) std::this_thread::yield();
  while (metric(world.port, "capmap_http_open_connections") > 2) std::this_thread::yield();
  world.map_silent = false;
  CHECK(get(world.port, "/v1/nodes").status == 200);
}

TEST_CASE("http: a stop while requests wait answers them and ends") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  world.map_silent = true;
  std::vector<Peer> readers;
  for (int i = 0; i < 10; ++i) {
    readers.emplace_back(world.port);
    readers.back().say("GET /v1/nodes HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  Peer idle(world.port), half(world.port);
  half.say("GET /heal");
  while (world.queries < 10) std::this_thread::yield();
  world.stop_http();
  CHECK(world.ended_well());
  for (auto& reader : readers) CHECK(parse_reply(reader.hear()).status == 503);
  CHECK_FALSE(Peer(world.port).connected());
}
