#include <catch2/catch.hpp>

#include "common/codec.hpp"
#include "tests/support/random_batches.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;

namespace {

constexpr int kMessages = 2'000;

void check_lenient(const Bytes& bytes) {
  const auto decoded = decode_child_message(bytes);
  if (!decoded) {
    if (decoded.error().code != ErrorCode::kMalformed || decoded.error().what.empty()) FAIL("an error without reason");
    return;
  }
  const Bytes again = encode(*decoded);
  if (again.size() > kMaxMessageBytes) return;
  const auto second = decode_child_message(again);
  REQUIRE((second && *second == *decoded));  // what was decoded survives being encoded
}

}  // namespace

TEST_CASE("batch codec: decode(encode(x)) = x for hellos, states and acks") {
  RandomBatches random(run_seed());
  for (int i = 0; i < kMessages; ++i) {
    const auto hello = random.hello();
    const auto states = random.states();
    const auto ack = random.ack();
    const auto hello_again = decode_child_message(encode(hello)), states_again = decode_child_message(encode(states));
    const auto ack_again = decode_batch_ack(encode(ack));
    REQUIRE((hello_again && *hello_again == ChildMessage(hello)));
    REQUIRE((states_again && *states_again == ChildMessage(states)));
    REQUIRE((ack_again && *ack_again == ack));
  }
}

TEST_CASE("batch codec: cut messages and changed bytes fail or mean something that can be sent again") {
  RandomBatches random(run_seed());
  for (int i = 0; i < kMessages / 20; ++i) {
    const Bytes whole = i % 2 == 0 ? encode(random.hello()) : encode(random.states());
    for (std::size_t size = 0; size < whole.size(); size += 1 + random.below(40)) {
      const auto cut = decode_child_message(std::span(whole).first(size));
      if (cut) check_lenient(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    }
    for (int k = 0; k < 50; ++k) {
      Bytes changed = whole;
      changed[random.below(changed.size())] ^= static_cast<std::byte>(1U << random.below(8));
      check_lenient(changed);
    }
  }
}

TEST_CASE("batch codec: full messages of capmap-fleet's size fit into one message") {
  RandomBatches random(1);
  BatchHello hello = random.hello();
  hello.nodes.resize(1'500, hello.nodes.front());
  for (std::size_t i = 0; i < hello.nodes.size(); ++i) hello.nodes[i].id.bytes[0] = static_cast<std::uint8_t>(i);
  CHECK(encode(hello).size() <= kMaxMessageBytes);
  BatchStates states;
  states.envelope = {.run_id = 1, .seq = 1};
  states.count = 7'000;
  states.readings[0].assign(states.count, 5);
  states.readings[1].assign(states.count, 6);
  CHECK(encode(states).size() <= kMaxMessageBytes);
}
