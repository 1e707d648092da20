// Who is let in: the real zap thread, asked by real CURVE connections and by hand-made requests.
#include "controller/zap.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <set>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "common/connection_watch.hpp"
#include "common/join_token.hpp"
#include "common/transport.hpp"
#include "controller/visits.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using support::eventually;

namespace {

constexpr auto kLimit = std::chrono::seconds(30);

/// The zap thread of one context, and a ROUTER it stands before.
class Door {
 public:
  explicit Door(ZapOptions options) : options_(std::move(options)) {
    std::promise<void> ready;
    thread_ = std::thread([this, &ready] { ended_ = static_cast<bool>(run_zap(context, options_, ready, metrics)); });
    ready.get_future().wait();
    if (!options_.keys.empty()) updates_ = std::move(*open_push(context, options_.keys));
    router = std::move(*open_router(context, {.endpoint = "tcp://127.0.0.1:0", .keys = keys, .zap_domain = "agents"}));
    if (!options_.connections.empty()) REQUIRE(watch_connections(router, options_.connections));
  }
  ~Door() {
    router.close();
    if (options_.keys.empty()) {
      context.shutdown();
    } else {
      send_stop(updates_);
    }
    thread_.join();
    CHECK(ended_);
  }
  void tell(const std::string& key, const NodeId& node, bool revoked = false) {
    REQUIRE(send_object(updates_, std::make_unique<KeyUpdate>(KeyUpdate{key, node, revoked})));
  }
  /// The User-Id of the next message; empty when none comes.
  std::string next_user() {
    std::string user;
    eventually(
        [&] {
          auto routed = receive_routed(router);
          if (routed) user = routed->user_id;
          return static_cast<bool>(routed);
        },
        kLimit);
    return user;
  }
  double counted(const std::string& answer) {
    const auto list = metrics.take();
    for (const auto& metric : list ? *list : Metrics{}) {
      if (metric.labels.empty() ? metric.name == answer : metric.labels[0].second == answer) return metric.value;
    }
    return -1;
  }

  zmq::context_t context{1};
  CurveKeys keys = make_curve_keys();
  zmq::socket_t router;
  Published<Metrics> metrics;

