// The message port with its real threads (zap, ingest, map) and real sockets: what known senders may do wrong.
#include "controller/ingest.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <random>
#include <thread>

#include "common/batch.hpp"
#include "common/codec.hpp"
#include "common/conversation.hpp"
#include "common/log.hpp"
#include "common/shape.hpp"
#include "controller/map_thread.hpp"
#include "controller/pipes.hpp"
#include "controller/requests.hpp"
#include "controller/zap.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using support::eventually;

namespace {

constexpr auto kLimit = std::chrono::seconds(10);

/// zap, ingest and map of a controller, on a free loopback port.
class MessagePort {
 public:
  explicit MessagePort(const std::vector<KnownNode>& nodes, const std::string& child_key = {}) {
    std::promise<void> zap_ready;
    threads_.emplace_back([&] { static_cast<void>(run_zap(context_, {.keys = kKeysPipe}, zap_ready, zap_metrics_)); });
    zap_ready.get_future().wait();
    keys_ = std::move(*open_push(context_, kKeysPipe));
    if (!child_key.empty()) {
      KeyUpdate update{.public_key = child_key, .node = random_id<NodeId>(), .child = true};
      REQUIRE(send_object(keys_, std::make_unique<KeyUpdate>(std::move(update))));
    }
    CapacityMap map(options_, nullptr, clock_.boot_ms());
    for (const auto& node : nodes) {
      REQUIRE(send_object(keys_, std::make_unique<KeyUpdate>(KeyUpdate{.public_key = node.public_key, .node = node.id})));
      map.add_node(node, true, clock_.boot_ms());
    }
    http_ = std::move(*open_pull(context_, kHttpPipe));
    threads_.emplace_back(
        [&, engine = std::move(map)]() mutable { static_cast<void>(run_map(context_, std::move(engine), clock_, view, map_metrics_)); });
    std::promise<Result<std::string>> ready;
    threads_.emplace_back([&] {
      static_cast<void>(run_ingest(context_, {.endpoint = "tcp://127.0.0.1:0", .keys = server_keys}, clock_, ready, ingest_metrics));
    });
    endpoint = *ready.get_future().get();
  }
  ~MessagePort() {
    auto ingest = open_push(context_, kIngestPipe);
    send_stop(*ingest);
    for (std::size_t i = 1; i < threads_.size(); ++i) threads_[i].join();
    send_stop(keys_);
    threads_[0].join();
  }

  [[nodiscard]] double counted(const std::string& name, const std::string& label) const {
    const auto metrics = ingest_metrics.take();
    if (!metrics) return -1;
    for (const auto& metric : *metrics) {
      if (metric.name == name && (label.empty() || metric.labels.front().second == label)) return metric.value;
    }
    return -1;
  }
  [[nodiscard]] bool will_count(const char* label, double at_least) const {
    return eventually([&] { return counted("capmap_ingest_refused_total", label) >= at_least; }, kLimit);
  }

  CurveKeys server_keys = make_curve_keys();
  std::string endpoint;
  Published<MapView> view;
  Published<Metrics> ingest_metrics;

 private:
  zmq::context_t context_{1};
  SystemClock clock_;
  MapOptions options_{.epoch = 77};
  Published<Metrics> zap_metrics_, map_metrics_;
  zmq::socket_t keys_, http_;
  std::vector<std::thread> threads_;
};

/// A server that was let in, with its socket.
class Peer {
 public:
  Peer()
      : keys(make_curve_keys()),
        node{.id = random_id<NodeId>(), .public_key = keys.public_key, .site = {}, .hostname = "peer", .joined_unix_ms = 1} {}

