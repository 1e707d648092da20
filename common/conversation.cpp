#include "common/conversation.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/accelerator_addresses.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kSilentIntervals = 3, kMinSilentMs = 10'000, kMaxSilentMs = 120'000;
constexpr std::uint32_t kMaxPatientMs = 30'000;  ///< at longer intervals acks are read as they come
constexpr std::uint32_t kAtOnce = 8;             ///< at most so many messages an interval leave because of an ack
constexpr std::uint32_t kMovedDeviceMib = 1'024;
constexpr std::uint32_t kMillicoresPerPu = 1'000;
constexpr std::uint64_t kBytesPerMib = 1ULL << 20U;

using Field = std::optional<std::uint32_t> Readings::*;
constexpr std::array<Field, 8> kFields = {&Readings::cpu_busy_millicores,   &Readings::memory_used_mib,   &Readings::storage_used_mb,
                                          &Readings::storage_read_kbs,      &Readings::storage_write_kbs, &Readings::network_receive_kbps,
                                          &Readings::network_transmit_kbps, &Readings::power_watts};

/// How far reading `field` must be from what was told.
std::uint64_t step_of(std::size_t field, const Thresholds& thresholds, const Hello& hello, std::uint32_t told) {
  const std::array<std::uint32_t, kFields.size()> least = {
      thresholds.cpu_busy_millicores, thresholds.memory_used_mib, thresholds.storage_used_mb, thresholds.storage_kbs,
      thresholds.storage_kbs,         thresholds.network_kbps,    thresholds.network_kbps,    thresholds.power_watts};
  std::uint64_t whole = told;
  if (field == 0 && hello.pus_allowed) whole = std::uint64_t{*hello.pus_allowed} * kMillicoresPerPu;
  if (field == 1 && hello.memory_total_bytes) whole = *hello.memory_total_bytes / kBytesPerMib;
  return std::max<std::uint64_t>({1, least[field], whole * thresholds.permille / 1'000});
}

bool became_unknown(const Readings& told, const Readings& now) {
  return std::any_of(kFields.begin(), kFields.end(), [&](Field field) { return told.*field && !(now.*field); });
}

/// True when an accelerator is another one, or taken, or broken, or cut otherwise, or holds clearly more or less memory, or its power
/// became known or unknown. How busy it is and what it draws goes with the usage that is due anyway.
bool device_moved(const AcceleratorUse& told, const AcceleratorUse& now) {
  if (told.pci_address != now.pci_address || told.used != now.used || told.healthy != now.healthy) return true;
  if (told.partitions != now.partitions || told.power_watts.has_value() != now.power_watts.has_value()) return true;
  if (told.memory_used_mib.has_value() != now.memory_used_mib.has_value()) return true;
  const std::int64_t before = told.memory_used_mib.value_or(0), after = now.memory_used_mib.value_or(0);
  return std::abs(after - before) >= std::max<std::int64_t>(kMovedDeviceMib, before / 8);
}

bool devices_moved(const Usage& told, const Usage& now) {
  return !std::equal(told.accelerators.begin(), told.accelerators.end(), now.accelerators.begin(), now.accelerators.end(),
                     [](const auto& a, const auto& b) { return !device_moved(a, b); });
}

bool same_facts(const Hello& a, Hello b) {
  b.envelope = a.envelope;
  b.time_unix_ms = a.time_unix_ms;
  return a == b;
}

}  // namespace

Conversation::Conversation(std::uint64_t run_id, Thresholds thresholds) : thresholds_(thresholds), run_id_(run_id) {}

void Conversation::set_facts(Hello hello, EncodedShape shape) {
  hello.shape_id = shape.id;
  if (facts_set_ && same_facts(hello_, hello)) return;
  hello_ = std::move(hello);
  shape_ = std::move(shape);
  facts_set_ = true;
  want_hello_ = true;
  hello_seq_ = 0;
  at_once_left_ = kAtOnce;
  schedule();
}

void Conversation::on_link_up(std::uint64_t now_ms) {
  sent_ms_ = now_ms;
  unacked_since_ms_.reset();
  start_over();
  at_once_left_ = kAtOnce;
  schedule();
}

void Conversation::start_over() {
  want_hello_ = want_usage_ = true;
  want_shape_ = false;
  hello_seq_ = last_seq_ = 0;
  last_kind_ = Kind::kNone;
  told_ = {};
}

bool Conversation::on_ack(const Ack& ack, std::uint64_t /*now_ms*/) {
  if (ack.run_id != run_id_) return false;
  unacked_since_ms_.reset();
  interval_ms_ = std::clamp(ack.next_interval_ms, kMinIntervalMs, kMaxIntervalMs);
  benchmark_seconds_ = ack.benchmark_seconds;
  const bool other_controller = epoch_ != 0 && ack.epoch != epoch_;
  if (ack.epoch != epoch_) applied_seq_ = durable_seq_ = 0;
  want_usage_ = want_usage_ || other_controller;
  epoch_ = ack.epoch;
  session_ = ack.session;
  applied_seq_ = std::max(applied_seq_, ack.applied_seq);
  durable_seq_ = std::max(durable_seq_, ack.durable_seq);

  if (hello_seq_ != 0 && ack.session != 0 && applied_seq_ >= hello_seq_) {
    want_hello_ = false;
    hello_seq_ = 0;
  } else if ((ack.need_hello || other_controller) && last_kind_ != Kind::kHello) {
    start_over();
  }
  if (last_seq_ != 0 && applied_seq_ >= last_seq_) last_seq_ = 0;
  // An ack that left before our shape or usage arrived asks for what is on its way.
  const Kind on_its_way = last_seq_ == 0 ? Kind::kNone : last_kind_;
  want_shape_ = want_shape_ || (ack.need_shape && on_its_way != Kind::kShape);
  want_usage_ = want_usage_ || (ack.need_usage && on_its_way != Kind::kUsage);
  schedule();
  return true;
}

bool Conversation::urgent() const {
  return (want_hello_ && hello_seq_ == 0) || (!want_hello_ && (want_shape_ || want_usage_));
}

/// At once when there is something to say, nothing is on its way, and this interval's share is not used up.
void Conversation::schedule() {
  if (!facts_set_) return;
  if (urgent() && last_seq_ == 0 && at_once_left_ > 0) {
    due_ms_ = 0;
    return;
  }
  // Unanswered hellos of many agents must not come in step.
  const std::uint64_t jitter_ms = last_kind_ == Kind::kHello ? std::uint64_t{interval_ms_} * (run_id_ & 0xFFU) / 1'024 : 0;
  due_ms_ = sent_ms_ + interval_ms_ + jitter_ms;
}

/// What is still on its way when the next message leaves counts as not told.
void Conversation::forget_unacked() {
  if (std::exchange(last_seq_, 0) == 0) return;
  if (last_kind_ == Kind::kShape) want_shape_ = true;
  if (last_kind_ == Kind::kUsage) want_usage_ = true;
  if (last_kind_ != Kind::kHeartbeat) return;
  for (const auto field : kFields) {
    if (moved_.*field) (told_.readings.*field).reset();
  }
}

AgentMessage Conversation::next(const Usage& usage, std::uint64_t now_ms) {
  const bool at_once = due_ms_ == 0;
  at_once_left_ = !at_once ? kAtOnce : at_once_left_ > 0 ? at_once_left_ - 1 : 0;
  if (!at_once) ++intervals_since_usage_;
  calm_ = !at_once && last_seq_ == 0;
  forget_unacked();
  const Kind kind = choose(usage);
  AgentMessage message = make(kind, usage);
  last_kind_ = kind;
  last_seq_ = seq_;
  sent_ms_ = now_ms;
  if (!unacked_since_ms_) unacked_since_ms_ = now_ms;
  schedule();
  return message;
}

Conversation::Kind Conversation::choose(const Usage& usage) {
  if (want_hello_) return last_kind_ == Kind::kHello ? Kind::kHeartbeat : Kind::kHello;
  if (want_shape_ && last_kind_ != Kind::kShape) return Kind::kShape;  // a shape that is asked for again must not keep usage back
  const bool new_usage = became_unknown(told_.readings, usage.readings) || devices_moved(told_, usage) || told_.problems != usage.problems;
  const bool due = intervals_since_usage_ >= thresholds_.usage_every_intervals;
  return want_usage_ || new_usage || due ? Kind::kUsage : Kind::kHeartbeat;
}

AgentMessage Conversation::make(Kind kind, const Usage& usage) {
  switch (kind) {
    case Kind::kHello:
      hello_.envelope = envelope();
      hello_seq_ = seq_;
      return hello_;
    case Kind::kShape: want_shape_ = false; return ShapeMessage{.envelope = envelope(), .shape = shape_};
    case Kind::kUsage:
      want_usage_ = false;
      intervals_since_usage_ = 0;
      told_ = usage;
      return UsageMessage{.envelope = envelope(),
                          .shape_prefix = shape_prefix(shape_.id),
                          .usage = usage,
                          .addresses_as_in_hello = addresses_as_in_hello(usage.accelerators, hello_.accelerator_addresses)};
    default:
      moved_ = want_usage_ ? Readings{} : take_moved(usage.readings);  // before usage there is nothing to move from
      return Heartbeat{.envelope = envelope(), .shape_prefix = shape_prefix(shape_.id), .moved = moved_};
  }
}

Readings Conversation::take_moved(const Readings& now) {
  Readings moved;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    const auto& value = now.*kFields[i];
    auto& told = told_.readings.*kFields[i];
    if (!value) continue;
    const std::uint64_t distance = told ? (*value > *told ? *value - *told : *told - *value) : UINT64_MAX;
    if (told && distance < step_of(i, thresholds_, hello_, *told)) continue;
    moved.*kFields[i] = value;
    told = value;
  }
  return moved;
}

Bye Conversation::bye(std::string reason) {
  return {.envelope = envelope(), .reason = std::move(reason)};
}

std::uint64_t Conversation::broken_ms() const {
  if (!unacked_since_ms_) return UINT64_MAX;
  return *unacked_since_ms_ + std::clamp(kSilentIntervals * interval_ms_, kMinSilentMs, kMaxSilentMs);
}

bool Conversation::ack_can_wait() const {
  return calm_ && last_seq_ != 0 && last_kind_ == Kind::kHeartbeat && !urgent() && interval_ms_ <= kMaxPatientMs;
}

bool Conversation::take_broken(std::uint64_t now_ms) {
  if (now_ms < broken_ms()) return false;
  unacked_since_ms_.reset();
  start_over();
  schedule();
  return true;
}

}  // namespace capmap
