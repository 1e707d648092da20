#include "tests/fleet/fleet.hpp"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>
#include <utility>

#include "common/clock.hpp"
#include "common/shape.hpp"
#include "tests/fleet/agent.hpp"

namespace capmap::fleet {
namespace {

constexpr std::size_t kKeptLatencies = 10'000;
constexpr auto kTurn = std::chrono::milliseconds(5);
/// Our one thread is the callers' side of all handshakes: more at once would time out here, not at the controller.
constexpr std::uint32_t kOpensAtOnce = 50;
/// After so long without faults all has been told.
constexpr std::uint64_t kSettleMs = 15'000;
/// The time to live is six intervals, a minute at least; and some time until the map has looked.
constexpr std::uint64_t kLiveIntervals = 6, kLeastLiveMs = 60'000, kLookMs = 2'000;

volatile std::sig_atomic_t stop_asked = 0, quiet_asked = 0;

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

class Fleet {
 public:
  Fleet(const Stage& stage, const std::vector<CurveKeys>& keys) : stage_(stage), keys_(keys) {}
  Result<Done> run();

 private:
  Result<Done> start_all();
  /// Those that have something to read, and those whose time has come: most of thousands have neither, and a look at each would cost
  /// more than all they say.
  Result<Done> turn_those_due(std::uint64_t now_ms);
  void report();
  /// The moment of truth: nothing has moved for long enough, and all of it has been told.
  Result<Done> write_truth(std::uint64_t now_ms);

