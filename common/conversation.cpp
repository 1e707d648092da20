#include "common/conversation.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace capmap {
namespace {

constexpr std::uint32_t kMinIntervalMs = 200, kMaxIntervalMs = 3'600'000;
constexpr std::uint64_t kMinSilenceMs = 3'000;

using Field = std::optional<std::uint32_t> Readings::*;

/// A reading, the smallest step worth a message, and what it is a part of (0 = nothing fixed: its last sent value).
struct Rule {
  Field field;
  std::uint32_t step;
  std::uint64_t of;
};

bool moved(std::uint32_t now, std::uint32_t sent, const Rule& rule, std::uint32_t permille) {
  const std::uint64_t whole = rule.of != 0 ? rule.of : sent;
  const std::uint64_t step = std::max<std::uint64_t>(rule.step, whole * permille / 1'000);
  const std::uint64_t difference = now > sent ? now - sent : sent - now;
  return difference > step;
}

std::array<Rule, 7> rules(const Thresholds& thresholds, const Hello& hello) {
  const std::uint64_t cpu = std::uint64_t{hello.pus_allowed.value_or(0)} * 1'000;
  const std::uint64_t memory_mib = hello.memory_total_bytes.value_or(0) >> 20;
  return {{{&Readings::cpu_busy_millicores, thresholds.cpu_busy_millicores, cpu},
           {&Readings::memory_used_mib, thresholds.memory_used_mib, memory_mib},
           {&Readings::storage_used_mb, thresholds.storage_used_mb, 0},
           {&Readings::storage_read_kbs, thresholds.storage_kbs, 0},
           {&Readings::storage_write_kbs, thresholds.storage_kbs, 0},
           {&Readings::network_receive_kbps, thresholds.network_kbps, 0},
           {&Readings::network_transmit_kbps, thresholds.network_kbps, 0}}};
}

/// A heartbeat cannot say "no longer known", nor speak of devices or problems.
bool needs_full_usage(const Usage& now, const Usage& sent, const std::array<Rule, 7>& all) {
  if (now.accelerators != sent.accelerators || now.problems != sent.problems) return true;
  return std::any_of(all.begin(), all.end(),
                     [&](const Rule& rule) { return (sent.readings.*rule.field).has_value() && !(now.readings.*rule.field).has_value(); });
}

}  // namespace

Conversation::Conversation(std::uint64_t run_id, Thresholds thresholds) : thresholds_(thresholds), run_id_(run_id) {}

void Conversation::set_facts(Hello hello, EncodedShape shape) {
  hello_ = std::move(hello);
  hello_.shape_id = shape.id;
  shape_ = std::move(shape);
  facts_set_ = true;
  want_hello_ = true;
  hello_seq_ = 0;
  hello_again_ms_ = 0;
  due_ms_ = 0;
}

void Conversation::on_link_up(std::uint64_t now_ms) {
  want_hello_ = want_usage_ = true;
  hello_seq_ = 0;
  hello_again_ms_ = shape_again_ms_ = usage_again_ms_ = 0;
  unacked_since_ms_.reset();
  if (facts_set_) due_ms_ = now_ms;
}

void Conversation::on_ack(const Ack& ack, std::uint64_t now_ms) {
  if (ack.run_id != run_id_) return;  // meant for an earlier start of this agent
  unacked_since_ms_.reset();
  interval_ms_ = std::clamp(ack.next_interval_ms, kMinIntervalMs, kMaxIntervalMs);
  const bool new_controller = epoch_ != 0 && ack.epoch != epoch_;
  epoch_ = ack.epoch;
  if (ack.need_hello) {
    want_hello_ = true;
    hello_seq_ = 0;
  } else if (ack.session != 0) {
    // An ack of something older says nothing about a hello that was sent after it.
    if (hello_seq_ != 0 && ack.applied_seq >= hello_seq_) want_hello_ = false;
    session_ = ack.session;
    applied_seq_ = std::max(applied_seq_, ack.applied_seq);
    durable_seq_ = std::max(durable_seq_, ack.durable_seq);
  }
  want_shape_ = want_shape_ || ack.need_shape;
  want_usage_ = want_usage_ || ack.need_usage || new_controller;
  schedule(now_ms);
}

/// What is asked for goes out at once, but not more often than once in kRepeatMs; heartbeats go at their interval.
void Conversation::schedule(std::uint64_t now_ms) {
  if (!facts_set_) return;
  std::uint64_t at = last_sent_ms_ + interval_ms_;
  if (want_hello_) {
    at = std::min(at, std::max(now_ms, hello_again_ms_));
  } else {
    if (want_shape_) at = std::min(at, std::max(now_ms, shape_again_ms_));
    if (want_usage_) at = std::min(at, std::max(now_ms, usage_again_ms_));
  }
  due_ms_ = at;
}

Conversation::Next Conversation::what_next(const Usage& usage) const {
  if (want_hello_) return Next::kHello;
  if (want_shape_) return Next::kShape;
  if (want_usage_ || intervals_since_usage_ + 1 >= thresholds_.usage_every_intervals) return Next::kUsage;
  return needs_full_usage(usage, sent_, rules(thresholds_, hello_)) ? Next::kUsage : Next::kHeartbeat;
}

Envelope Conversation::number() {
  return {.run_id = run_id_, .seq = ++seq_};
}

AgentMessage Conversation::next(const Usage& usage, std::uint64_t now_ms) {
  const Next kind = what_next(usage);
  last_sent_ms_ = now_ms;
  if (!unacked_since_ms_) unacked_since_ms_ = now_ms;
  AgentMessage message;
  switch (kind) {
    case Next::kHello: {
      // Until it is answered it is said again each second or so, each agent at its own moment.
      hello_again_ms_ = now_ms + kRepeatMs + run_id_ % kRepeatMs;
      hello_.envelope = number();
      hello_seq_ = seq_;
      message = hello_;
      break;
    }
    case Next::kShape:
      want_shape_ = false;
      shape_again_ms_ = now_ms + kRepeatMs;
      message = ShapeMessage{.envelope = number(), .shape = shape_};
      break;
    case Next::kUsage:
      want_usage_ = false;
      usage_again_ms_ = now_ms + kRepeatMs;
      intervals_since_usage_ = 0;
      sent_ = usage;
      message = UsageMessage{.envelope = number(), .shape_prefix = shape_prefix(shape_.id), .usage = usage};
      break;
    case Next::kHeartbeat:
      ++intervals_since_usage_;
      message = Heartbeat{.envelope = number(), .shape_prefix = shape_prefix(shape_.id), .moved = take_moved(usage.readings)};
      break;
  }
  schedule(now_ms);
  return message;
}

Bye Conversation::bye(std::string reason) {
  return {.envelope = number(), .reason = std::move(reason)};
}

Readings Conversation::take_moved(const Readings& now) {
  Readings out;
  for (const auto& rule : rules(thresholds_, hello_)) {
    const auto& value = now.*rule.field;
    auto& sent = sent_.readings.*rule.field;
    if (!value || (sent && !moved(*value, *sent, rule, thresholds_.permille))) continue;
    out.*rule.field = value;
    sent = value;
  }
  return out;
}

std::uint64_t Conversation::silent_at_ms() const {
  if (!unacked_since_ms_) return UINT64_MAX;
  return *unacked_since_ms_ + std::max<std::uint64_t>(kMinSilenceMs, std::uint64_t{kSilentIntervals} * interval_ms_);
}

bool Conversation::take_broken(std::uint64_t now_ms) {
  if (now_ms < silent_at_ms()) return false;
  on_link_up(now_ms);
  return true;
}

}  // namespace capmap
