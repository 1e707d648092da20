#include "tests/fleet/fleet.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <span>
#include <thread>
#include <utility>

#include "common/clock.hpp"
#include "common/codec.hpp"
#include "common/conversation.hpp"
#include "common/join_token.hpp"
#include "common/shape.hpp"

namespace capmap::fleet {
namespace {

constexpr std::uint32_t kJoinsAtOnce = 64;
constexpr int kJoinPatienceMs = 20'000, kMessagesPerTurn = 16;
constexpr std::size_t kKeptLatencies = 10'000;
constexpr auto kTurn = std::chrono::milliseconds(5);

volatile std::sig_atomic_t stop_asked = 0;

std::span<const std::byte> bytes_of(const zmq::message_t& message) {
  return {static_cast<const std::byte*>(message.data()), message.size()};
}

/// Two descriptors an agent (its socket's mailbox, its connection) and some for ourselves.
Result<Done> allow_descriptors(std::uint32_t agents) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= 2 * std::uint64_t{agents} + 100) return Done{};
  return Error{ErrorCode::kFull, std::to_string(agents) + " agents need " + std::to_string(2 * std::uint64_t{agents} + 100) +
                                     " descriptors, the limit here is " + std::to_string(limit.rlim_cur)};
}

zmq::context_t make_context(std::uint32_t sockets) {
  zmq::context_t context(1);
  context.set(zmq::ctxopt::max_sockets, static_cast<int>(sockets + 16));
  return context;
}

Result<Done> join_some(zmq::context_t& context, const JoinToken& token, std::span<const CurveKeys> keys, std::uint32_t first) {
  std::vector<zmq::socket_t> sockets;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto dealer = open_dealer(
        context, {.endpoint = tcp_endpoint(token.host, token.enrol_port), .server_public_key = token.server_public_key, .keys = keys[i]});
    if (!dealer) return dealer.error();
    const Join join{.token_secret = token.secret, .hostname = "sim-" + std::to_string(first + i), .public_key = keys[i].public_key};
    if (auto sent = send(*dealer, encode(join)); !sent) return sent;
    sockets.push_back(std::move(*dealer));
  }
  for (auto& socket : sockets) {
    auto answer = receive(socket, kJoinPatienceMs);
    if (!answer) return Error{answer.error().code, "joining at " + token.host + ": " + answer.error().what};
    const auto joined = decode_joined(bytes_of(*answer));
    if (!joined) return joined.error();
    if (!joined->accepted) return Error{ErrorCode::kDenied, joined->reason};
  }
  return Done{};
}

