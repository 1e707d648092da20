// Law: whatever a network loses, delays or cuts, and however often the controller starts anew, once faults stop the controller
// knows the agent's readings within their thresholds; and numbers of messages never go back.
#include "common/conversation.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <iostream>
#include <optional>
#include <random>

using namespace capmap;

namespace {

constexpr std::uint64_t kRun = 0x0123'4567'89ab'cdef;
constexpr std::uint64_t kStepMs = 20;

EncodedShape shape_named(std::uint8_t name) {
  EncodedShape shape;
  shape.id.bytes.fill(name);
  shape.body = Bytes(1, std::byte{name});
  return shape;
}

/// What a controller keeps of one node: the newest seq wins, readings stand until told otherwise, what names another shape is not taken.
class Controller {
 public:
  explicit Controller(std::uint64_t epoch) : epoch_(epoch) {}

  Ack take(const AgentMessage& message, std::uint32_t interval_ms) {
    const auto& envelope = std::visit([](const auto& m) -> const Envelope& { return m.envelope; }, message);
    Ack ack{.epoch = epoch_, .run_id = envelope.run_id, .next_interval_ms = interval_ms};
    if (const auto* hello = std::get_if<Hello>(&message); hello != nullptr && envelope.seq > seq_) {
      session_ += session_ == 0 ? 1 : 0;
      shape_known_ = shape_known_ && shape_ == hello->shape_id;
      shape_ = hello->shape_id;
    }
    ack.session = session_;
    ack.need_hello = session_ == 0;
    if (session_ != 0 && envelope.seq > seq_) {
      seq_ = envelope.seq;
      apply(message, ack);
    }
    ack.applied_seq = seq_;
    ack.need_shape = session_ != 0 && !shape_known_ && !ack.need_hello;
    ack.need_usage = ack.need_usage || (session_ != 0 && !usage);
    return ack;
  }

  std::optional<Usage> usage;

 private:
  void apply(const AgentMessage& message, Ack& ack) {
    if (std::holds_alternative<Hello>(message)) {
      usage.reset();
      ack.need_usage = true;
    } else if (const auto* shape = std::get_if<ShapeMessage>(&message)) {
      shape_known_ = shape_known_ || shape->shape.id == shape_;
      ack.need_hello = shape->shape.id != shape_;
    } else if (const auto* full = std::get_if<UsageMessage>(&message)) {
      ack.need_hello = full->shape_prefix != shape_prefix(shape_);
      if (!ack.need_hello) usage = full->usage;
    } else if (const auto* beat = std::get_if<Heartbeat>(&message)) {
      ack.need_hello = beat->shape_prefix != shape_prefix(shape_);
      if (!usage || ack.need_hello) return;
      if (beat->moved.cpu_busy_millicores) usage->readings.cpu_busy_millicores = beat->moved.cpu_busy_millicores;
      if (beat->moved.memory_used_mib) usage->readings.memory_used_mib = beat->moved.memory_used_mib;
      if (beat->moved.network_receive_kbps) usage->readings.network_receive_kbps = beat->moved.network_receive_kbps;
    }
  }

  std::uint64_t epoch_;
  std::uint32_t session_ = 0, seq_ = 0;
  ShapeId shape_;
  bool shape_known_ = false;
};

template <class T>
struct Delayed {
  std::uint64_t due_ms;
  T what;
};

/// Agent, controller and the two ways between them, driven by one seed.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), agent_(kRun, {}), controller_(seed | 1U) {
    Hello hello;
    hello.pus_allowed = 16;
    hello.memory_total_bytes = std::uint64_t{64} << 30;
    facts_ = hello;
    agent_.set_facts(hello, shape_named(1));
    agent_.on_link_up(now_ms_);
    loss_permille_ = random_() % 500;
    delay_ms_ = 1 + random_() % 2'000;
    interval_ms_ = static_cast<std::uint32_t>(200 + random_() % 5'000);
  }

  void run(std::uint64_t for_ms, bool faults) {
    const std::uint64_t end_ms = now_ms_ + for_ms;
    for (; now_ms_ < end_ms; now_ms_ += kStepMs) {
      if (faults) maybe_break();
      if (now_ms_ % 500 < kStepMs) walk();
      deliver(faults);
      if (agent_.take_broken(now_ms_)) link_up();
      if (agent_.due_ms() <= now_ms_) say(faults);
    }
  }