 private:
  ZapOptions options_;
  zmq::socket_t updates_;
  std::thread thread_;
  bool ended_ = false;
};

struct Peer {
  Peer(Door& door, CurveKeys own) : keys(std::move(own)) {
    link.emplace(std::move(
        *open_watched_dealer(context, {.endpoint = bound_endpoint(door.router), .server_public_key = door.keys.public_key, .keys = keys})));
    REQUIRE(send(link->dealer, std::as_bytes(std::span("hello"))));
  }
  zmq::context_t context{1};
  CurveKeys keys;
  std::optional<WatchedDealer> link;
};

/// What the handler answers to a request by hand: its status code and User-Id.
std::pair<std::string, std::string> ask(Door& door, const std::vector<std::string>& frames) {
  zmq::socket_t request(door.context, zmq::socket_type::req);
  request.connect("inproc://zeromq.zap.01");
  for (std::size_t i = 0; i < frames.size(); ++i) {
    request.send(zmq::buffer(frames[i]), i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
  }
  REQUIRE(eventually(
      [&] {
        Waitable item{.socket = &request};
        return wait_any({&item, 1}, 0);
      },
      kLimit));
  const auto answer = receive_frames(request);
  REQUIRE(answer);
  REQUIRE(answer->size() == 6);
  return {(*answer)[2].to_string(), (*answer)[4].to_string()};
}

}  // namespace

TEST_CASE("zap: a known key is let in, and the message's User-Id is its node") {
  Door door({});
  const CurveKeys own = make_curve_keys();
  const auto node = random_id<NodeId>();
  door.tell(own.public_key, node);
  const Peer peer(door, own);
  CHECK(door.next_user() == to_text(node));
  CHECK(eventually([&] { return door.counted("accepted") == 1 && door.counted("capmap_zap_keys") == 1; }, kLimit));
}

TEST_CASE("zap: an unknown key stays out until it is told of, then comes in with the same socket") {
  Door door({});
  const CurveKeys own = make_curve_keys();
  const Peer peer(door, own);
  CHECK(eventually([&] { return door.counted("unknown") >= 1; }, kLimit));
  CHECK_FALSE(receive_routed(door.router));
  const auto node = random_id<NodeId>();
  door.tell(own.public_key, node);
  CHECK(door.next_user() == to_text(node));
}

TEST_CASE("zap: a revoked key is refused for good, and its peer is told") {
  Door door({});
  const CurveKeys own = make_curve_keys();
  door.tell(own.public_key, random_id<NodeId>());
  door.tell(own.public_key, random_id<NodeId>(), true);
  Peer peer(door, own);
  std::string detail;
  CHECK(eventually([&] { return peer.link->monitor.next(detail) == LinkEvent::kRefused; }, kLimit));
  CHECK(detail.find("revoked") != std::string::npos);
  CHECK(eventually([&] { return door.counted("revoked") >= 1; }, kLimit));
  CHECK_FALSE(receive_routed(door.router));
}

TEST_CASE("zap: for enrolment every key is let in and is its own User-Id; the thread ends with its context") {
  Door door({.keys = "", .allow_any = true});
  const Peer peer(door, make_curve_keys());
  CHECK(door.next_user() == peer.keys.public_key);
}

TEST_CASE("zap: beyond the room for connections a peer stays outside, those inside go on, and room returns when one of them leaves") {
  Door door({.connections = "inproc://connections", .most_connections = 2});
  std::vector<CurveKeys> keys;
  std::vector<NodeId> nodes;
  for (int i = 0; i < 3; ++i) {
    keys.push_back(make_curve_keys());
    nodes.push_back(random_id<NodeId>());
    door.tell(keys.back().public_key, nodes.back());
  }
  auto first = std::make_unique<Peer>(door, keys[0]);
  CHECK(door.next_user() == to_text(nodes[0]));
  const Peer second(door, keys[1]);
  CHECK(door.next_user() == to_text(nodes[1]));
  CHECK(eventually([&] { return door.counted("capmap_connections") == 2; }, kLimit));
  const Peer third(door, keys[2]);
  CHECK(eventually([&] { return door.counted("full") >= 1; }, kLimit));
  CHECK_FALSE(receive_routed(door.router));
  REQUIRE(send(first->link->dealer, std::as_bytes(std::span("still here"))));
  CHECK(door.next_user() == to_text(nodes[0]));
  first.reset();
  CHECK(door.next_user() == to_text(nodes[2]));  // with the same socket, which tries again by itself
  CHECK(door.counted("accepted") <= 3);
}

TEST_CASE("zap: strangers who say nothing or too little take no place of a known key, and are ended; who has spoken stays") {
  Door door({.connections = "inproc://connections", .most_connections = 8});
  const CurveKeys own = make_curve_keys(), other = make_curve_keys();
  const auto node = random_id<NodeId>(), other_node = random_id<NodeId>();
  door.tell(own.public_key, node);
  door.tell(other.public_key, other_node);
  Peer first(door, own);
  CHECK(door.next_user() == to_text(node));
  std::vector<support::Peer> strangers;
  for (int i = 0; i < 40; ++i) {
    strangers.emplace_back(port_of(bound_endpoint(door.router)));
    if (i % 2 == 0) strangers.back().say("\xff");
  }
  const Peer second(door, other);
  CHECK(door.next_user() == to_text(other_node));
  CHECK(eventually([&] { return door.counted("capmap_strangers_ended_total") >= 40 - 8; }, kLimit));
  CHECK(door.counted("full") == 0);
  REQUIRE(send(first.link->dealer, std::as_bytes(std::span("still here"))));
  CHECK(door.next_user() == to_text(node));
}

TEST_CASE("zap: a key that connects again and again is let in a few times and then refused, and no other key feels it") {
  Door door({});
  const CurveKeys own = make_curve_keys(), other = make_curve_keys();
  const auto node = random_id<NodeId>(), other_node = random_id<NodeId>();
  door.tell(own.public_key, node);
  door.tell(other.public_key, other_node);
  std::vector<std::unique_ptr<Peer>> peers;
  for (std::uint32_t i = 0; i < Visits::kAtOnce; ++i) {
    peers.push_back(std::make_unique<Peer>(door, own));
    CHECK(door.next_user() == to_text(node));
  }
  constexpr int kMore = 3;  // half a minute may have passed, and one more may come in
  for (int i = 0; i < kMore; ++i) peers.push_back(std::make_unique<Peer>(door, own));
  CHECK(eventually([&] { return door.counted("too_often") >= 1; }, kLimit));
  const Peer good(door, other);
  auto user = door.next_user();
  for (int i = 1; i < kMore && user == to_text(node); ++i) user = door.next_user();
  CHECK(user == to_text(other_node));
}

TEST_CASE("zap: requests without CURVE, of another version, or too short are refused and counted") {
  Door door({});
  const std::string key(32, 'k');
  CHECK(ask(door, {"1.0", "1", "agents", "::1", "", "NULL"}).first == "400");
  CHECK(ask(door, {"1.0", "1", "agents", "::1", "", "PLAIN", "user", "password"}).first == "400");
  CHECK(ask(door, {"2.0", "1", "agents", "::1", "", "CURVE", key}).first == "400");
  CHECK(ask(door, {"1.0", "1", "agents", "::1", "", "CURVE", "short"}).first == "400");
  CHECK(ask(door, {"1.0"}).first == "400");
  CHECK(ask(door, {"1.0", "1", "agents", "::1", "", "CURVE", key}) == std::pair<std::string, std::string>("300", ""));
  CHECK(eventually([&] { return door.counted("malformed") == 5 && door.counted("unknown") == 1; }, kLimit));
}
