#include "common/uplink.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "common/codec.hpp"
#include "common/ids.hpp"
#include "common/log.hpp"
#include "common/server_link.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kByeMs = 500;
constexpr std::uint64_t kEarlyMs = 20;  ///< a message may leave so long before it is due when the reading it waits for has just come
constexpr std::uint64_t kPlanSlackMs =
    8;                        ///< a reading planned so long before its message is due is in time (kEarlyMs less the tick thread's lead)
constexpr int kPerTurn = 64;  ///< inputs or acks taken before the others get their turn

constexpr const char* kSilentText = "the controller is silent: the network is cut, or the controller is stopped or overloaded";

/// What is sent and when; over which link is ServerLink's.
class Uplink {
 public:
  Uplink(zmq::context_t& context, const UplinkOptions& options, const Clock& clock, zmq::socket_t inputs, zmq::socket_t pace)
      : options_(options),
        clock_(clock),
        inputs_(std::move(inputs)),
        pace_(std::move(pace)),
        talk_(random_u64(), options.thresholds),
        link_(context, {.dealer = options.dealer, .ring = options.ring, .server = options.server, .key_max_age_ms = options.key_max_age_ms},
              clock) {}

  Result<Done> run();

 private:
  void wait();
  /// False on stop.
  bool take_inputs();
  void take_acks();
  void begin_if_up();
  void send_due();
  void tell_pace();
  void say_goodbye();
  void send_message(AgentMessage message);
  [[nodiscard]] std::uint64_t next_event_ms() const;

  const UplinkOptions& options_;
  const Clock& clock_;
  zmq::socket_t inputs_, pace_;
  Conversation talk_;
  Usage usage_;
  ServerLink link_;
  bool inputs_ready_ = false, acks_ready_ = false, events_ready_ = false, usage_just_came_ = false;  ///< of this turn
  std::uint64_t told_due_ms_ = 0;                                                                    ///< what the tick thread plans for
  std::uint32_t told_interval_ms_ = 0, told_benchmark_ = 0;
  RateLimit complaints_{5};
};

Result<Done> Uplink::run() {
  for (;;) {
    if (options_.pulse != nullptr) options_.pulse->beat(clock_.boot_ms());
    const bool had_link = link_.open();
    if (auto opened = link_.open_if_due(); !opened) return opened;
    if (options_.counts != nullptr && !had_link && link_.open()) ++options_.counts->links;
    wait();
    if (inputs_ready_ && !take_inputs()) break;
    if (events_ready_) link_.follow_events();
    begin_if_up();
    if (acks_ready_) take_acks();
    if (talk_.take_broken(clock_.boot_ms()) && link_.ready()) link_.give_up(kSilentText);
    link_.turn();
    begin_if_up();
    send_due();
    tell_pace();
    if (options_.counts != nullptr) options_.counts->up = link_.ready();
  }
  say_goodbye();
  return Done{};
}

std::uint64_t Uplink::next_event_ms() const {
  return std::min({link_.next_ms(), talk_.broken_ms(), link_.ready() ? talk_.due_ms() : told_due_ms_});
}

void Uplink::wait() {
  const std::uint64_t now = clock_.boot_ms(), next = next_event_ms();
  const std::uint64_t left = next > now ? std::min(next - now, options_.most_sleep_ms) : 0;
  const bool acks_can_wait = talk_.ack_can_wait();
  std::array<Waitable, 4> items = {Waitable{.socket = &inputs_}};
  std::size_t count = 1, acks_at = 0;
  if (link_.open()) {
    items[count++].socket = link_.monitor();
    if (!acks_can_wait) items[acks_at = count++].socket = link_.dealer();
    if (auto* const beside = link_.monitor_beside()) items[count++].socket = beside;
  }
  wait_any(std::span(items.data(), count), static_cast<int>(left));
  // Asking a socket that has nothing costs system calls: only the ready ones are asked.
  inputs_ready_ = items[0].ready;
  events_ready_ = link_.open() && items[1].ready;
  acks_ready_ = acks_can_wait || (acks_at != 0 && items[acks_at].ready);
  usage_just_came_ = false;
}

