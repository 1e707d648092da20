#include "agent/agent.hpp"

#include <malloc.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <utility>

#include "agent/accelerators.hpp"
#include "agent/benchmark.hpp"
#include "agent/guests.hpp"
#include "agent/hardware_signs.hpp"
#include "agent/machine_marks.hpp"
#include "agent/metrics_listener.hpp"
#include "agent/privileged_facts.hpp"
#include "agent/read_usage.hpp"
#include "agent/shape_probe.hpp"
#include "agent/shared_storage.hpp"
#include "common/log.hpp"
#include "common/sd_notify.hpp"
#include "common/uplink.hpp"
#include "common/watchdog.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kLeadMs = 10;               ///< a snapshot is taken so long before it is sent: one burst of work, caches still warm
constexpr std::uint64_t kMinSnapshotGapMs = 250;    ///< rates over less than this say nothing
constexpr std::uint64_t kShapePatienceMs = 10'000;  ///< then hello goes out without a shape
constexpr std::uint64_t kMaxWaitMs = 60'000, kUplinkSleepMs = 600'000;

UplinkOptions uplink_options(const AgentParts& parts, const Watchdog& watchdog, Pulse& pulse, LinkCounts& counts) {
  const auto& s = parts.settings;
  return {.dealer = {.endpoint = s.controller_endpoint, .server_public_key = s.controller_public_key, .keys = {}},
          .thresholds = s.thresholds,
          .ring = parts.keys,
          .server = parts.server,
          .key_max_age_ms = std::uint64_t{s.key_max_age_days} * 86'400'000,
          .pulse = &pulse,
          .counts = &counts,
          .most_sleep_ms = watchdog.most_sleep_ms(kUplinkSleepMs)};
}

