#include "tests/fleet/live.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/join_token.hpp"
#include "common/shape.hpp"
#include "common/uplink.hpp"
#include "tests/fleet/fleet.hpp"
#include "tests/fleet/server.hpp"

namespace capmap::fleet {
namespace {

/// Its pipes, its link with a monitor, and a second link while it goes over to another port.
constexpr std::uint32_t kSocketsEach = 10, kDescriptorsEach = 13;
constexpr std::uint64_t kReadEveryMs = 10'000;
constexpr auto kTurn = std::chrono::milliseconds(20);
constexpr const char* kPacePipe = "inproc://pace";

volatile std::sig_atomic_t stop_asked = 0;

Result<Done> allow_descriptors(std::uint32_t agents) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const auto wanted = std::uint64_t{kDescriptorsEach} * agents + 100;
  if (limit.rlim_cur >= wanted) return Done{};
  return Error{ErrorCode::kFull, std::to_string(agents) + " live agents need " + std::to_string(wanted) +
                                     " descriptors, the limit here is " + std::to_string(limit.rlim_cur)};
}

std::string state_of(const LiveOptions& options, std::uint32_t i) {
  return options.states + "/" + std::to_string(options.first + i);
}

/// Keys into their state folders, by joining; nothing where the first of them has one.
Result<Done> join_where_new(const LiveOptions& options) {
  if (access((state_of(options, 0) + "/agent.key").c_str(), F_OK) == 0) return Done{};
  const auto keys = join_all(std::vector<std::string>(options.agents, options.token), options.first);
  if (!keys) return keys.error();
  for (std::uint32_t i = 0; i < options.agents; ++i) {
    const auto state = state_of(options, i);
    if (mkdir(state.c_str(), 0700) != 0) return Error{ErrorCode::kUnavailable, state + ": " + std::strerror(errno)};
    if (auto saved = save_curve_keys(state + "/agent.key", (*keys)[i]); !saved) return saved;
  }
  return Done{};
}

/// One server's uplink in a thread of its own.
class LiveAgent {
 public:
  LiveAgent(const Plan& plan, std::uint32_t number, std::uint64_t seed) : server_(plan, number, seed) {}

  Result<Done> start(zmq::context_t& context, UplinkOptions options, const Clock& clock, const Plan& plan) {
    options_ = std::move(options);
    auto readings = open_push(context, options_.snapshots);
    if (!readings) return readings.error();
    readings_ = std::move(*readings);
    thread_ = std::thread([this, &context, &clock] { outcome_ = run_uplink(context, options_, clock); });
    auto input = std::make_unique<UplinkInput>();
    input->facts.emplace(server_.hello(clock.unix_ms()), pack_shape(plan.machines[server_.machine()].shape));
    input->usage = server_.usage();
    return send_object(readings_, std::move(input));
  }
  void read() {
    server_.walk();
    auto input = std::make_unique<UplinkInput>();
    input->usage = server_.usage();
    static_cast<void>(send_object(readings_, std::move(input), false));  // a full pipe is an uplink that has ended: told at the end
  }
  void ask_to_end() {
    if (thread_.joinable()) send_stop(readings_);
  }
  Result<Done> end() {
    if (thread_.joinable()) thread_.join();
    return outcome_;
  }

 private:
  Server server_;
  UplinkOptions options_;
  zmq::socket_t readings_;
  std::thread thread_;
  Result<Done> outcome_ = Done{};
};

Result<UplinkOptions> uplink_of(const LiveOptions& options, const JoinToken& token, std::uint32_t i) {
  const auto state = state_of(options, i);
  auto ring = KeyRing::open(state + "/agent.key");
  if (!ring) return ring.error();
  auto server = KnownServer::open({.endpoint = tcp_endpoint(token.host, token.message_port),
                                   .public_key = token.server_public_key,
                                   .next_port = options.next_port,
                                   .enrol_port = token.enrol_port,
                                   .file = state + "/server.keys"});
  if (!server) return server.error();
  UplinkOptions uplink;
  uplink.ring = std::move(*ring);
  uplink.server = std::move(*server);
  uplink.snapshots = "inproc://snapshots-" + std::to_string(i);
  uplink.key_max_age_ms = std::uint64_t{options.key_max_age_s} * 1'000;
  uplink.pace = kPacePipe;
  return uplink;
}

/// Readings for all of them, one after the other, until it is time to end. What they want of the pace is not needed.
void feed(std::vector<std::unique_ptr<LiveAgent>>& agents, zmq::socket_t& pace, std::uint32_t seconds, const Clock& clock) {
  const auto start_ms = clock.boot_ms();
  std::uint64_t fed = 0;
  while (stop_asked == 0 && (seconds == 0 || clock.boot_ms() < start_ms + std::uint64_t{seconds} * 1'000)) {
    const auto due = (clock.boot_ms() - start_ms) * agents.size() / kReadEveryMs;
    for (; fed < due; ++fed) agents[fed % agents.size()]->read();
    while (receive_object<UplinkPace>(pace, 0)) {
    }
    std::this_thread::sleep_for(kTurn);
  }
}

}  // namespace

Result<Done> run_live(const LiveOptions& options, const Plan& plan) {
  if (auto allowed = allow_descriptors(options.agents); !allowed) return allowed;
  const auto token = parse_join_token(options.token);
  if (!token) return token.error();
  if (auto joined = join_where_new(options); !joined) return joined;
  for (const int number : {SIGTERM, SIGINT}) std::signal(number, [](int) { stop_asked = 1; });
  const SystemClock clock;
  auto context = make_context(kSocketsEach * options.agents);
  auto pace = open_pull(context, kPacePipe);
  if (!pace) return pace.error();
  std::vector<std::unique_ptr<LiveAgent>> agents;
  Result<Done> done = Done{};
  for (std::uint32_t i = 0; done && i < options.agents; ++i) {
    auto uplink = uplink_of(options, *token, i);
    if (!uplink) done = uplink.error();
    if (!uplink) break;
    agents.push_back(std::make_unique<LiveAgent>(plan, options.first + i, options.seed));
    done = agents.back()->start(context, std::move(*uplink), clock, plan);
    if (i % 50 == 49) std::this_thread::sleep_for(std::chrono::milliseconds(100));  // one thread makes all their handshakes
  }
  if (done) {
    std::printf("live agents=%zu\n", agents.size());
    std::fflush(stdout);
    feed(agents, *pace, options.seconds, clock);
  }
  for (auto& agent : agents) agent->ask_to_end();
  for (auto& agent : agents) {
    if (auto ended = agent->end(); done && !ended) done = ended;
  }
  return done;
}

}  // namespace capmap::fleet
