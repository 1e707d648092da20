// The map thread with its real pipes: how long one turn of it may last.
#include "controller/map_thread.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "common/transport.hpp"
#include "controller/pipes.hpp"
#include "controller/requests.hpp"
#include "tests/support/map_agent.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using namespace capmap::test;
using support::eventually;

namespace {

/// Some milliseconds pass with each look at it: what looks often enough stops in time, however fast this machine is.
class SteppingClock final : public Clock {
 public:
  [[nodiscard]] std::uint64_t boot_ms() const override { return now_ms_ += 4; }
  [[nodiscard]] std::uint64_t unix_ms() const override { return 1'790'000'000'000; }

 private:
  mutable std::atomic<std::uint64_t> now_ms_{1'000'000};
};

/// The map thread and the far ends of its pipes. What waits in them is put there before it starts.
class Pipes {
 public:
  explicit Pipes(CapacityMap map) : map_(std::move(map)) {}
  ~Pipes() {
    send_stop(inputs);
    if (thread_.joinable()) thread_.join();
  }
  void start() {
    thread_ = std::thread([this] { static_cast<void>(run_map(context_, std::move(map_), clock_, view, metrics_)); });
  }

 private:
  zmq::context_t context_{1};
  SteppingClock clock_;
  CapacityMap map_;
  Published<Metrics> metrics_;
  std::thread thread_;

 public:
  Published<MapView> view;
  zmq::socket_t inputs = std::move(*open_push(context_, kMapPipe)), queries = std::move(*open_push(context_, kMapQueryPipe));
  zmq::socket_t acks = std::move(*open_pull(context_, kIngestPipe)), http = std::move(*open_pull(context_, kHttpPipe));
};

/// The seq of the node when its query was answered.
std::uint32_t answered_seq(Pipes& pipes) {
  const auto got = receive_object<HttpInput>(pipes.http, 30'000);
  REQUIRE(got);
  const auto* const answer = std::get_if<NodeAnswer>(got->get());
  REQUIRE(answer != nullptr);
  REQUIRE(answer->rows.size() == 1);
  return answer->rows[0].seq;
}

}  // namespace

TEST_CASE("map thread: a query is answered within a turn, though one batch of thousands of messages waits before it, and all get acks") {
  constexpr std::uint32_t kMessages = 5'000;
  MapAgent agent{.node = numbered_id<NodeId>(1), .shape = server_shape(8, 64, 0)};
  CapacityMap map({.epoch = 7}, nullptr, 1'000);
  KnownNode node;
  node.id = agent.node;
  map.add_node(node, true, 1'000);
  Pipes pipes(std::move(map));
  ReportBatch batch{.received_boot_ms = 1'000'000, .reports = {}, .flooding = {}};
  batch.reports.push_back({.node = agent.node, .route = "way", .message = agent.hello()});
  while (batch.reports.size() < kMessages) batch.reports.push_back({.node = agent.node, .route = "way", .message = agent.heartbeat()});
  REQUIRE(send_object(pipes.inputs, std::make_unique<MapInput>(std::move(batch))));
  REQUIRE(send_object(pipes.queries, std::make_unique<NodeQuery>(NodeQuery{.ticket = 1, .id = agent.node})));
  pipes.start();
  const auto seq = answered_seq(pipes);
  CHECK(seq > 0);
  CHECK(seq < kMessages / 2);
  std::uint32_t acked = 0;
  while (acked < kMessages) {
    const auto answers = receive_object<AckBatch>(pipes.acks, 30'000);
    REQUIRE(answers);
    for (const auto& out : (*answers)->acks) CHECK(out.ack.applied_seq == ++acked);
  }
}

TEST_CASE("map thread: messages of a child controller that fill a batch do not hold a query up either") {
  constexpr std::uint32_t kMessages = 16, kNodes = 1'000;
  KnownChild child;
  child.id = numbered_id<ControllerId>(5);
  child.sites = {numbered_id<SiteId>(1)};
  CapacityMap map({.epoch = 7}, nullptr, 1'000);
  map.add_child(child, {}, 1'000);
  BatchHello hello{.envelope = {.run_id = 3, .seq = 1}, .first = 0, .all_nodes = {}, .nodes = {}};
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    hello.nodes.push_back({.id = numbered_id<NodeId>(i), .site = child.sites[0], .shape = {}, .memory_total_mib = 1'024, .pus_allowed = 4});
  }
  ChildBatch batch{.received_boot_ms = 1'000'000, .reports = {}};
  batch.reports.push_back({.child = child.id, .route = "way", .message = hello});
  for (std::uint32_t seq = 2; seq <= kMessages; ++seq) {
    BatchStates states;
    states.envelope = {.run_id = 3, .seq = seq};
    states.count = kNodes;
    states.liveness = BatchLiveness::kFresh;
    states.readings[0].assign(kNodes, 100 + seq + 1);
    batch.reports.push_back({.child = child.id, .route = "way", .message = states});
  }
  Pipes pipes(std::move(map));
  REQUIRE(send_object(pipes.inputs, std::make_unique<MapInput>(std::move(batch))));
  REQUIRE(send_object(pipes.queries, std::make_unique<NodeQuery>(NodeQuery{.ticket = 1, .id = numbered_id<NodeId>(1)})));
  pipes.start();
  const auto got = receive_object<HttpInput>(pipes.http, 30'000);
  REQUIRE(got);
  const auto rows = std::get_if<NodeAnswer>(got->get())->rows;
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].usage.readings.cpu_busy_millicores.value_or(0) < 100 + kMessages);
  std::uint32_t acked = 0;
  while (acked < kMessages) {
    const auto answers = receive_object<AckBatch>(pipes.acks, 30'000);
    REQUIRE(answers);
    for (const auto& out : (*answers)->child_acks) CHECK(out.ack.applied_seq == ++acked);
  }
}

TEST_CASE(
    "map thread: who is answered finds what was changed: the answer comes with the view that shows it, and at once where all is shown") {
  Pipes pipes(CapacityMap({.epoch = 7}, nullptr, 1'000));
  pipes.start();
  for (std::uint64_t ticket = 1; ticket <= 50; ++ticket) {
    Site site;
    site.id = numbered_id<SiteId>(ticket);
    site.name = "site " + std::to_string(ticket);
    REQUIRE(send_object(pipes.inputs, std::make_unique<MapInput>(SiteChanged{site})));
    const auto answer = [ticket] { return std::make_unique<HttpInput>(AdminAnswer{.ticket = ticket, .what = Noted{}}); };
    REQUIRE(send_object(pipes.inputs, std::make_unique<MapInput>(AnswerWhenShown{answer()})));
    REQUIRE(send_object(pipes.inputs, std::make_unique<MapInput>(AnswerWhenShown{answer()})));
    for (int i = 0; i < 2; ++i) {
      const auto got = receive_object<HttpInput>(pipes.http, 30'000);
      REQUIRE(got);
      CHECK(std::get<AdminAnswer>(**got).ticket == ticket);
      CHECK(pipes.view.take()->sites.size() == ticket + 1);
    }
  }
}