bool Uplink::take_inputs() {
  for (int i = 0; i < kPerTurn; ++i) {
    auto input = receive_object<UplinkInput>(inputs_, 0);
    if (!input) return input.error().code == ErrorCode::kTimeout;
    if (!*input) return false;
    if ((*input)->facts) talk_.set_facts(std::move((*input)->facts->first), std::move((*input)->facts->second));
    if (!(*input)->usage) continue;
    usage_ = std::move(*(*input)->usage);
    usage_just_came_ = true;
    told_due_ms_ = (*input)->next_due_ms;
  }
  return true;
}

void Uplink::take_acks() {
  for (int i = 0; i < kPerTurn; ++i) {
    const auto message = link_.next_message();
    if (!message) return;
    const auto ack = decode_ack({static_cast<const std::byte*>(message->data()), message->size()});
    if (!ack) complaints_.warn(clock_.boot_ms(), "ack_malformed", {{"what", ack.error().what}});
    if (!ack || !talk_.on_ack(*ack, clock_.boot_ms())) continue;
    if (options_.counts != nullptr) {
      ++options_.counts->acks;
      options_.counts->ack_boot_ms = clock_.boot_ms();
    }
    link_.answered();
  }
}

void Uplink::begin_if_up() {
  if (link_.take_up()) talk_.on_link_up(clock_.boot_ms());
}

void Uplink::send_due() {
  // One wake-up instead of two a tick: the reading is taken just before its message is due, and takes it along.
  const std::uint64_t early = usage_just_came_ ? kEarlyMs : 0;
  for (int i = 0; link_.ready() && i < kPerTurn && talk_.due_ms() <= clock_.boot_ms() + early; ++i) {
    send_message(talk_.next(usage_, std::max(talk_.due_ms(), clock_.boot_ms())));
  }
}

void Uplink::send_message(AgentMessage message) {
  if (auto* hello = std::get_if<Hello>(&message)) hello->time_unix_ms = clock_.unix_ms();
  const auto bytes = encode(message);
  if (options_.counts != nullptr) {
    ++options_.counts->messages;
    options_.counts->bytes += bytes.size();
  }
  link_.send(bytes);
}

void Uplink::tell_pace() {
  const std::uint64_t now = clock_.boot_ms();
  std::uint64_t due = told_due_ms_ > now ? told_due_ms_ : now + talk_.interval_ms();
  if (link_.ready() && talk_.due_ms() > now && talk_.due_ms() != UINT64_MAX) due = talk_.due_ms();
  const auto benchmark_seconds = talk_.benchmark_seconds();
  const bool planned = due >= told_due_ms_ && due - told_due_ms_ <= kPlanSlackMs && talk_.interval_ms() == told_interval_ms_;
  if (planned && benchmark_seconds == told_benchmark_) return;
  told_due_ms_ = due;
  told_interval_ms_ = talk_.interval_ms();
  told_benchmark_ = benchmark_seconds;
  static_cast<void>(send_object(pace_, std::make_unique<UplinkPace>(UplinkPace{talk_.interval_ms(), due, benchmark_seconds}), false));
}

void Uplink::say_goodbye() {
  if (!link_.ready() || talk_.session() == 0) return;
  const Bye bye = talk_.bye("stopped");
  send_message(bye);
  const std::uint64_t deadline = clock_.boot_ms() + kByeMs;
  for (auto now = clock_.boot_ms(); now < deadline && talk_.applied_seq() < bye.envelope.seq; now = clock_.boot_ms()) {
    if (!link_.open()) return;
    std::array items = {Waitable{.socket = link_.dealer()}};
    wait_any(items, static_cast<int>(deadline - now));
    take_acks();
  }
}

}  // namespace

Result<Done> run_uplink(zmq::context_t& context, const UplinkOptions& options, const Clock& clock) {
  auto inputs = open_pull(context, options.snapshots);
  if (!inputs) return inputs.error();
  auto pace = open_push(context, options.pace);
  if (!pace) return pace.error();
  return Uplink(context, options, clock, std::move(*inputs), std::move(*pace)).run();
}

}  // namespace capmap
