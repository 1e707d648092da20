#include "common/conversation.hpp"

#include <catch2/catch.hpp>

#include "common/accelerator_addresses.hpp"
#include "common/codec.hpp"

using namespace capmap;

namespace {

constexpr std::uint64_t kRun = 0x1234'5678'9abc'de00;
constexpr std::uint32_t kIntervalMs = 10'000;

EncodedShape shape_named(std::uint8_t name) {
  EncodedShape shape;
  shape.id.bytes.fill(name);
  shape.raw_bytes = 3;
  shape.body = Bytes(3, std::byte{name});
  return shape;
}

Hello facts() {
  Hello hello;
  hello.hostname = "node";
  hello.pus_allowed = 64;
  hello.memory_total_bytes = std::uint64_t{256} << 30;
  return hello;
}

Usage busy(std::uint32_t millicores) {
  Usage usage;
  usage.readings.cpu_busy_millicores = millicores;
  usage.readings.memory_used_mib = 1'000;
  return usage;
}

/// An agent's conversation and the answers it gets, at a time that moves when told.
struct Talk {
  Conversation agent{kRun, {}};
  Usage usage = busy(10'000);
  std::uint64_t now_ms = 1'000'000;
  std::uint64_t epoch = 7;

  explicit Talk(bool with_facts = true) {
    if (with_facts) agent.set_facts(facts(), shape_named(1));
    agent.on_link_up(now_ms);
  }
  AgentMessage say() {
    REQUIRE(agent.due_ms() != UINT64_MAX);
    now_ms = std::max(now_ms, agent.due_ms());
    return agent.next(usage, now_ms);
  }
  /// An ack of everything said so far.
  Ack ack(std::uint32_t seq) const {
    Ack ack;
    ack.epoch = epoch;
    ack.run_id = kRun;
    ack.session = 1;
    ack.applied_seq = seq;
    ack.next_interval_ms = kIntervalMs;
    return ack;
  }
  void answer(std::uint32_t seq) { CHECK(agent.on_ack(ack(seq), now_ms)); }
  /// Hello, shape, usage, all acked: four seconds' work of a new node.
  void settle() {
    Ack first = ack(std::get<Hello>(say()).envelope.seq);
    first.need_shape = first.need_usage = true;
    agent.on_ack(first, now_ms);
    answer(std::get<ShapeMessage>(say()).envelope.seq);
    answer(std::get<UsageMessage>(say()).envelope.seq);
  }
};

template <class T>
bool is(const AgentMessage& message) {
  return std::holds_alternative<T>(message);
}

}  // namespace

TEST_CASE("conversation: without facts there is nothing to say") {
  Talk talk(false);
  CHECK(talk.agent.due_ms() == UINT64_MAX);
  talk.agent.set_facts(facts(), shape_named(1));
  CHECK(talk.agent.due_ms() == 0);
  const auto message = talk.say();
  REQUIRE(is<Hello>(message));
  CHECK(std::get<Hello>(message).shape_id == shape_named(1).id);
  CHECK(std::get<Hello>(message).envelope == Envelope{.run_id = kRun, .seq = 1});
}

TEST_CASE("conversation: hello, the asked-for shape and usage follow each other as fast as acks come") {
  Talk talk;
  const std::uint64_t start_ms = talk.now_ms;
  talk.settle();
  CHECK(talk.now_ms == start_ms);
  CHECK(talk.agent.session() == 1);
  CHECK(talk.agent.applied_seq() == 3);
  CHECK(talk.agent.due_ms() == start_ms + kIntervalMs);
}

TEST_CASE("conversation: only the ack of a plain heartbeat after an acked message can wait for the next reading") {
  Talk talk;
  CHECK_FALSE(talk.agent.ack_can_wait());  // nothing is awaited
  talk.settle();
  const auto beat = talk.say();
  REQUIRE(is<Heartbeat>(beat));
  CHECK(talk.agent.ack_can_wait());
  talk.answer(std::get<Heartbeat>(beat).envelope.seq);
  CHECK_FALSE(talk.agent.ack_can_wait());

  SECTION("a heartbeat that follows an unacked one") {
    talk.say();
    CHECK(talk.agent.ack_can_wait());
    talk.say();
    CHECK_FALSE(talk.agent.ack_can_wait());
  }
  SECTION("usage") {
    talk.usage.problems.push_back({.probe = "cpu", .what = "gone"});
    REQUIRE(is<UsageMessage>(talk.say()));
    CHECK_FALSE(talk.agent.ack_can_wait());
  }
  SECTION("a link that came up anew") {
    talk.say();
    talk.agent.on_link_up(talk.now_ms);
    CHECK_FALSE(talk.agent.ack_can_wait());
    REQUIRE(is<Hello>(talk.say()));
    CHECK_FALSE(talk.agent.ack_can_wait());
  }
  SECTION("long intervals, where one more would be felt") {
    auto ack = talk.ack(std::get<Heartbeat>(talk.say()).envelope.seq);
    ack.next_interval_ms = 60'000;
    CHECK(talk.agent.on_ack(ack, talk.now_ms));
    REQUIRE(is<Heartbeat>(talk.say()));
    CHECK_FALSE(talk.agent.ack_can_wait());
  }
}

TEST_CASE("conversation: a shape nobody asks for is not sent") {
  Talk talk;
  talk.answer(std::get<Hello>(talk.say()).envelope.seq);
  CHECK(is<UsageMessage>(talk.say()));
}

TEST_CASE("conversation: heartbeats carry what moved beyond its threshold, measured against what was told") {
  Talk talk;
  talk.settle();
  talk.usage = busy(11'000);  // 64 PUs, 20 permille: 1,280 millicores
  auto beat = std::get<Heartbeat>(talk.say());
  CHECK(beat.moved == Readings{});
  talk.answer(beat.envelope.seq);
  talk.usage = busy(11'300);
  beat = std::get<Heartbeat>(talk.say());
  CHECK(beat.moved.cpu_busy_millicores == 11'300);
  CHECK_FALSE(beat.moved.memory_used_mib);
  CHECK(beat.shape_prefix == shape_prefix(shape_named(1).id));
  talk.answer(beat.envelope.seq);
  CHECK(std::get<Heartbeat>(talk.say()).moved == Readings{});
}

TEST_CASE("conversation: what a lost heartbeat told is told again, even when it moved back meanwhile") {
  Talk talk;
  talk.settle();
  talk.usage = busy(30'000);
  CHECK(std::get<Heartbeat>(talk.say()).moved.cpu_busy_millicores == 30'000);  // no ack
  talk.usage = busy(10'000);
  CHECK(std::get<Heartbeat>(talk.say()).moved.cpu_busy_millicores == 10'000);
}

TEST_CASE("conversation: an idle heartbeat is at most 64 bytes with three moved readings") {
  Talk talk;
  talk.settle();
  talk.usage.readings.cpu_busy_millicores = 50'000;
  talk.usage.readings.memory_used_mib = 200'000;
  talk.usage.readings.network_receive_kbps = 900'000;
  const auto beat = talk.say();
  CHECK(is<Heartbeat>(beat));
  CHECK(encode(beat).size() <= 64);
}

TEST_CASE("conversation: addresses of accelerators travel unless they are exactly those of hello") {
  Talk talk;
  talk.settle();
  AcceleratorUse device;
  device.pci_address = "0000:17:00.0";
  device.used = true;
  talk.usage.accelerators = {device};
  const auto message = talk.say();
  REQUIRE(is<UsageMessage>(message));
  CHECK_FALSE(std::get<UsageMessage>(message).addresses_as_in_hello);
  CHECK(addresses_as_in_hello({device}, {"0000:17:00.0"}));
  CHECK_FALSE(addresses_as_in_hello({device}, {"0000:17:00.0", "0000:18:00.0"}));
  CHECK_FALSE(addresses_as_in_hello({}, {}));
}

TEST_CASE("conversation: usage goes in full when a reading becomes unknown, a device is taken, problems change, and when it is due") {
  Talk talk;
  AcceleratorUse device;
  device.pci_address = "0000:17:00.0";
  device.used = false;
  talk.usage.accelerators = {device};
  talk.settle();
  const auto next_is_usage = [&talk] {
    const auto message = talk.say();
    talk.answer(std::visit([](const auto& m) { return m.envelope.seq; }, message));
    return is<UsageMessage>(message);
  };
  CHECK_FALSE(next_is_usage());
  talk.usage.readings.memory_used_mib.reset();
  CHECK(next_is_usage());
  CHECK_FALSE(next_is_usage());
  talk.usage.accelerators[0].used = true;
  CHECK(next_is_usage());
  talk.usage.accelerators[0].busy_permille = 900;
  CHECK_FALSE(next_is_usage());
  talk.usage.problems.push_back({.probe = "gpu", .what = "lost"});
  CHECK(next_is_usage());
  int beats = 0;
  while (!next_is_usage()) ++beats;
  CHECK(beats == 29);
}

TEST_CASE("conversation: a changed shape is said by hello, equal facts are not said again") {
  Talk talk;
  talk.settle();
  Hello later = facts();
  later.time_unix_ms = 5;
  talk.agent.set_facts(later, shape_named(1));
  CHECK(talk.agent.due_ms() != 0);
  talk.agent.set_facts(facts(), shape_named(2));
  CHECK(talk.agent.due_ms() == 0);
  const auto hello = talk.say();
  REQUIRE(is<Hello>(hello));
  CHECK(std::get<Hello>(hello).shape_id == shape_named(2).id);
}

TEST_CASE("conversation: a new epoch brings hello and full usage") {
  Talk talk;
  talk.settle();
  talk.say();
  talk.epoch = 8;
  Ack ack = talk.ack(0);
  ack.session = 0;
  talk.agent.on_ack(ack, talk.now_ms);
  CHECK(talk.agent.due_ms() == 0);
  const auto hello = talk.say();
  REQUIRE(is<Hello>(hello));
  talk.answer(std::get<Hello>(hello).envelope.seq);
  CHECK(is<UsageMessage>(talk.say()));
}

TEST_CASE("conversation: hello comes again when it is asked for, but not in answer to each ack") {
  Talk talk;
  talk.settle();
  int hellos = 0;
  const std::uint64_t until_ms = talk.now_ms + 10 * kIntervalMs;
  int messages = 0;
  for (; messages < 1'000 && talk.now_ms < until_ms; ++messages) {
    hellos += is<Hello>(talk.say()) ? 1 : 0;
    Ack ack = talk.ack(0);
    ack.session = 0;
    ack.need_hello = ack.need_usage = ack.need_shape = true;  // whatever it is told
    talk.agent.on_ack(ack, talk.now_ms);
  }
  CHECK(hellos >= 5);
  CHECK(messages <= 100);
}

TEST_CASE("conversation: a controller that never has enough is answered a bounded number of times an interval") {
  Talk talk;
  talk.settle();
  const std::uint64_t until_ms = talk.now_ms + 10 * kIntervalMs;
  int messages = 0;
  for (std::uint32_t seq = 3; messages < 1'000 && talk.now_ms < until_ms; ++messages) {
    seq = std::visit([](const auto& m) { return m.envelope.seq; }, talk.say());
    Ack ack = talk.ack(seq);
    ack.need_hello = ack.need_usage = ack.need_shape = true;
    talk.agent.on_ack(ack, talk.now_ms);
  }
  CHECK(messages <= 100);
}

TEST_CASE("conversation: an unanswered hello is followed by a heartbeat after an interval, then tried again") {
  Talk talk;
  const std::uint64_t start_ms = talk.now_ms;
  CHECK(is<Hello>(talk.say()));
  CHECK(talk.agent.due_ms() >= start_ms + kIntervalMs);
  const auto beat = talk.say();
  REQUIRE(is<Heartbeat>(beat));
  CHECK(std::get<Heartbeat>(beat).moved == Readings{});
  CHECK(is<Hello>(talk.say()));
}

TEST_CASE("conversation: an ack of another run is ignored") {
  Talk talk;
  talk.say();
  Ack ack = talk.ack(1);
  ack.run_id = kRun + 1;
  CHECK_FALSE(talk.agent.on_ack(ack, talk.now_ms));
  CHECK(talk.agent.session() == 0);
  CHECK(talk.agent.broken_ms() != UINT64_MAX);
}

TEST_CASE("conversation: silence is told once, and the next message is hello") {
  Talk talk;
  talk.settle();
  CHECK(talk.agent.broken_ms() == UINT64_MAX);
  const std::uint64_t sent_ms = (talk.say(), talk.now_ms);
  CHECK(talk.agent.broken_ms() == sent_ms + 3 * kIntervalMs);
  CHECK_FALSE(talk.agent.take_broken(sent_ms + 3 * kIntervalMs - 1));
  CHECK(talk.agent.take_broken(sent_ms + 3 * kIntervalMs));
  CHECK_FALSE(talk.agent.take_broken(sent_ms + 9 * kIntervalMs));
  CHECK(is<Hello>(talk.say()));
}

TEST_CASE("conversation: the controller sets the pace, within bounds") {
  Talk talk;
  talk.settle();
  for (const auto& [given, used] : {std::pair{500U, 500U}, {1U, 200U}, {0U, 200U}, {UINT32_MAX, 3'600'000U}, {30'000U, 30'000U}}) {
    Ack ack = talk.ack(3);
    ack.next_interval_ms = given;
    talk.agent.on_ack(ack, talk.now_ms);
    CHECK(talk.agent.interval_ms() == used);
    CHECK(talk.agent.due_ms() == talk.now_ms + used);
  }
}

TEST_CASE("conversation: bye is the next number of the same run") {
  Talk talk;
  talk.settle();
  const Bye bye = talk.agent.bye("stopped");
  CHECK(bye.envelope == Envelope{.run_id = kRun, .seq = 4});
  CHECK(bye.reason == "stopped");
}