  void check_agreement() {
    REQUIRE(controller_.usage);
    const auto& seen = controller_.usage->readings;
    const auto& true_now = usage_.readings;
    within(seen.cpu_busy_millicores, true_now.cpu_busy_millicores, 320);
    within(seen.memory_used_mib, true_now.memory_used_mib, 1'310);
    within(seen.network_receive_kbps, true_now.network_receive_kbps, 20'000);
    CHECK(controller_.usage->accelerators == usage_.accelerators);
    CHECK(agent_.session() != 0);
  }
  void hold_still() { still_ = true; }
  [[nodiscard]] std::uint32_t interval_ms() const { return interval_ms_; }

 private:
  static void within(std::optional<std::uint32_t> seen, std::optional<std::uint32_t> wanted, std::uint32_t step) {
    REQUIRE(seen.has_value() == wanted.has_value());
    if (!seen) return;
    CHECK(std::max(*seen, *wanted) - std::min(*seen, *wanted) < step);
  }

  bool lost(bool faults) { return faults && random_() % 1'000 < loss_permille_; }
  std::uint64_t arrival(bool faults) { return now_ms_ + (faults ? random_() % delay_ms_ : 1); }

  void say(bool faults) {
    auto message = agent_.next(usage_, now_ms_);
    const auto seq = std::visit([](const auto& m) { return m.envelope.seq; }, message);
    REQUIRE(seq > last_seq_);
    last_seq_ = seq;
    if (!lost(faults)) up_.push_back({arrival(faults), std::move(message)});
  }

  void deliver(bool faults) {
    // Taken in any order: a message may overtake another.
    for (std::size_t i = 0; i < up_.size();) {
      if (up_[i].due_ms > now_ms_) {
        ++i;
        continue;
      }
      const Ack ack = controller_.take(up_[i].what, interval_ms_);
      up_.erase(up_.begin() + static_cast<long>(i));
      if (!lost(faults)) down_.push_back({arrival(faults), ack});
    }
    for (std::size_t i = 0; i < down_.size();) {
      if (down_[i].due_ms > now_ms_) {
        ++i;
        continue;
      }
      agent_.on_ack(down_[i].what, now_ms_);
      down_.erase(down_.begin() + static_cast<long>(i));
    }
  }

  /// A new connection: nothing of the old one arrives any more.
  void link_up() {
    up_.clear();
    down_.clear();
    agent_.on_link_up(now_ms_);
  }

  void maybe_break() {
    switch (random_() % 4'000) {
      case 0: controller_ = Controller(random_() | 1U); break;  // behind the same connection
      case 1:
        controller_ = Controller(random_() | 1U);
        link_up();
        break;
      case 2: link_up(); break;
      case 3: agent_.set_facts(facts_, shape_named(static_cast<std::uint8_t>(random_() % 3))); break;
      default: break;
    }
  }

  void walk() {
    if (still_) return;
    auto& readings = usage_.readings;
    readings.cpu_busy_millicores = static_cast<std::uint32_t>(random_() % 16'000);
    readings.memory_used_mib = static_cast<std::uint32_t>(random_() % 65'536);
    if (random_() % 20 == 0) {
      readings.network_receive_kbps.reset();
    } else if (random_() % 4 == 0) {
      readings.network_receive_kbps = static_cast<std::uint32_t>(random_() % 1'000'000);
    }
    if (random_() % 50 == 0) {
      usage_.accelerators.resize(random_() % 3);
      for (auto& device : usage_.accelerators) device.used = random_() % 2 != 0;
    }
  }

  std::mt19937_64 random_;
  Conversation agent_;
  Controller controller_;
  Hello facts_;
  Usage usage_;
  std::deque<Delayed<AgentMessage>> up_;
  std::deque<Delayed<Ack>> down_;
  std::uint64_t now_ms_ = 1'000'000, loss_permille_ = 0, delay_ms_ = 1;
  std::uint32_t interval_ms_ = 1'000, last_seq_ = 0;
  bool still_ = false;
};

}  // namespace

TEST_CASE("conversation law: after faults stop the controller's readings are the agent's, and seq never went back") {
  const std::uint64_t first = std::random_device{}();
  std::cout << "seeds " << first << " to " << first + 199 << "\n";
  for (std::uint64_t seed = first; seed < first + 200; ++seed) {
    INFO("seed " << seed);
    World world(seed);
    world.run(120'000, true);
    world.run(40'000, false);  // a silence that began before is over by then
    world.hold_still();
    world.run(3 * world.interval_ms() + 1'000, false);
    world.check_agreement();
  }
}
