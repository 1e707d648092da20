// What a heartbeat costs in allocations: this program counts each operator new.
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "common/codec_reused.hpp"
#include "tests/support/map_world.hpp"

namespace {
std::atomic<std::size_t> allocations = 0;  // NOLINT: the replaced operators have no other place for it
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const auto step = static_cast<std::size_t>(alignment);
  if (void* const memory = std::aligned_alloc(step, (size + step - 1) / step * step)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

using namespace capmap;
using namespace capmap::test;

namespace {

/// What ingest and the map do with one message that has come: decode, apply, encode the ack.
class Way {
 public:
  /// The allocations on it, without those of making the message and taking the ack apart.
  std::size_t take(World& world, const NodeId& node, const Bytes& bytes) {
    const auto before = allocations.load();
    auto message = codec_.decode(bytes);
    if (!message) return SIZE_MAX;
    batch_.received_boot_ms = world.now;
    batch_.reports.clear();
    answers_.acks.clear();
    batch_.reports.push_back({.node = node, .route = "route", .message = std::move(*message)});
    world.map.apply(batch_, 0, 1, world.now, answers_);
    const auto ack = codec_.encode(answers_.acks.back().ack);
    const auto made = allocations.load() - before;
    const auto read = decode_ack(ack);
    return read && *read == answers_.acks.back().ack ? made : SIZE_MAX;
  }

 private:
  ReusedCodec codec_;
  ReportBatch batch_;
  AckBatch answers_;
};

}  // namespace

TEST_CASE("heartbeat memory: from bytes to the map to the bytes of the ack, a steady heartbeat allocates nothing") {
  World world;
  std::vector<MapAgent> agents;
  for (std::uint64_t i = 0; i < 100; ++i) {
    agents.push_back(world.agent(i, server_shape(8, 64, 8), i % 7));
    world.introduce(agents.back(), usage_of(busy(100, 100), "uuuuffff"));
  }
  Way way;
  std::size_t made = 0, heartbeats = 0;
  for (std::uint32_t round = 0; round < 20; ++round) {
    world.pass(10'000);
    for (auto& agent : agents) {
      const auto bytes = encode(agent.heartbeat(busy(100 + 37 * round, 200 + round)));
      const auto now = way.take(world, agent.node, bytes);
      REQUIRE(now != SIZE_MAX);
      if (round < 2) continue;  // memory that is kept has to come from somewhere
      made += now;
      ++heartbeats;
    }
  }
  CHECK(heartbeats == 1'800);
  CHECK(made == 0);
  CHECK(world.row(agents[0]).usage.readings.cpu_busy_millicores == 100U + 37 * 19);
}

TEST_CASE("heartbeat memory: reused memory keeps nothing of the message before") {
  ReusedCodec codec;
  Hello hello;
  hello.envelope = {.run_id = 5, .seq = 1};
  hello.hostname = std::string(300, 'h');
  const Heartbeat heartbeat{.envelope = {.run_id = 5, .seq = 2}, .shape_prefix = 9, .moved = busy(3, 4)};
  for (int i = 0; i < 3; ++i) {
    CHECK(*codec.decode(encode(hello)) == AgentMessage(hello));
    CHECK(*codec.decode(encode(heartbeat)) == AgentMessage(heartbeat));
    auto cut = encode(heartbeat);
    cut.resize(cut.size() - 9);
    CHECK_FALSE(codec.decode(cut));
    const Ack ack{.epoch = 1, .run_id = 2, .session = static_cast<std::uint32_t>(i), .need_usage = i == 1};
    const auto bytes = codec.encode(ack);
    CHECK(Bytes(bytes.begin(), bytes.end()) == encode(ack));
  }
}
