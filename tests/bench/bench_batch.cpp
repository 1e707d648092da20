// States of nodes by encrypted batches: one child controller in a thread sends as fast as acks allow, the other side is what a controller
// does with them: ROUTER with CURVE, decode, apply to the map, ack, a view each 100 ms. All in one process, on as many cores as there are.
//   bench_batch [NODES [SECONDS [--json FILE]]]     default 1,000,000 nodes, 10 s; reference: the map alone, without a wire
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <future>
#include <thread>

#include "common/clock.hpp"
#include "common/shape.hpp"
#include "common/transport.hpp"
#include "controller/map/capacity_map.hpp"
#include "controller/zap.hpp"
#include "tests/bench/bench_lines.hpp"
#include "tests/fleet/children.hpp"

namespace {

using namespace capmap;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kWindow = 16, kRounds = 3;
constexpr double kTargetStates = 4e6;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

template <class T>
T need(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "bench_batch: %s\n", result.error().what.c_str());
  std::exit(1);
}

struct World {
  fleet::Plan plan;
  std::vector<SiteId> sites;
  std::vector<EncodedShape> shapes;
  std::vector<ShapeId> shape_ids;
  KnownChild known;
  std::unique_ptr<fleet::Child> child;
  std::unique_ptr<CapacityMap> map;
};

std::uint64_t now_ms() {
  return SystemClock().boot_ms();
}

void tell(World& world, ChildMessage message) {
  ChildBatch batch{.received_boot_ms = now_ms(), .reports = {}};
  batch.reports.push_back({.child = world.known.id, .route = {}, .message = std::move(message)});
  static_cast<void>(world.map->apply(batch, 1));
}

World make_world(std::uint32_t nodes) {
  World world;
  world.plan = fleet::national_plan(nodes, 1);
  world.known = {.id = random_id<ControllerId>(), .public_key = {}, .name = "bench", .sites = {}};
  for (const auto& site : world.plan.sites) {
    world.sites.push_back(random_id<SiteId>());
    world.known.sites.push_back(world.sites.back());
    static_cast<void>(site);
  }
  for (const auto& machine : world.plan.machines) {
    world.shapes.push_back(pack_shape(machine.shape));
    world.shape_ids.push_back(world.shapes.back().id);
  }
  std::vector<std::uint32_t> numbers(nodes);
  for (std::uint32_t i = 0; i < nodes; ++i) numbers[i] = i;
  world.child = std::make_unique<fleet::Child>(world.plan, numbers, world.sites, 1);
  world.map = std::make_unique<CapacityMap>(MapOptions{.epoch = 1, .cold_records = false}, nullptr, now_ms());
  world.map->add_child(world.known, random_id_bytes(), now_ms());
  for (std::uint32_t i = 0; i < nodes; i += fleet::Child::kHelloNodes) tell(world, world.child->hello(i, world.shape_ids));
  for (const auto& shape : world.shapes) tell(world, ShapeMessage{.envelope = world.child->envelope(), .shape = shape});
  for (std::uint32_t i = 0; i < nodes; i += fleet::Child::kHelloNodes) tell(world, world.child->full_states(i));
  return world;
}

/// The map alone: decoded messages, one after the other.
double map_alone(World& world, std::uint32_t nodes) {
  std::vector<ChildMessage> messages;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    for (std::uint32_t i = 0; i < nodes; i += fleet::Child::kStateNodes) messages.emplace_back(world.child->moved_states(i));
  }
  const auto began = Clock::now();
  auto view = world.map->view(now_ms(), 1);
  auto viewed = began;
  for (auto& message : messages) {
    tell(world, std::move(message));
    if (seconds_since(viewed) < 0.1) continue;
    view = world.map->view(now_ms(), 1);
    viewed = Clock::now();
  }
  return kRounds * static_cast<double>(nodes) / seconds_since(began);
}

/// Sends until told to stop, a window of messages ahead of the acks.
void run_sender(const DealerOptions& options, World& world, std::uint32_t nodes, const std::atomic<bool>& stop) {
  zmq::context_t context(1);
  auto dealer = need(open_dealer(context, options));
  std::uint32_t sent = 0, acked = 0;
  for (std::uint32_t next = 0; !stop;) {
    while (sent - acked < kWindow) {
      const auto message = world.child->moved_states(next);
      if (!send(dealer, encode(message))) break;
      next += message.count;
      if (next >= nodes) next = 0;
      ++sent;
    }
    if (receive(dealer, 100)) ++acked;
    while (receive(dealer, 0)) ++acked;
  }
}