/// One simulated server.
class Agent {
 public:
  Agent(zmq::socket_t dealer, std::uint64_t seed, std::uint32_t number, const Shape& shape, const EncodedShape& packed)
      : dealer_(std::move(dealer)),
        random_(seed * 1'000'003 + number),
        run_id_(random_() | 1U),
        talk_(run_id_, {}),
        pus_(shape.cpu.pus.value_or(1)) {
    Hello hello;
    hello.agent_version = CAPMAP_VERSION;
    hello.hostname = "sim-" + std::to_string(number);
    hello.os = "simulated";
    hello.memory_total_bytes = shape.memory_bytes.value_or(0) / 64 * 63;
    hello.pus_allowed = pus_;
    memory_mib_ = static_cast<std::uint32_t>(*hello.memory_total_bytes >> 20U);
    talk_.set_facts(std::move(hello), packed);
    usage_.readings.cpu_busy_millicores = static_cast<std::uint32_t>(random_() % (pus_ * 1'000));
    usage_.readings.memory_used_mib = static_cast<std::uint32_t>(random_() % memory_mib_);
    talk_.on_link_up(0);
  }

  /// Sends what is due and reads what came. Cost when there is nothing: one look at the socket.
  void turn(std::uint64_t now_ms, std::uint32_t loss_permille, bool any_ack) {
    for (int i = 0; i < kMessagesPerTurn; ++i) {
      auto message = receive(dealer_, 0);
      if (!message) break;
      auto ack = decode_ack(bytes_of(*message));
      if (!ack) continue;
      if (any_ack) ack->run_id = run_id_;
      ++acks;
      if (sent_ms_ != 0) latest_ms = now_ms - std::exchange(sent_ms_, 0);
      talk_.on_ack(*ack, now_ms);
    }
    static_cast<void>(talk_.take_broken(now_ms));  // libzmq connects again by itself; the next message is hello
    if (talk_.due_ms() > now_ms) return;
    walk();
    const Bytes bytes = encode(talk_.next(usage_, now_ms));
    sent_ms_ = now_ms;
    ++sent;
    if (loss_permille != 0 && random_() % 1'000 < loss_permille) return;
    static_cast<void>(send(dealer_, bytes));  // a full queue is a lost message: it is told again
  }
  void say_bye() { static_cast<void>(send(dealer_, encode(talk_.bye("fleet ends")))); }
  [[nodiscard]] bool in_session() const { return talk_.session() != 0; }

  std::uint64_t acks = 0, sent = 0;
  std::uint64_t latest_ms = UINT64_MAX;  ///< of the newest ack; UINT64_MAX when it was counted

 private:
  /// Use drifts as on a busy server.
  void walk() {
    const auto step = [this](std::uint32_t value, std::uint32_t most) {
      const std::int64_t by = static_cast<std::int64_t>(random_() % (most / 10 + 1)) - most / 20;
      return static_cast<std::uint32_t>(std::clamp<std::int64_t>(value + by, 0, most));
    };
    usage_.readings.cpu_busy_millicores = step(*usage_.readings.cpu_busy_millicores, pus_ * 1'000);
    usage_.readings.memory_used_mib = step(*usage_.readings.memory_used_mib, memory_mib_);
  }

  zmq::socket_t dealer_;
  std::mt19937_64 random_;
  std::uint64_t run_id_;
  Conversation talk_;
  Usage usage_;
  std::uint32_t pus_, memory_mib_ = 1;
  std::uint64_t sent_ms_ = 0;
};

void report(const std::vector<Agent>& agents, std::vector<std::uint64_t>& latencies) {
  std::uint64_t sessions = 0, acks = 0, sent = 0;
  for (const auto& agent : agents) {
    sessions += agent.in_session() ? 1 : 0;
    acks += agent.acks;
    sent += agent.sent;
  }
  std::sort(latencies.begin(), latencies.end());
  const std::uint64_t p99 = latencies.empty() ? 0 : latencies[(latencies.size() - 1) * 99 / 100];
  std::printf("agents=%zu sessions=%llu sent=%llu acks=%llu p99_ack_ms=%llu\n", agents.size(), static_cast<unsigned long long>(sessions),
              static_cast<unsigned long long>(sent), static_cast<unsigned long long>(acks), static_cast<unsigned long long>(p99));
  std::fflush(stdout);
  latencies.clear();
}

}  // namespace

Result<std::vector<CurveKeys>> join_all(const std::string& token, std::uint32_t count) {
  const auto parsed = parse_join_token(token);
  if (!parsed) return parsed.error();
  std::vector<CurveKeys> keys(count);
  std::generate(keys.begin(), keys.end(), make_curve_keys);
  auto context = make_context(count);  // a closed socket keeps its place until libzmq has reaped it
  for (std::uint32_t first = 0; first < count; first += kJoinsAtOnce) {
    const auto some = std::span(keys).subspan(first, std::min(kJoinsAtOnce, count - first));
    if (auto joined = join_some(context, *parsed, some, first); !joined) return joined.error();
  }
  return keys;
}

Result<std::vector<CurveKeys>> load_keys(const std::string& path) {
  std::ifstream in(path);
  if (!in) return Error{ErrorCode::kAbsent, path + ": cannot be read"};
  std::vector<CurveKeys> keys;
  for (std::string line; std::getline(in, line);) {
    const auto public_key = curve_public_of(line);
    if (!public_key) return Error{ErrorCode::kMalformed, path + ":" + std::to_string(keys.size() + 1) + ": " + public_key.error().what};
    keys.push_back({*public_key, line});
  }
  return keys;
}

Result<Done> save_keys(const std::string& path, const std::vector<CurveKeys>& keys) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Error{ErrorCode::kUnavailable, path + ": " + std::strerror(errno)};
  std::string text;
  for (const auto& key : keys) text += key.secret_key + "\n";
  const bool whole = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  if (!whole) return Error{ErrorCode::kFull, path + ": could not be written whole"};
  return Done{};
}

Result<Done> run_fleet(const FleetOptions& options, const std::vector<CurveKeys>& keys) {
  if (auto allowed = allow_descriptors(options.agents); !allowed) return allowed;
  for (const int number : {SIGTERM, SIGINT}) std::signal(number, [](int) { stop_asked = 1; });
  auto context = make_context(options.agents);
  const auto shapes = known_shapes();
  std::vector<EncodedShape> packed;
  for (const auto& shape : shapes) packed.push_back(pack_shape(shape));
  // Our one thread is the callers' side of all handshakes: more at once would time out here, not at the controller.
  constexpr std::uint32_t kOpensAtOnce = 50;
  std::vector<Agent> agents;
  agents.reserve(options.agents);
  for (std::uint32_t i = 0; i < options.agents; ++i) {
    if (i % kOpensAtOnce == kOpensAtOnce - 1) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    auto dealer = open_dealer(context, {.endpoint = options.controller, .server_public_key = options.server_public_key, .keys = keys[i]});
    if (!dealer) return dealer.error();
    dealer->set(zmq::sockopt::linger, 500);
    const std::size_t kind = (options.seed + i) % shapes.size();
    agents.emplace_back(std::move(*dealer), options.seed, i, shapes[kind], packed[kind]);
  }
  const SystemClock clock;
  const auto start_ms = clock.boot_ms();
  auto reported_ms = start_ms;
  std::vector<std::uint64_t> latencies;
  while (stop_asked == 0) {
    const auto now_ms = clock.boot_ms();
    if (options.seconds != 0 && now_ms >= start_ms + std::uint64_t{options.seconds} * 1'000) break;
    for (auto& agent : agents) {
      agent.turn(now_ms, options.loss_permille, options.any_ack);
      if (agent.latest_ms != UINT64_MAX && latencies.size() < kKeptLatencies)
        latencies.push_back(std::exchange(agent.latest_ms, UINT64_MAX));
    }
    if (options.report_every_s != 0 && now_ms >= reported_ms + std::uint64_t{options.report_every_s} * 1'000) {
      reported_ms = now_ms;
      report(agents, latencies);
    }
    std::this_thread::sleep_for(kTurn);
  }
  report(agents, latencies);
  for (auto& agent : agents) agent.say_bye();
  return Done{};
}

}  // namespace capmap::fleet