ShapeProbeOptions shape_options(const AgentParts& parts) {
  return {.program = parts.probe_program,
          .arguments = {"shape", "--root", parts.settings.root, "--known", known_devices_path(parts.settings.state), "--privileged",
                        privileged_path(parts.settings.state)},
          .every_ms = std::uint64_t{parts.settings.shape_every_s} * 1'000};
}

/// Top function of the uplink's thread; an empty message on the pace pipe tells the tick thread that it ended.
void uplink_thread(zmq::context_t& context, const UplinkOptions& options, const Clock& clock, Result<Done>& outcome) {
  outcome = run_uplink(context, options, clock);
  auto pipe = open_push(context, options.pace);
  if (pipe) send_stop(*pipe);
}

/// The tick thread: signals, shape, snapshots. It owns its two pipe ends and dies before the context.
class Ticker {
 public:
  /// `report`: told after each tick; null: nobody asks.
  Ticker(const AgentParts& parts, const Clock& clock, zmq::socket_t pace, zmq::socket_t snapshots, Watchdog watchdog, const Pulse& uplink,
         Published<TickReport>* report)
      : parts_(parts),
        clock_(clock),
        pace_(std::move(pace)),
        snapshots_(std::move(snapshots)),
        watchdog_(watchdog),
        uplink_(uplink),
        published_(report),
        root_(parts.settings.root),
        shape_(shape_options(parts)),
        accelerators_(parts.settings, parts.probe_program),
        shared_storage_(parts.settings, parts.probe_program),
        guests_(parts.settings, parts.probe_program),
        benchmark_(parts.settings, parts.probe_program),
        started_ms_(clock.boot_ms()) {}

  /// Until a signal ends us or the uplink is gone.
  void run() {
    step_children();  // first: capmap-probe works while we do
    take_snapshot();
    while (!ended_) {
      wait();
      watchdog_.feed(clock_.boot_ms(), std::array{&uplink_});  // by this thread, so this one turns
      step_children();
      if (clock_.boot_ms() >= next_snapshot_ms_) take_snapshot();
    }
    if (!uplink_gone_) send_stop(snapshots_);
  }

 private:
  [[nodiscard]] std::uint64_t next_due_ms() const {
    const std::uint64_t patience = sent_facts_ ? UINT64_MAX : started_ms_ + kShapePatienceMs;
    return std::min({next_snapshot_ms_, shape_.due_ms(), accelerators_.due_ms(), shared_storage_.due_ms(), guests_.due_ms(), patience});
  }

  /// Sleeps until a signal, news of the shape, another pace, or the next thing due.
  void wait() {
    const auto now = clock_.boot_ms();
    std::array<Waitable, 7> items = {Waitable{.fd = parts_.signals}};
    std::size_t count = 1;
    if (shape_.fd() >= 0) items[count++].fd = shape_.fd();
    if (accelerators_.fd() >= 0) items[count++].fd = accelerators_.fd();
    if (shared_storage_.fd() >= 0) items[count++].fd = shared_storage_.fd();
    if (guests_.fd() >= 0) items[count++].fd = guests_.fd();
    if (benchmark_.fd() >= 0) items[count++].fd = benchmark_.fd();
    items[count++].socket = &pace_;
    const auto due = next_due_ms();
    const auto left = due > now ? std::min(due - now, watchdog_.most_sleep_ms(kMaxWaitMs)) : 0;
    wait_any(std::span(items.data(), count), static_cast<int>(left));
    if (items[0].ready) take_signals();
    if (items[count - 1].ready) take_paces();
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (read(parts_.signals, &info, sizeof info) == sizeof info) {
      const auto number = static_cast<int>(info.ssi_signo);
      if (number == SIGHUP) shape_.ask_now();
      if (number == SIGTERM || number == SIGINT) {
        log_info("agent_stopping", {{"signal", number}});
        ended_ = true;
      }
    }
  }

  void take_paces() {
    for (;;) {
      auto pace = receive_object<UplinkPace>(pace_, 0);
      if (!pace && pace.error().code == ErrorCode::kTimeout) return;
      if (!pace || !*pace) {
        uplink_gone_ = ended_ = true;
        return;
      }
      interval_ms_ = (*pace)->interval_ms;
      benchmark_.ask((*pace)->benchmark_seconds, clock_.boot_ms());
      plan((*pace)->due_boot_ms);
    }
  }

  void plan(std::uint64_t due_ms) {
    due_ms_ = due_ms;
    next_snapshot_ms_ = std::max(last_snapshot_ms_ + kMinSnapshotGapMs, due_ms - std::min(due_ms, kLeadMs));
  }

  void step_children() {
    const auto now = clock_.boot_ms();
    if (accelerators_.step(now)) shape_.ask_now();
    if (signs_.changed(root_, now)) {
      log_info("hardware_changed", {{"what", "PUs, memory, PCI devices, disks or interfaces came or went: looking again"}});
      shape_.ask_now();
    }
    shared_storage_.step(now);
    const bool measured = benchmark_.step(now), guests_moved = guests_.step(now);
    if (facts_ && (accelerators_.take_news(now) || measured || guests_moved)) send_facts(*facts_);
    step_shape(now);
  }

  void step_shape(std::uint64_t now) {
    auto facts = shape_.step(now);
    log_.note("probe.shape", shape_.problem());
    if (facts) {
      log_info("shape_read", {{"shape_id", to_text(facts->first.shape_id)}, {"problems", facts->first.problems.size()}});
      accelerators_.set_present(facts->first.accelerator_addresses);
      probe_memory_.storage.order = facts->first.disk_names;
      probe_memory_.network.order = facts->first.nic_names;
      facts_ = std::move(facts);
      send_facts(*facts_);
    } else if (!sent_facts_ && !shape_.problem().empty()) {
      send_facts(facts_without_shape(shape_.problem()));
    } else if (!sent_facts_ && now >= started_ms_ + kShapePatienceMs) {
      send_facts(facts_without_shape("capmap-probe is still looking"));
    }
  }

  void send_facts(ShapeFacts facts) {
    facts.first.agent_version = parts_.version;
    facts.first.labels = parts_.settings.labels;
    accelerators_.add_to(facts.first);
    benchmark_.add_to(facts.first);
    guests_.add_to(facts.first);
    facts.first.machine = read_machine_marks(root_, parts_.settings, facts.first.virtualization);
    auto input = std::make_unique<UplinkInput>();
    input->facts = std::move(facts);
    send_input(std::move(input));
    sent_facts_ = true;
    malloc_trim(0);  // what the look needed is not needed again soon
  }

  void take_snapshot() {
    const auto begin = clock_.boot_ms();
    auto input = std::make_unique<UplinkInput>();
    input->usage = read_usage(root_, probe_memory_, begin, report_.probes);
    accelerators_.add_to(*input->usage, begin);
    shared_storage_.add_to(*input->usage, begin);
    guests_.add_to(*input->usage);
    note_problems(*input->usage);
    if (!shape_.problem().empty()) input->usage->problems.push_back({.probe = "shape", .what = shape_.problem()});
    last_snapshot_ms_ = begin;
    next_snapshot_ms_ = UINT64_MAX;
    if (due_ms_ > 0)
      plan(std::max(due_ms_, begin) + interval_ms_);  // unless the uplink says otherwise: it is woken once a tick, and so are we
    input->next_due_ms = due_ms_;
    report_.problems = input->usage->problems.size();
    send_input(std::move(input));
    const auto took = clock_.boot_ms() - begin;
    tell(begin, took);
    log_.note("tick", took > interval_ms_ / 2 ? "a snapshot took over half the interval" : "");
  }

  void tell(std::uint64_t at_ms, std::uint64_t took_ms) {
    if (published_ == nullptr) return;
    report_.version = parts_.version;
    report_.started_boot_ms = started_ms_;
    report_.ticks += 1;
    report_.at_boot_ms = at_ms;
    report_.took_ms = took_ms;
    report_.interval_ms = interval_ms_;
    report_.shape_known = facts_.has_value();
    published_->publish(std::make_shared<const TickReport>(report_));
  }

  void note_problems(const Usage& usage) {
    std::set<std::string> ended = std::exchange(failing_, {});
    std::map<std::string, std::string> by_probe;  // several of one probe are one state: else each tick would say all of them anew
    for (const auto& problem : usage.problems) {
      auto& text = by_probe[problem.probe];
      text += (text.empty() ? "" : "; ") + problem.what;
    }
    for (const auto& [probe, what] : by_probe) {
      log_.note("probe." + probe, what);
      failing_.insert(probe);
      ended.erase(probe);
    }
    for (const auto& probe : ended) log_.note("probe." + probe, "");
  }

  void send_input(std::unique_ptr<UplinkInput> input) {
    const auto sent = send_object(snapshots_, std::move(input), false);
    log_.note("uplink_pipe", sent ? "" : sent.error().what);
  }

  const AgentParts& parts_;
  const Clock& clock_;
  zmq::socket_t pace_, snapshots_;
  Watchdog watchdog_;
  const Pulse& uplink_;
  Published<TickReport>* published_;
  TickReport report_;
  HostRoot root_;
  ShapeProbe shape_;
  Accelerators accelerators_;
  SharedStorage shared_storage_;
  Guests guests_;
  Benchmark benchmark_;
  std::optional<ShapeFacts> facts_;  ///< of the newest look
  ProbeMemory probe_memory_;
  HardwareSigns signs_;
  ChangeLog log_;
  std::set<std::string> failing_;
  std::uint64_t started_ms_, last_snapshot_ms_ = 0, next_snapshot_ms_ = UINT64_MAX;
  std::uint64_t due_ms_ = 0;  ///< of the message that takes the next snapshot along; 0 = not told yet
  std::uint32_t interval_ms_ = 10'000;
  bool sent_facts_ = false, ended_ = false, uplink_gone_ = false;
};

/// Its own metrics, where they are asked for. That they cannot be told is no reason to tell nothing of the server.
std::unique_ptr<MetricsListener> serve_metrics(const AgentSettings& settings, const Published<TickReport>& report, const LinkCounts& counts,
                                               const Clock& clock) {
  if (settings.metrics_listen.empty()) return nullptr;
  const auto address = parse_metrics_address(settings.metrics_listen);
  auto started = address ? MetricsListener::start(*address, report, counts, clock) : address.error();
  if (!started) log_error("metrics_not_told", {{"what", started.error().what}});
  if (started) log_info("metrics_told", {{"at", (*started)->where()}});
  return started ? std::move(*started) : nullptr;
}

}  // namespace