struct Served {
  double states_per_s = 0, cores = 0;
};

Served serve(World& world, std::uint32_t nodes, double seconds) {
  zmq::context_t context(1);
  Published<Metrics> metrics;
  std::promise<void> zap_ready;
  const auto server_keys = make_curve_keys(), child_keys = make_curve_keys();
  ZapOptions zap_options{.keys = "", .known = {{.public_key = child_keys.public_key, .node = NodeId{world.known.id.bytes}, .child = true}}};
  auto ready = zap_ready.get_future();
  std::thread zap([&] { static_cast<void>(run_zap(context, zap_options, zap_ready, metrics)); });
  ready.wait();
  std::atomic<bool> stop = false;
  Served served;
  {
    auto router = need(open_router(context, {.endpoint = "tcp://127.0.0.1:0", .keys = server_keys, .zap_domain = "agents"}));
    const DealerOptions dealer{.endpoint = bound_endpoint(router), .server_public_key = server_keys.public_key, .keys = child_keys};
    std::thread sender([&] { run_sender(dealer, world, nodes, stop); });
    std::uint64_t states = 0;
    std::shared_ptr<const MapView> view;
    auto began = Clock::now(), viewed = began;
    double cpu_before = cpu_seconds();
    bool warm = false;
    while (!warm || seconds_since(began) < seconds) {
      if (!warm && seconds_since(began) > 1) {
        warm = true;
        began = Clock::now();
        cpu_before = cpu_seconds();
        states = 0;
      }
      Waitable item{.socket = &router};
      wait_any({&item, 1}, 100);
      for (std::uint32_t taken = 0; taken < kWindow; ++taken) {
        const auto got = receive_routed(router);
        if (!got) break;
        auto message = need(decode_child_message({static_cast<const std::byte*>(got->payload.data()), got->payload.size()}));
        if (const auto* said = std::get_if<BatchStates>(&message)) states += said->count;
        ChildBatch batch{.received_boot_ms = now_ms(), .reports = {}};
        batch.reports.push_back({.child = world.known.id, .route = {}, .message = std::move(message)});
        const auto acks = world.map->apply(batch, 1);
        const std::span route{static_cast<const std::byte*>(got->route.data()), got->route.size()};
        static_cast<void>(send_routed(router, route, encode(acks.front().ack)));
        if (seconds_since(viewed) < 0.1) continue;
        view = world.map->view(now_ms(), 1);
        viewed = Clock::now();
      }
    }
    served.states_per_s = static_cast<double>(states) / seconds_since(began);
    served.cores = (cpu_seconds() - cpu_before) / seconds_since(began);
    stop = true;
    sender.join();
  }
  context.shutdown();
  zap.join();
  return served;
}

}  // namespace

int main(int count, char** words) {
  std::string json;
  std::vector<double> numbers;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(words[i], "--json") == 0 && i + 1 < count) {
      json = words[++i];
    } else {
      numbers.push_back(std::strtod(words[i], nullptr));
    }
  }
  const auto nodes = numbers.empty() ? 1'000'000U : static_cast<std::uint32_t>(numbers[0]);
  const double seconds = numbers.size() < 2 ? 10 : numbers[1];
  auto world = make_world(nodes);
  const double alone = map_alone(world, nodes);
  const auto served = serve(world, nodes, seconds);
  std::uint64_t refused = 0;
  for (const auto& [word, times] : world.map->counters().refused) {
    std::printf("refused %s: %llu\n", word.c_str(), static_cast<unsigned long long>(times));
    refused += times;
  }
  const bool good = served.states_per_s >= kTargetStates;
  std::printf("%-28s %12.0f /s on %.2f cores  reference (the map alone, a core) %.0f, ratio %.3f  target %.0f%s\n", "batch.states_per_s",
              served.states_per_s, served.cores, alone, served.states_per_s / alone, kTargetStates, good ? "" : "  MISSED");
  test::lines.push_back({"batch.states_per_s", served.states_per_s, "1/s", alone, kTargetStates});
  test::lines.push_back({"batch.cores", served.cores, "core", {}, 2});
  if (!json.empty()) test::write_json(json);
  return refused == 0 ? 0 : 1;
}
