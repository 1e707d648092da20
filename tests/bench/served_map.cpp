// A map of so many nodes behind the real HTTP thread, for questions from outside: nodes in 34 divisions, 20 servers of different size.
//   capmap_bench_served NODES PORT     until SIGTERM; prints "ready nodes=N"
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

#include "common/clock.hpp"
#include "common/transport.hpp"
#include "controller/http/http.hpp"
#include "controller/map/capacity_map.hpp"
#include "tests/support/map_agent.hpp"

namespace {

using namespace capmap;
using namespace capmap::test;

constexpr std::uint32_t kSites = 340, kKinds = 20;
/// GB/T 2260 divisions.
constexpr std::array kDivisions = {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42,
                                   43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82};

void fill(CapacityMap& map, std::uint32_t nodes, std::uint64_t now_ms, std::uint64_t unix_ms) {
  for (std::uint32_t i = 0; i < kSites; ++i) {
    Site site;
    site.id = numbered_id<SiteId>(i);
    site.name = "site-" + std::to_string(i);
    site.region = std::to_string(kDivisions[i % kDivisions.size()]);
    map.put_site(site);
  }
  std::vector<EncodedShape> shapes;
  std::vector<Shape> decoded;
  for (std::uint32_t kind = 0; kind < kKinds; ++kind) {
    decoded.push_back(server_shape(8 + 8 * kind, 64 + 32 * kind, kind % 3 == 0 ? 8 : 0));
    shapes.push_back(pack_shape(decoded.back()));
  }
  for (std::uint32_t i = 0; i < nodes; ++i) {
    KnownNode known;
    known.id = numbered_id<NodeId>(i);
    known.site = numbered_id<SiteId>(i % kSites);
    map.add_node(known, false, now_ms);
    const auto kind = (i / kSites) % kKinds;
    Hello hello;
    hello.envelope = {.run_id = i + 1, .seq = 1};
    hello.shape_id = shapes[kind].id;
    hello.hostname = "node-" + std::to_string(i);
    hello.memory_total_bytes = decoded[kind].memory_bytes;
    hello.pus_allowed = decoded[kind].cpu.pus;
    const auto answer = map.apply(known.id, hello, now_ms, unix_ms);
    std::uint32_t seq = 1;
    if (answer.need_shape) map.apply(known.id, ShapeMessage{.envelope = {i + 1, ++seq}, .shape = shapes[kind]}, now_ms, unix_ms);
    UsageMessage usage{
        .envelope = {i + 1, ++seq}, .shape_prefix = shape_prefix(shapes[kind].id), .usage = usage_of(busy(i % 8'000, i % 60'000))};
    map.apply(known.id, usage, now_ms, unix_ms);
  }
}

int serve(std::uint32_t nodes, std::uint16_t port) {
  const SystemClock clock;
  CapacityMap map({.epoch = 1}, nullptr, clock.boot_ms());
  fill(map, nodes, clock.boot_ms(), clock.unix_ms());
  Published<MapView> view;
  view.publish(map.view(clock.boot_ms(), clock.unix_ms()));
  zmq::context_t context(1);
  auto queries = open_pull(context, "inproc://map_queries");
  auto admin = open_pull(context, "inproc://admin");
  std::promise<Result<std::uint16_t>> ready;
  auto bound = ready.get_future();
  HttpOptions options;
  options.port = port;
  std::thread http([&] { static_cast<void>(run_http(context, options, {view, {}, clock}, ready)); });
  const auto got = bound.get();
  if (!got) return std::fprintf(stderr, "capmap_bench_served: %s\n", got.error().what.c_str()) < 0 ? 1 : 1;
  std::printf("ready nodes=%u\n", nodes);
  std::fflush(stdout);
  sigset_t ends;
  sigemptyset(&ends);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&ends, number);
  int number = 0;
  sigwait(&ends, &number);
  {
    auto stop = open_push(context, "inproc://http");
    send_stop(*stop);
  }
  http.join();
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) return std::fputs("usage: capmap_bench_served NODES PORT\n", stderr) < 0 ? 1 : 2;
  sigset_t ends;
  sigemptyset(&ends);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&ends, number);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  return serve(static_cast<std::uint32_t>(std::strtoul(words[1], nullptr, 10)),
               static_cast<std::uint16_t>(std::strtoul(words[2], nullptr, 10)));
}
