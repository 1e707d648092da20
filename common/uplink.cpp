#include "common/uplink.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "common/codec.hpp"
#include "common/uplink_thread.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kByeMs = 500;
constexpr std::uint64_t kEarlyMs = 20;  ///< a message may leave so long before it is due when the reading it waits for has just come
constexpr std::uint64_t kPlanSlackMs =
    8;                        ///< a reading planned so long before its message is due is in time (kEarlyMs less the tick thread's lead)
constexpr int kPerTurn = 64;  ///< inputs or acks taken before the others get their turn

constexpr const char* kSilentText = "the controller is silent: the network is cut, or the controller is stopped or overloaded";

}  // namespace

Result<Done> Uplink::run() {
  for (;;) {
    if (options_.pulse != nullptr) options_.pulse->beat(clock_.boot_ms());
    if (!link_ && clock_.boot_ms() >= reopen_ms_) {
      if (auto opened = open_link(); !opened) return opened;
    }
    wait();
    if (inputs_ready_ && !take_inputs()) break;
    if (events_ready_) follow_link();
    if (acks_ready_) take_acks();
    if (talk_.take_broken(clock_.boot_ms()) && ready_) give_up_link(kSilentText);
    if (clock_.boot_ms() >= news_ms_) give_up_way("the enrolment port does not say which keys the controller has");
    try_other_family();
    go_over();
    send_due();
    offer_key();
    tell_pace();
    if (options_.counts != nullptr) options_.counts->up = link_ && ready_;
  }
  say_goodbye();
  return Done{};
}

std::uint64_t Uplink::next_event_ms() const {
  std::uint64_t next = std::min({link_ ? family_until_ms_ : reopen_ms_, news_ms_, move_.next_ms()});
  next = std::min(next, talk_.broken_ms());
  if (keys_ && ready_ && answered_) next = std::min(next, keys_->due_ms());
  return std::min(next, ready_ ? talk_.due_ms() : told_due_ms_);
}

void Uplink::wait() {
  const std::uint64_t now = clock_.boot_ms(), next = next_event_ms();
  const std::uint64_t left = next > now ? std::min(next - now, options_.most_sleep_ms) : 0;
  const bool acks_can_wait = talk_.ack_can_wait();
  std::array<Waitable, 4> items = {Waitable{.socket = &inputs_}};
  std::size_t count = 1, acks_at = 0;
  if (link_) {
    items[count++].socket = &link_->monitor.socket();
    if (!acks_can_wait) items[acks_at = count++].socket = &link_->dealer;
    if (auto* const beside = move_.monitor()) items[count++].socket = beside;
  }
  wait_any(std::span(items.data(), count), static_cast<int>(left));
  // Asking a socket that has nothing costs system calls: only the ready ones are asked.
  inputs_ready_ = items[0].ready;
  events_ready_ = link_ && items[1].ready;
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
  for (int i = 0; link_ && i < kPerTurn; ++i) {
    const auto message = receive(link_->dealer, 0);
    if (!message) return;
    const std::span bytes(static_cast<const std::byte*>(message->data()), message->size());
    if (is_key_news(bytes)) {
      take_news(bytes);
      continue;
    }
    const auto ack = decode_ack(bytes);
    if (ack) take_ack(*ack);
    if (!ack) complaints_.warn(clock_.boot_ms(), "ack_malformed", {{"what", ack.error().what}});
  }
}

void Uplink::take_ack(const Ack& ack) {
  if (!talk_.on_ack(ack, clock_.boot_ms())) return;
  if (options_.counts != nullptr) {
    ++options_.counts->acks;
    options_.counts->ack_boot_ms = clock_.boot_ms();
  }
  backoff_ms_ = kFirstBackoffMs;
  handshake_ms_ = kTransportHandshakeMs;
  if (answered_) return;
  answered_ = true;
  retries_ = 0;
  move_.answered();
  if (server_) {
    if (auto kept = server_->answered(); !kept) log_warn("server_keys_not_kept", {{"what", kept.error().what}});
  }
  if (keys_) keys_->answered(clock_.boot_ms(), clock_.unix_ms());
}

void Uplink::send_due() {
  // One wake-up instead of two a tick: the reading is taken just before its message is due, and takes it along.
  const std::uint64_t early = usage_just_came_ ? kEarlyMs : 0;
  for (int i = 0; link_ && ready_ && i < kPerTurn && talk_.due_ms() <= clock_.boot_ms() + early; ++i) {
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
  // A full queue is a link that takes nothing: no ack comes, and the link is given up as silent.
  static_cast<void>(send(link_->dealer, bytes));
}

void Uplink::tell_pace() {
  const std::uint64_t now = clock_.boot_ms();
  std::uint64_t due = told_due_ms_ > now ? told_due_ms_ : now + talk_.interval_ms();
  if (ready_ && talk_.due_ms() > now && talk_.due_ms() != UINT64_MAX) due = talk_.due_ms();
  const auto benchmark_seconds = talk_.benchmark_seconds();
  const bool planned = due >= told_due_ms_ && due - told_due_ms_ <= kPlanSlackMs && talk_.interval_ms() == told_interval_ms_;
  if (planned && benchmark_seconds == told_benchmark_) return;
  told_due_ms_ = due;
  told_interval_ms_ = talk_.interval_ms();
  told_benchmark_ = benchmark_seconds;
  static_cast<void>(send_object(pace_, std::make_unique<UplinkPace>(UplinkPace{talk_.interval_ms(), due, benchmark_seconds}), false));
}

void Uplink::say_goodbye() {
  if (!link_ || !ready_ || talk_.session() == 0) return;
  const Bye bye = talk_.bye("stopped");
  send_message(bye);
  const std::uint64_t deadline = clock_.boot_ms() + kByeMs;
  for (auto now = clock_.boot_ms(); now < deadline && talk_.applied_seq() < bye.envelope.seq; now = clock_.boot_ms()) {
    std::array items = {Waitable{.socket = &link_->dealer}};
    wait_any(items, static_cast<int>(deadline - now));
    take_acks();
  }
}

Result<Done> run_uplink(zmq::context_t& context, const UplinkOptions& options, const Clock& clock) {
  auto inputs = open_pull(context, options.snapshots);
  if (!inputs) return inputs.error();
  auto pace = open_push(context, options.pace);
  if (!pace) return pace.error();
  return Uplink(context, options, clock, std::move(*inputs), std::move(*pace)).run();
}

}  // namespace capmap