Result<int> take_agent_signals() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&taken, number);
  pthread_sigmask(SIG_BLOCK, &taken, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  const int fd = signalfd(-1, &taken, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) return Error{ErrorCode::kFull, std::string("signalfd: ") + std::strerror(errno)};
  return fd;
}

Result<Done> run_agent(const AgentParts& parts, const Clock& clock) {
  zmq::context_t context(1);
  const auto watchdog = Watchdog::from_environment();
  Pulse turning;
  LinkCounts counts;
  Published<TickReport> report;
  const auto metrics = serve_metrics(parts.settings, report, counts, clock);
  const auto options = uplink_options(parts, watchdog, turning, counts);
  auto pace = open_pull(context, options.pace);
  if (!pace) return pace.error();
  auto snapshots = open_push(context, options.snapshots);
  if (!snapshots) return snapshots.error();
  Result<Done> outcome = Done{};
  std::jthread uplink(uplink_thread, std::ref(context), std::cref(options), std::cref(clock), std::ref(outcome));
  log_info("agent_started", {{"version", parts.version}, {"controller", parts.settings.controller_endpoint}});
  notify_systemd("READY=1\nSTATUS=reporting to " + parts.settings.controller_endpoint);
  Ticker ticker(parts, clock, std::move(*pace), std::move(*snapshots), watchdog, turning, metrics ? &report : nullptr);
  ticker.run();
  notify_systemd("STOPPING=1");
  uplink.join();
  return outcome;
}

}  // namespace capmap
