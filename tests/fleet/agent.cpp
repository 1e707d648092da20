#include "tests/fleet/agent.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "common/codec.hpp"

namespace capmap::fleet {
namespace {

constexpr std::uint64_t kTellingAcks = 10;
constexpr int kMessagesPerTurn = 16, kFloodTimes = 1'000;
constexpr std::size_t kRecorded = 20;
constexpr std::uint64_t kReplayEveryMs = 500;  ///< five messages each time: about what the rate limit lets through
constexpr std::uint64_t kLookEveryMs = 1'000, kMostAwayMs = 20'000, kFlipEveryMs = 5'000, kYearMs = 366ULL * 24 * 3'600 * 1'000;

std::span<const std::byte> bytes_of(const zmq::message_t& message) {
  return {static_cast<const std::byte*>(message.data()), message.size()};
}

}  // namespace

Agent::Agent(const Stage& stage, std::uint32_t number, const CurveKeys& keys, std::uint32_t place, std::uint64_t now_ms)
    : server_(stage.plan, number, stage.options.seed),
      keys_(keys),
      random_(stage.options.seed * 7'368'787 + number),
      stopped_ms_(now_ms),
      looked_ms_(now_ms),
      machine_(server_.machine()),
      place_(place) {}

void Agent::set_facts(const Stage& stage, std::uint64_t now_unix_ms) {
  const auto now_told_ms = now_unix_ms + (future ? kYearMs : 0);
  if (false_shape_) return talk_->set_facts(server_.hello(now_told_ms), stage.shapes[stage.plan.machines.size() + *false_shape_]);
  talk_->set_facts(server_.hello_as(stage.plan.machines[machine_].shape, now_told_ms), stage.shapes[machine_]);
}

const char* Agent::doubt() const {
  if (false_shape_) return false_shapes()[*false_shape_].why;
  if (cloned) return "its key speaks from two places";
  if (flooded_) return "it sent more messages";
  if (replayed_) return "old messages of it came again";
  if (future) return "ahead of ours";
  return renames_ > kMostRenames ? "its hardware was another one" : nullptr;
}

Result<Done> Agent::start(const Stage& stage, std::uint64_t now_ms, std::uint64_t now_unix_ms) {
  // One thread is the callers' side of thousands of handshakes, and libzmq tries again with the same limit, where an agent's grows.
  auto dealer = open_dealer(stage.context, {.endpoint = stage.options.controller,
                                            .server_public_key = stage.options.server_public_key,
                                            .keys = keys_,
                                            .handshake_ms = kTransportHandshakeMaxMs});
  if (!dealer) return dealer.error();
  dealer_ = std::move(*dealer);
  dealer_.set(zmq::sockopt::linger, 500);
  epoll_event event{.events = EPOLLIN, .data = {.u32 = place_}};
  if (epoll_ctl(stage.mailboxes, EPOLL_CTL_ADD, dealer_.get(zmq::sockopt::fd), &event) != 0) {
    return Error{ErrorCode::kUnavailable, "a socket cannot be watched"};
  }
  run_id_ = random_() | 1U;
  if (clone) run_id_ ^= 0xFF00;
  Thresholds thresholds;
  if (stage.options.exact) {
    thresholds = {.cpu_busy_millicores = 1,
                  .memory_used_mib = 1,
                  .storage_used_mb = 1,
                  .storage_kbs = 1,
                  .network_kbps = 1,
                  .power_watts = 1,
                  .permille = 0,
                  .usage_every_intervals = thresholds.usage_every_intervals};
  }
  talk_.emplace(run_id_, thresholds);
  set_facts(stage, now_unix_ms);
  talk_->on_link_up(now_ms);
  bye_said_ = false;
  acks_of_run_ = 0;
  return Done{};
}

void Agent::stop(const Stage& stage, std::uint64_t now_ms) {
  delayed_.clear();
  static_cast<void>(epoll_ctl(stage.mailboxes, EPOLL_CTL_DEL, dealer_.get(zmq::sockopt::fd), nullptr));
  bye_said_ = random_() % 2 == 0;
  if (bye_said_) static_cast<void>(send(dealer_, encode(talk_->bye("fleet stops it"))));
  dealer_.close();
  dealer_ = {};
  stopped_ms_ = now_ms;
  returns_ms_ = now_ms + 1'000 + random_() % kMostAwayMs;
}

void Agent::put(const Faults& faults, Bytes bytes, std::uint64_t now_ms) {
  if (random_() % 1'000 < faults.loss_permille) return;
  int times = random_() % 1'000 < faults.duplicate_permille ? 2 : 1;
  if (floods) times = kFloodTimes;
  if (faults.delay_ms != 0) {
    for (int i = 0; i < times; ++i) delayed_.push_back({now_ms + random_() % faults.delay_ms, bytes});
    return;
  }
  for (int i = 0; i < times; ++i) static_cast<void>(send(dealer_, bytes));  // a full queue is a lost message: it is told again
}

void Agent::send_delayed(std::uint64_t now_ms) {
  for (std::size_t i = 0; i < delayed_.size();) {
    if (delayed_[i].due_ms > now_ms) {
      ++i;
      continue;
    }
    static_cast<void>(send(dealer_, delayed_[i].bytes));
    delayed_[i] = std::move(delayed_.back());
    delayed_.pop_back();
  }
}

void Agent::play_back(std::uint64_t now_ms) {
  if (!replays || recorded_.size() < 2 || now_ms < replayed_ms_ + kReplayEveryMs) return;
  replayed_ms_ = now_ms;
  for (int i = 0; i < 5; ++i) static_cast<void>(send(dealer_, recorded_[random_() % (recorded_.size() - 1)]));  // not the newest
}

Result<Done> Agent::turn(const Stage& stage, std::uint64_t now_ms, std::uint64_t now_unix_ms, bool quiet) {
  const Faults faults = quiet ? Faults{} : stage.options.faults;
  if (!running()) return !quiet && returns_ms_ != 0 && now_ms >= returns_ms_ ? start(stage, now_ms, now_unix_ms) : Result<Done>(Done{});
  look_again_ = true;
  for (int i = 0; i < kMessagesPerTurn; ++i) {
    auto message = receive(dealer_, 0);
    if (!message) {
      look_again_ = false;
      break;
    }
    auto ack = decode_ack(bytes_of(*message));
    if (!ack) continue;
    if (stage.options.any_ack) ack->run_id = run_id_;
    ++acks;
    ++acks_of_run_;
    if (sent_ms_ != 0) latest_ms = now_ms - std::exchange(sent_ms_, 0);
    talk_->on_ack(*ack, now_ms);
  }
  if (faults.churn_permille != 0 && now_ms >= looked_ms_ + kLookEveryMs) {
    looked_ms_ = now_ms;
    // Who stops before all is told would leave a truth that nobody can know.
    const bool told = acks_of_run_ >= kTellingAcks && !flips && !clone && !replays;
    if (told && random_() % 1'000 < faults.churn_permille) {
      stop(stage, now_ms);
      return Done{};
    }
  }
  if (flips && now_ms >= flipped_ms_ + kFlipEveryMs) {
    flipped_ms_ = now_ms;
    machine_ = another_machine(stage.plan);
    renames_ += talk_->session() != 0 ? 1 : 0;
    set_facts(stage, now_unix_ms);
  }
  if (quiet && machine_ != server_.machine()) {
    machine_ = server_.machine();
    ++renames_;
    set_facts(stage, now_unix_ms);
  }
  static_cast<void>(talk_->take_broken(now_ms));  // libzmq connects again by itself; the next message is hello
  send_delayed(now_ms);
  play_back(now_ms);
  if (talk_->due_ms() > now_ms) return Done{};
  if (!quiet) server_.walk();
  auto message = talk_->next(server_.usage(), now_ms);
  if (auto* const hello = std::get_if<Hello>(&message)) hello->time_unix_ms = now_unix_ms + (future ? kYearMs : 0);
  Bytes bytes = encode(message);
  sent_ms_ = now_ms;
  look_again_ = true;
  ++sent;
  if (replays) recorded_.push_back(bytes);
  if (recorded_.size() > kRecorded) recorded_.erase(recorded_.begin());
  put(faults, std::move(bytes), now_ms);
  return Done{};
}

std::uint64_t Agent::wakes_ms(const Stage& stage, bool quiet) const {
  if (!running()) return quiet || returns_ms_ == 0 ? UINT64_MAX : returns_ms_;
  if (look_again_ || !delayed_.empty()) return 0;
  auto wakes_ms = std::min(talk_->due_ms(), talk_->broken_ms());
  if (!quiet && stage.options.faults.churn_permille != 0) wakes_ms = std::min(wakes_ms, looked_ms_ + kLookEveryMs);
  if (flips) wakes_ms = std::min(wakes_ms, flipped_ms_ + kFlipEveryMs);
  if (replays) wakes_ms = std::min(wakes_ms, replayed_ms_ + kReplayEveryMs);
  return wakes_ms;
}

/// Of as many cards and as much memory as its own: what changes more while an agent runs is contradicted for that, not for changing.
std::uint32_t Agent::another_machine(const Plan& plan) {
  constexpr int kTries = 1'000;
  const auto cards = [](const Shape& shape) {
    std::uint32_t count = 0;
    for (const auto& row : shape.accelerators) count += row.count;
    return count;
  };
  const auto& own = plan.machines[server_.machine()].shape;
  for (int i = 0; i < kTries; ++i) {
    const auto which = static_cast<std::uint32_t>(random_() % plan.machines.size());
    const auto& shape = plan.machines[which].shape;
    if (which != machine_ && cards(shape) == cards(own) && shape.memory_bytes == own.memory_bytes) return which;
  }
  return machine_;
}

void Agent::calm() {
  flooded_ = floods;
  replayed_ = replays;
  floods = flips = replays = false;
  if (clone && running()) dealer_.close();
  if (clone) dealer_ = {};
}

void Agent::say_bye() {
  if (running()) static_cast<void>(send(dealer_, encode(talk_->bye("fleet ends"))));
}

}  // namespace capmap::fleet