  void connect(const MessagePort& port) {
    socket_ =
        std::move(*open_dealer(context_, {.endpoint = port.endpoint, .server_public_key = port.server_keys.public_key, .keys = keys}));
  }
  void try_to_say(const Bytes& bytes) { static_cast<void>(send(socket_, bytes)); }
  void say(const Bytes& bytes) { REQUIRE(send(socket_, bytes)); }
  /// As many as fit at once.
  void flood(const Bytes& bytes, int times) {
    for (; times > 0 && send(socket_, bytes); --times) {
    }
  }
  Result<Ack> answer() {
    auto got = receive(socket_, 5'000);
    if (!got) return got.error();
    return decode_ack({static_cast<const std::byte*>(got->data()), got->size()});
  }
  /// Hello, shape and usage, as an agent would, until the map has it fresh with its hardware.
  void settle() {
    Shape shape;
    shape.cpu.model = "Some CPU";
    shape.cpu.packages = 1;
    shape.cpu.cores = 4;
    shape.cpu.pus = 8;
    shape.memory_bytes = std::uint64_t{16} << 30;
    canonicalize(shape);
    Hello facts;
    facts.hostname = "peer";
    talk.set_facts(facts, pack_shape(shape));
    talk.on_link_up(0);
    for (int i = 0; i < 20 && talk.applied_seq() < 3; ++i) {
      say(encode(talk.next(Usage{}, static_cast<std::uint64_t>(i) * 20'000)));
      const auto ack = answer();
      REQUIRE(ack);
      CHECK(ack->epoch == 77);
      talk.on_ack(*ack, static_cast<std::uint64_t>(i) * 20'000);
    }
    REQUIRE(talk.session() == 1);
  }

  CurveKeys keys;
  KnownNode node;
  Conversation talk{random_u64(), {}};

 private:
  zmq::context_t context_{1};
  zmq::socket_t socket_;
};

std::uint32_t fresh_nodes(const MessagePort& port) {
  std::uint32_t fresh = 0;
  if (const auto view = port.view.take()) {
    for (const auto& cell : view->cells.ordered()) fresh += cell.key.liveness == Liveness::kFresh ? cell.nodes : 0;
  }
  return fresh;
}

}  // namespace

TEST_CASE("ingest: a known node comes onto the map by hello, shape and usage") {
  Peer peer;
  MessagePort port({peer.node});
  CHECK(eventually([&] { return port.view.take() != nullptr; }, kLimit));
  CHECK(port.view.take()->resyncing_nodes == 1);
  peer.connect(port);
  peer.settle();
  CHECK(eventually([&] { return fresh_nodes(port) == 1 && port.view.take()->hardware.size() == 2; }, kLimit));
  CHECK(port.view.take()->resyncing_nodes == 0);
}

TEST_CASE("ingest: random, truncated, wrong-version and many-framed messages of a known node are counted and disturb nobody") {
  Peer bad, good;
  MessagePort port({bad.node, good.node});
  bad.connect(port);
  good.connect(port);
  good.settle();
  const Bytes heartbeat = encode(Heartbeat{.envelope = {.run_id = 5, .seq = 1}, .shape_prefix = 1, .moved = {}});
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  double sent = 0;
  for (std::size_t size = 1; size < heartbeat.size(); size += 3, ++sent)
    bad.say(Bytes(heartbeat.begin(), heartbeat.begin() + static_cast<long>(size)));
  Bytes wrong_version = heartbeat;
  wrong_version[6] = std::byte{'9'};  // the file identifier
  bad.say(wrong_version);
  ++sent;
  for (; sent < 45; ++sent) {
    Bytes noise(1 + random() % 2'000);
    for (auto& byte : noise) byte = static_cast<std::byte>(random());
    bad.say(noise);
  }
  CHECK(port.will_count("malformed", sent));
  good.say(encode(good.talk.next(Usage{}, 1'000'000)));
  CHECK(good.answer());
  CHECK(fresh_nodes(port) == 1);
}

TEST_CASE("ingest: a flood of one node is cut to its allowance and costs it its place in the totals, others are served") {
  Peer flood, good;
  MessagePort port({flood.node, good.node});
  flood.connect(port);
  good.connect(port);
  flood.settle();
  const Bytes heartbeat = encode(Heartbeat{.envelope = {.run_id = 5, .seq = 1}, .shape_prefix = 1, .moved = {}});
  for (int i = 0; i < 1'000; ++i) flood.say(heartbeat);
  CHECK(port.will_count("rate", 500));
  good.settle();
  CHECK(eventually([&] { return fresh_nodes(port) == 2; }, kLimit));
  CHECK(eventually(
      [&] {
        const auto cells = port.view.take()->cells.ordered();
        return std::count_if(cells.begin(), cells.end(), [](const auto& cell) { return cell.key.service == ServiceState::kQuarantined; }) ==
               1;
      },
      kLimit));
}

TEST_CASE("ingest: a child controller that floods is counted by reason and named in the log, and agents are served meanwhile") {
  LogCapture log;
  {
    Peer child, good;
    MessagePort port({good.node}, child.keys.public_key);
    child.connect(port);
    good.connect(port);
    BatchStates states;
    states.envelope = {.run_id = 5, .seq = 1};
    states.count = 1;
    const Bytes message = encode(states);
    const auto flood = [&] {
      child.flood(message, 1'000);
      return port.counted("capmap_ingest_refused_total", "child_backlog") > 0;
    };
    CHECK(eventually(flood, kLimit));
    good.settle();
    CHECK(eventually([&] { return fresh_nodes(port) == 1; }, kLimit));
  }
  CHECK(log.text().find("child_flooding") != std::string::npos);
}

TEST_CASE("ingest: a message over the size limit ends its own connection only") {
  Peer big, good;
  MessagePort port({big.node, good.node});
  big.connect(port);
  good.connect(port);
  big.say(Bytes(kMaxMessageBytes * 2));
  good.settle();
  CHECK(eventually([&] { return fresh_nodes(port) == 1; }, kLimit));
  big.settle();  // its socket connects again by itself
  CHECK(eventually([&] { return fresh_nodes(port) == 2; }, kLimit));
}

TEST_CASE("ingest: while one node floods without end, every message of fifty quiet ones is applied and acked") {
  constexpr std::size_t kQuiet = 50;
  constexpr std::uint32_t kRounds = 20;
  Peer flood;
  std::vector<std::unique_ptr<Peer>> quiet;
  std::vector<KnownNode> nodes = {flood.node};
  for (std::size_t i = 0; i < kQuiet; ++i) {
    quiet.push_back(std::make_unique<Peer>());
    nodes.push_back(quiet.back()->node);
  }
  MessagePort port(nodes);
  for (auto& peer : quiet) peer->connect(port);
  flood.connect(port);
  flood.settle();
  std::atomic<bool> over = false;
  std::thread flooding([&] {
    const Bytes heartbeat = encode(Heartbeat{.envelope = {.run_id = 5, .seq = 1}, .shape_prefix = 1, .moved = {}});
    while (!over) flood.try_to_say(heartbeat);  // its queue is always full
  });
  CHECK(port.will_count("rate", 10'000));
  std::size_t acked = 0, applied = 0;
  for (auto& peer : quiet) peer->settle();
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    const std::uint64_t now_ms = 1'000'000 + round * 10'000ULL;
    for (auto& peer : quiet) peer->say(encode(peer->talk.next(Usage{}, now_ms)));
    for (auto& peer : quiet) {
      const auto before = peer->talk.applied_seq();
      const auto ack = peer->answer();
      if (!ack) continue;
      ++acked;
      peer->talk.on_ack(*ack, now_ms);
      applied += peer->talk.applied_seq() == before + 1 ? 1 : 0;
    }
  }
  const auto flooded = port.counted("capmap_ingest_refused_total", "rate");
  over = true;
  flooding.join();
  CHECK(acked == kQuiet * kRounds);
  CHECK(applied == kQuiet * kRounds);
  CHECK(flooded > 20'000);  // it went on all the time
}