  Stage stage_;
  const std::vector<CurveKeys>& keys_;
  SystemClock clock_;
  std::vector<Agent> agents_;            ///< clones last
  std::vector<std::uint64_t> wakes_ms_;  ///< [agent]
  std::vector<std::uint64_t> latencies_;
  std::optional<std::uint64_t> quiet_ms_;
  bool truth_written_ = false;
};

Result<Done> Fleet::start_all() {
  const auto& options = stage_.options;
  const auto& faults = options.faults;
  agents_.reserve(options.agents + faults.clones);
  const auto open = [&](std::uint32_t i, bool clone) -> Result<Done> {
    if (agents_.size() % kOpensAtOnce == kOpensAtOnce - 1) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    agents_.emplace_back(stage_, options.first + i, keys_[i], static_cast<std::uint32_t>(agents_.size()), clock_.boot_ms());
    auto& agent = agents_.back();
    agent.clone = clone;
    agent.cloned = !clone && options.agents - 1 - i < faults.clones;
    // One fault an agent: the first few flood, the next few lie, and so on.
    std::uint32_t from = 0;
    const auto among = [&from, i](std::uint32_t count) { return i >= std::exchange(from, from + count) && i < from; };
    agent.floods = among(faults.floods);
    if (among(faults.liars)) agent.lie();
    agent.flips = among(faults.flippers);
    agent.future = among(faults.futures);
    agent.replays = among(faults.replays);
    if (among(faults.shape_liars)) agent.lie_about_shape(i);
    return agent.start(stage_, clock_.boot_ms(), clock_.unix_ms());
  };
  for (std::uint32_t i = 0; i < options.agents; ++i) {
    if (auto opened = open(i, false); !opened) return opened;
  }
  for (std::uint32_t i = 0; i < std::min(faults.clones, options.agents); ++i) {
    if (auto opened = open(options.agents - 1 - i, true); !opened) return opened;
  }
  return Done{};
}

Result<Done> Fleet::turn_those_due(std::uint64_t now_ms) {
  const auto now_unix_ms = clock_.unix_ms();
  std::array<epoll_event, 1'024> events;
  const int count = epoll_wait(stage_.mailboxes, events.data(), events.size(), 0);
  for (int i = 0; i < count; ++i) wakes_ms_[events[static_cast<std::size_t>(i)].data.u32] = 0;
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    if (wakes_ms_[i] > now_ms) continue;
    auto& agent = agents_[i];
    if (agent.clone && quiet_ms_) {
      wakes_ms_[i] = UINT64_MAX;
      continue;
    }
    if (auto turned = agent.turn(stage_, now_ms, now_unix_ms, quiet_ms_.has_value()); !turned) return turned;
    wakes_ms_[i] = agent.wakes_ms(stage_, quiet_ms_.has_value());
    if (agent.latest_ms != UINT64_MAX && latencies_.size() < kKeptLatencies) {
      latencies_.push_back(std::exchange(agent.latest_ms, UINT64_MAX));
    }
  }
  return Done{};
}

void Fleet::report() {
  std::uint64_t sessions = 0, acks = 0, sent = 0;
  for (const auto& agent : agents_) {
    sessions += agent.in_session() ? 1 : 0;
    acks += agent.acks;
    sent += agent.sent;
  }
  std::sort(latencies_.begin(), latencies_.end());
  const std::uint64_t p99 = latencies_.empty() ? 0 : latencies_[(latencies_.size() - 1) * 99 / 100];
  std::printf("agents=%zu sessions=%llu sent=%llu acks=%llu p99_ack_ms=%llu\n", agents_.size(), static_cast<unsigned long long>(sessions),
              static_cast<unsigned long long>(sent), static_cast<unsigned long long>(acks), static_cast<unsigned long long>(p99));
  std::fflush(stdout);
  latencies_.clear();
}

Result<Done> Fleet::write_truth(std::uint64_t now_ms) {
  // Who had a clone is heard again only once the clone has been silent beyond the time to live.
  std::uint64_t lost_after_ms = kLeastLiveMs;
  for (const auto& agent : agents_) lost_after_ms = std::max(lost_after_ms, kLiveIntervals * agent.interval_ms());
  lost_after_ms += kLookMs;
  const auto settle_ms = kSettleMs + (stage_.options.faults.clones != 0 ? lost_after_ms : 0);
  const bool settled = now_ms >= *quiet_ms_ + settle_ms && std::ranges::all_of(agents_, [&](const Agent& agent) {
                         if (agent.clone || agent.in_session()) return true;
                         return !agent.running() && (agent.stopped_with_bye() || now_ms >= agent.stopped_ms() + lost_after_ms);
                       });
  if (!settled || truth_written_) return Done{};
  truth_written_ = true;
  if (!stage_.options.truth.empty()) {
    auto file = TruthFile::create(stage_.options.truth, stage_.plan, std::to_string(stage_.options.first));
    if (!file) return file.error();
    for (const auto& agent : agents_) {
      if (agent.clone) continue;
      const char* const heard = agent.running() ? "fresh" : agent.ever_acked() ? "lost" : "absent";
      file->add(stage_.plan, agent.server(), heard, agent.doubt());
    }
    if (auto finished = file->finish(); !finished) return finished;
  }
  std::printf("quiet\n");
  std::fflush(stdout);
  return Done{};
}

Result<Done> Fleet::run() {
  const auto& options = stage_.options;
  if (auto started = start_all(); !started) return started;
  wakes_ms_.assign(agents_.size(), 0);
  const auto start_ms = clock_.boot_ms();
  auto reported_ms = start_ms;
  while (stop_asked == 0) {
    const auto now_ms = clock_.boot_ms();
    if (options.seconds != 0 && now_ms >= start_ms + std::uint64_t{options.seconds} * 1'000) break;
    const bool time_over = options.quiet_after_s != 0 && now_ms >= start_ms + std::uint64_t{options.quiet_after_s} * 1'000;
    if (!quiet_ms_ && (time_over || quiet_asked != 0)) {
      quiet_ms_ = now_ms;
      for (auto& agent : agents_) agent.calm();
      std::ranges::fill(wakes_ms_, 0);
    }
    if (auto turned = turn_those_due(now_ms); !turned) return turned;
    if (quiet_ms_) {
      if (auto written = write_truth(now_ms); !written) return written;
    }
    if (options.report_every_s != 0 && now_ms >= reported_ms + std::uint64_t{options.report_every_s} * 1'000) {
      reported_ms = now_ms;
      report();
    }
    std::this_thread::sleep_for(kTurn);
  }
  report();
  for (auto& agent : agents_) agent.say_bye();
  return Done{};
}

}  // namespace

Result<Done> run_fleet(const FleetOptions& options, const Plan& plan, const std::vector<CurveKeys>& keys) {
  if (auto allowed = allow_descriptors(options.agents + options.faults.clones); !allowed) return allowed;
  for (const int number : {SIGTERM, SIGINT}) std::signal(number, [](int) { stop_asked = 1; });
  std::signal(SIGUSR1, [](int) { quiet_asked = 1; });
  auto context = make_context(2 * (options.agents + options.faults.clones));
  std::vector<EncodedShape> shapes;
  for (const auto& machine : plan.machines) shapes.push_back(pack_shape(machine.shape));
  for (const auto& one : false_shapes()) shapes.push_back(pack_shape(one.shape));
  const int mailboxes = epoll_create1(EPOLL_CLOEXEC);
  if (mailboxes < 0) return Error{ErrorCode::kUnavailable, "epoll_create1 failed"};
  auto done = Fleet({.context = context, .options = options, .plan = plan, .shapes = shapes, .mailboxes = mailboxes}, keys).run();
  close(mailboxes);
  return done;
}

}  // namespace capmap::fleet
