// Sockets on loopback: who gets through, who does not, and that nobody disturbs another.
#include "common/transport.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "common/codec.hpp"
#include "common/join_token.hpp"
#include "tests/support/program.hpp"
#include "tests/support/small_controller.hpp"

using namespace capmap;
using support::eventually;
using support::SmallController;

namespace {

constexpr auto kLimit = std::chrono::seconds(30);

Bytes hello_bytes(std::uint64_t run_id, std::uint32_t seq) {
  Hello hello;
  hello.envelope = {.run_id = run_id, .seq = seq};
  return encode(hello);
}

/// A peer that was let in, and speaks hello or heartbeats.
struct Peer {
  explicit Peer(SmallController& controller, std::string endpoint = {}) : node(controller.let_in(keys.public_key)) {
    if (endpoint.empty()) endpoint = controller.endpoint();
    socket = std::move(*open_dealer(context, {.endpoint = endpoint, .server_public_key = controller.keys().public_key, .keys = keys}));
  }
  void hello() { REQUIRE(send(socket, hello_bytes(run_id, ++seq))); }
  bool answered() { return static_cast<bool>(receive(socket, 10'000)); }

  CurveKeys keys = make_curve_keys();
  NodeId node;
  std::uint64_t run_id = random_u64();
  std::uint32_t seq = 0;
  zmq::context_t context{1};
  zmq::socket_t socket;
};

/// A raw TCP or ZeroMQ peer that no CURVE key opens the door for.
zmq::socket_t plain_dealer(zmq::context_t& context, const std::string& endpoint) {
  zmq::socket_t socket(context, zmq::socket_type::dealer);
  socket.set(zmq::sockopt::linger, 0);
  socket.connect(endpoint);
  return socket;
}

bool ipv6_works() {
  zmq::context_t context(1);
  zmq::socket_t probe(context, zmq::socket_type::rep);
  probe.set(zmq::sockopt::ipv6, 1);
  return zmq_bind(probe.handle(), "tcp://[::1]:*") == 0;
}

}  // namespace

TEST_CASE("transport: a message carries the User-Id of its key and is answered") {
  SmallController controller(make_curve_keys());
  Peer peer(controller);
  peer.hello();
  CHECK(peer.answered());
  REQUIRE(controller.heard().size() == 1);
  CHECK(controller.heard()[0].user_id == to_text(peer.node));
}

TEST_CASE("transport: IPv6 addresses are listened on and connected to") {
  if (!ipv6_works()) {
    WARN("skipped: this machine has no ::1");
    return;
  }
  SmallController controller(make_curve_keys(), "tcp://[::1]:0");
  CHECK(controller.endpoint().find("[::1]") != std::string::npos);
  Peer peer(controller);
  peer.hello();
  CHECK(peer.answered());
  SmallController both(make_curve_keys(), "tcp://*:0");
  const auto port = port_of(both.endpoint());
  for (const char* host : {"127.0.0.1", "::1"}) {
    Peer either(both, tcp_endpoint(host, port));
    either.hello();
    CHECK(either.answered());
  }
}

TEST_CASE("transport: the monitor tells a wrong server key from a key that is not let in") {
  SmallController controller(make_curve_keys());
  zmq::context_t context(1);
  const auto watch = [&](const std::string& server_key) {
    auto link =
        open_watched_dealer(context, {.endpoint = controller.endpoint(), .server_public_key = server_key, .keys = make_curve_keys()});
    REQUIRE(link);
    LinkEvent last = LinkEvent::kNone;
    std::string detail;
    eventually(
        [&] {
          last = link->monitor.next(detail);
          return last == LinkEvent::kRefused || last == LinkEvent::kHandshakeFailed || last == LinkEvent::kReady;
        },
        kLimit);
    return last;
  };
  CHECK(watch(make_curve_keys().public_key) == LinkEvent::kHandshakeFailed);
  // An unknown key is known by a handshake that hangs; on a machine too busy to read the clock in time it may look like a wrong one.
  const auto unknown = watch(controller.keys().public_key);
  CHECK((unknown == LinkEvent::kRefused || unknown == LinkEvent::kHandshakeFailed));
}

TEST_CASE("transport: links that are given up while their connections end leave the context able to connect") {
  SmallController controller(make_curve_keys());
  const CurveKeys own = make_curve_keys(), unknown = make_curve_keys();
  controller.let_in(own.public_key);
  const auto open = [&](zmq::context_t& context, const CurveKeys& keys) {
    return open_watched_dealer(context,
                               {.endpoint = controller.endpoint(), .server_public_key = controller.keys().public_key, .keys = keys});
  };
  zmq::context_t context(1);
  std::vector<std::unique_ptr<WatchedDealer>> refused;
  for (int i = 0; i < 100; ++i) refused.push_back(std::make_unique<WatchedDealer>(std::move(*open(context, unknown))));
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  while (!refused.empty() && std::chrono::steady_clock::now() < deadline) {  // asked without a pause: closed as early as can be
    std::string detail;
    std::erase_if(refused, [&](auto& link) {
      const auto event = link->monitor.next(detail);
      return event == LinkEvent::kRefused || event == LinkEvent::kHandshakeFailed;  // the latter on a machine too busy to tell
    });
  }
  CHECK(refused.empty());
  auto link = open(context, own);
  REQUIRE(link);
  REQUIRE(send(link->dealer, hello_bytes(random_u64(), 1)));
  CHECK(receive(link->dealer, 30'000));
}

TEST_CASE("transport: an oversized message ends its sender's connection only") {
  SmallController controller(make_curve_keys());
  Peer big(controller), good(controller);
  good.hello();
  CHECK(good.answered());
  REQUIRE(send(big.socket, Bytes(kMaxMessageBytes + 1)));
  CHECK_FALSE(receive(big.socket, 300));
  good.hello();
  CHECK(good.answered());
  big.hello();  // the socket connects again by itself
  CHECK(big.answered());
}

TEST_CASE("transport: plain clients and garbage never get as far as a message, and disturb nobody") {
  SmallController controller(make_curve_keys());
  Peer good(controller);
  good.hello();
  CHECK(good.answered());
  zmq::context_t context(1);
  auto plain = plain_dealer(context, controller.endpoint());
  plain.send(zmq::buffer(std::string("hello")), zmq::send_flags::dontwait);
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const int port = port_of(controller.endpoint());
  for (int i = 0; i < 30; ++i) {
    std::string noise(1 + random() % 3'000, '\0');
    for (auto& byte : noise) byte = static_cast<char>(random());
    if (i % 2 == 0) noise = std::string("\xff\0\0\0\0\0\0\0\1\x7f\3\0CURVE", 17) + noise;
    support::talk(port, noise, std::chrono::milliseconds(50));
  }
  good.hello();
  CHECK(good.answered());
  CHECK(controller.heard().size() == 2);
}

TEST_CASE("transport: the identity is the key's, though two peers choose the same routing id") {
  SmallController controller(make_curve_keys());
  std::set<std::string> users;
  for (int i = 0; i < 2; ++i) {
    const CurveKeys keys = make_curve_keys();
    const auto node = controller.let_in(keys.public_key);
    // A ROUTER does not listen to a second one of a name while the first one's connection is not yet taken down.
    bool answered = false;
    for (int attempt = 0; attempt < 20 && !answered; ++attempt) {
      zmq::context_t context(1);
      zmq::socket_t socket(context, zmq::socket_type::dealer);
      socket.set(zmq::sockopt::linger, 0);
      socket.set(zmq::sockopt::routing_id, "same");
      socket.set(zmq::sockopt::curve_serverkey, controller.keys().public_key);
      socket.set(zmq::sockopt::curve_publickey, keys.public_key);
      socket.set(zmq::sockopt::curve_secretkey, keys.secret_key);
      socket.connect(controller.endpoint());
      REQUIRE(send(socket, hello_bytes(9, 1)));
      answered = static_cast<bool>(receive(socket, 2'000));
    }
    REQUIRE(answered);
    CHECK(controller.heard().back().user_id == to_text(node));
    users.insert(controller.heard().back().user_id);
  }
  CHECK(users.size() == 2);
}

TEST_CASE("transport: an answer to a peer that is gone is an error, and frames beyond one are told") {
  zmq::context_t context(1);
  const CurveKeys server = make_curve_keys();
  std::promise<void> ready;
  Published<Metrics> metrics;
  std::thread zap([&] { static_cast<void>(run_zap(context, {.keys = "", .allow_any = true}, ready, metrics)); });
  ready.get_future().wait();
  {
    auto router = open_router(context, {.endpoint = "tcp://127.0.0.1:0", .keys = server, .zap_domain = "enrol"});
    REQUIRE(router);
    CHECK(receive_routed(*router).error().code == ErrorCode::kTimeout);
    CHECK(send_routed(*router, std::as_bytes(std::span("nobody")), {}).error().code == ErrorCode::kUnavailable);
    zmq::context_t outside(1);
    auto dealer =
        open_dealer(outside, {.endpoint = bound_endpoint(*router), .server_public_key = server.public_key, .keys = make_curve_keys()});
    REQUIRE(dealer);
    const std::array<std::string_view, 3> frames = {"one", "two", "three"};
    REQUIRE(send_frames(*dealer, frames));
    REQUIRE(send(*dealer, std::as_bytes(std::span("x", 1))));
    std::vector<Routed> got;
    CHECK(eventually(
        [&] {
          if (auto routed = receive_routed(*router)) got.push_back(std::move(*routed));
          return got.size() == 2;
        },
        kLimit));
    CHECK(got[0].extra_frames);
    CHECK(got[0].payload.to_string() == "one");
    CHECK_FALSE(got[1].extra_frames);
    CHECK(got[1].payload.to_string() == "x");
  }
  context.shutdown();
  zap.join();
}

TEST_CASE("transport: a port in use, a foreign address and a wrong endpoint are named") {
  SmallController first(make_curve_keys());
  const std::string port = std::to_string(port_of(first.endpoint()));
  const SmallController second(make_curve_keys(), first.endpoint());
  CHECK(second.endpoint().empty());
  CHECK(second.failure().code == ErrorCode::kUnavailable);
  CHECK(second.failure().what.find("in use") != std::string::npos);
  CHECK(second.failure().what.find(port) != std::string::npos);
  CHECK(SmallController(make_curve_keys(), "tcp://192.0.2.1:0").failure().code == ErrorCode::kUnavailable);
  CHECK(SmallController(make_curve_keys(), "8471").failure().code == ErrorCode::kMalformed);
}

TEST_CASE("transport: without a ZAP handler nobody is let in") {
  zmq::context_t context(1), outside(1);
  const CurveKeys server = make_curve_keys();
  auto router = open_router(context, {.endpoint = "tcp://127.0.0.1:0", .keys = server, .zap_domain = "agents"});
  REQUIRE(router);
  auto link = open_watched_dealer(outside,
                                  {.endpoint = bound_endpoint(*router), .server_public_key = server.public_key, .keys = make_curve_keys()});
  REQUIRE(link);
  REQUIRE(send(link->dealer, std::as_bytes(std::span("x", 1))));
  std::string detail;
  LinkEvent event = LinkEvent::kNone;
  eventually(
      [&] {
        event = link->monitor.next(detail);
        return event == LinkEvent::kReady || event == LinkEvent::kRefused || event == LinkEvent::kHandshakeFailed;
      },
      kLimit);
  CHECK(event != LinkEvent::kReady);
  CHECK_FALSE(receive_routed(*router));
}

TEST_CASE("transport: a full pipe pushes back, nothing accepted is lost, and stop comes last") {
  zmq::context_t context(1);
  auto pull = open_pull(context, "inproc://numbers", 10);
  auto push = open_push(context, "inproc://numbers", 10);
  REQUIRE(pull);
  REQUIRE(push);
  int accepted = 0;
  while (send_object(*push, std::make_unique<int>(accepted), false)) ++accepted;
  CHECK(accepted >= 10);
  CHECK(send_object(*push, std::make_unique<int>(0), false).error().code == ErrorCode::kFull);
  std::thread writer([&push = *push, accepted] {
    for (int i = accepted; i < 5'000; ++i) static_cast<void>(send_object(push, std::make_unique<int>(i)));
    send_stop(push);
  });
  int expected = 0;
  for (;; ++expected) {
    auto number = receive_object<int>(*pull, 10'000);
    REQUIRE(number);
    if (!*number) break;
    CHECK(**number == expected);
  }
  writer.join();
  CHECK(expected == 5'000);
  CHECK(receive_object<int>(*pull, 0).error().code == ErrorCode::kTimeout);
  CHECK(receive_object<int>(*pull, 10).error().code == ErrorCode::kTimeout);
}

TEST_CASE("transport: an object that nobody takes from a pipe dies with it") {
  const auto counted = std::make_shared<int>(0);
  {
    zmq::context_t context(1);
    auto pull = open_pull(context, "inproc://things", 2);
    auto push = open_push(context, "inproc://things", 2);
    REQUIRE((pull && push));
    int accepted = 0;
    while (send_object(*push, std::make_unique<std::shared_ptr<int>>(counted), false)) ++accepted;
    CHECK(accepted >= 2);
    CHECK(counted.use_count() == accepted + 1);  // the refused one is gone
    const auto taken = receive_object<std::shared_ptr<int>>(*pull, 1'000);
    REQUIRE((taken && *taken));
    CHECK(counted.use_count() == accepted + 1);
  }
  CHECK(counted.use_count() == 1);
}

TEST_CASE("transport: an ended context ends waiting with kUnavailable") {
  zmq::context_t context(1);
  std::promise<void> waiting;
  ErrorCode code = ErrorCode::kTimeout;
  std::thread reader([&] {
    auto pull = open_pull(context, "inproc://nothing");
    waiting.set_value();
    code = receive_object<int>(*pull, -1).error().code;
  });
  waiting.get_future().wait();
  context.shutdown();
  reader.join();
  CHECK(code == ErrorCode::kUnavailable);
}
