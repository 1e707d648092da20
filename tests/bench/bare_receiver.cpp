// The reference for ingest: a ROUTER with CURVE that answers each message with an ack of our size and knows nothing else. It looks at no
// byte of what it gets: what a controller needs beyond it is the controller's own work. Like a controller it asks its clients for
// intervals that differ by 5 %, or their messages would come all at once and cost less.
//   capmap_bench_bare ENDPOINT SECRET_KEY_FILE INTERVAL_MS     until SIGTERM; prints "ready", at the end "messages=N"
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

#include "common/codec.hpp"
#include "common/transport.hpp"
#include "controller/zap.hpp"

namespace {

volatile std::sig_atomic_t stop_asked = 0;

using namespace capmap;

int serve(const char* endpoint, const CurveKeys& keys, std::uint32_t interval_ms) {
  zmq::context_t context(1);
  context.set(zmq::ctxopt::max_sockets, 64);
  Published<Metrics> metrics;
  std::promise<void> zap_ready;
  auto is_ready = zap_ready.get_future();
  std::thread zap([&] { static_cast<void>(run_zap(context, {.keys = "", .allow_any = true}, zap_ready, metrics)); });
  is_ready.wait();
  unsigned long long messages = 0;
  {
    auto router = open_router(context, {.endpoint = endpoint, .keys = keys, .zap_domain = "agents"});
    if (!router) {
      std::fprintf(stderr, "capmap_bench_bare: %s\n", router.error().what.c_str());
      return 1;
    }
    // Everything is applied: a conversation goes on as with a controller.
    std::array<Bytes, 64> acks;
    for (std::size_t i = 0; i < acks.size(); ++i) {
      const auto interval = interval_ms - interval_ms / 20 + static_cast<std::uint32_t>(i * interval_ms / 10 / (acks.size() - 1));
      acks[i] =
          encode(Ack{.epoch = 1, .run_id = 1, .session = 1, .applied_seq = UINT32_MAX, .next_interval_ms = interval, .time_unix_ms = 1});
    }
    std::puts("ready");
    std::fflush(stdout);
    while (stop_asked == 0) {
      Waitable item{.socket = &*router};
      wait_any({&item, 1}, 200);
      for (auto got = receive_routed(*router); got; got = receive_routed(*router)) {
        ++messages;
        const std::span route{static_cast<const std::byte*>(got->route.data()), got->route.size()};
        const auto& ack = acks[route.empty() ? 0 : std::to_integer<std::size_t>(route.back()) % acks.size()];
        static_cast<void>(send_routed(*router, route, std::span<const std::byte>(ack)));
      }
    }
  }
  context.shutdown();
  zap.join();
  std::printf("messages=%llu\n", messages);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count != 4) return std::fputs("usage: capmap_bench_bare ENDPOINT SECRET_KEY_FILE INTERVAL_MS\n", stderr) < 0 ? 1 : 2;
  for (const int number : {SIGTERM, SIGINT}) std::signal(number, [](int) { stop_asked = 1; });
  const auto keys = load_curve_keys(words[2]);
  if (!keys) return std::fprintf(stderr, "capmap_bench_bare: %s\n", keys.error().what.c_str()) < 0 ? 1 : 1;
  return serve(words[1], *keys, static_cast<std::uint32_t>(std::strtoul(words[3], nullptr, 10)));
}
