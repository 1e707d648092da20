#include "common/codec.hpp"

#include <catch2/catch.hpp>

#include "agent/probe_frames.hpp"
#include "common/shape.hpp"
#include "tests/support/random_messages.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;

namespace {

constexpr int kMessages = 20'000;

/// Changed bytes either fail or mean something that can be sent again.
void check_lenient(const Bytes& bytes) {
  const auto decoded = decode_agent_message(bytes);
  if (!decoded) {
    if (decoded.error().code != ErrorCode::kMalformed || decoded.error().what.empty()) FAIL("an error without reason");
    return;
  }
  const Bytes again = encode(*decoded);
  if (again.size() > kMaxMessageBytes) return;
  const auto second = decode_agent_message(again);
  if (!second || *second != *decoded) FAIL("what was decoded does not survive being encoded");
}

void check_lenient_shape(const Bytes& bytes) {
  const auto decoded = decode_shape_raw(bytes);
  if (!decoded) return;
  const Bytes again = encode_shape_raw(*decoded);
  if (again.size() > kMaxShapeRawBytes) return;
  const auto second = decode_shape_raw(again);
  if (!second || *second != *decoded) FAIL("a decoded shape does not survive being encoded");
}

template <class Check>
void check_damaged(RandomMessages& random, Bytes bytes, Check check) {
  const auto flips = 1 + random.below(4);
  for (std::uint64_t i = 0; i < flips; ++i) bytes[random.below(bytes.size())] ^= static_cast<std::byte>(1U << random.below(8));
  check(bytes);
}

}  // namespace

TEST_CASE("codec: decode(encode(x)) = x for every kind an agent sends") {
  RandomMessages random(run_seed());
  for (int i = 0; i < kMessages; ++i) {
    const AgentMessage message = random.agent_message();
    const auto decoded = decode_agent_message(encode(message));
    if (!decoded) FAIL(decoded.error().what);
    if (*decoded != message) FAIL("message " << i << " of kind " << message.index() << " differs");
  }
}

TEST_CASE("codec: decode(encode(x)) = x for ack, join and joined") {
  RandomMessages random(run_seed());
  for (int i = 0; i < kMessages; ++i) {
    const Ack ack = random.ack();
    const Join join = random.join();
    const Joined joined = random.joined();
    REQUIRE(*decode_ack(encode(ack)) == ack);
    REQUIRE(*decode_join(encode(join)) == join);
    REQUIRE(*decode_joined(encode(joined)) == joined);
  }
}

TEST_CASE("shape: decode(encode(x)) = x, unpack(pack(x)) = x, equal shapes have equal ids and canonical order is stable") {
  RandomMessages random(run_seed());
  for (int i = 0; i < 5'000; ++i) {
    Shape shape = random.shape();
    const auto decoded = decode_shape_raw(encode_shape_raw(shape));
    if (!decoded) FAIL(decoded.error().what);
    REQUIRE(*decoded == shape);
    canonicalize(shape);
    Shape twice = shape;
    canonicalize(twice);
    REQUIRE(twice == shape);
    const EncodedShape packed = pack_shape(shape);
    const auto unpacked = unpack_shape(packed);
    if (!unpacked) FAIL(unpacked.error().what);
    REQUIRE(unpacked->shape == shape);
    REQUIRE(unpacked->id == packed.id);
    REQUIRE(pack_shape(twice) == packed);
  }
}

TEST_CASE("probe frames: read(write(x)) = x") {
  RandomMessages random(run_seed());
  for (int i = 0; i < 2'000; ++i) {
    const EncodedShape shape = pack_shape(random.shape());
    Hello facts = random.hello();
    facts.envelope = {1, 1};
    facts.shape_id = shape.id;
    const auto read = read_probe_frames(write_probe_frames(facts, shape));
    if (!read) FAIL(read.error().what);
    REQUIRE(read->first == facts);
    REQUIRE(read->second == shape);
  }
}

TEST_CASE("codec: a message cut at any length is refused or still means something") {
  RandomMessages random(run_seed());
  for (int i = 0; i < 40; ++i) {
    Bytes bytes = encode(random.agent_message());
    Bytes shape = encode_shape_raw(random.shape());
    for (; !bytes.empty(); bytes.pop_back()) check_lenient(bytes);
    for (; !shape.empty(); shape.pop_back()) check_lenient_shape(shape);
  }
}

TEST_CASE("codec: a message with flipped bits is refused or still means something") {
  RandomMessages random(run_seed());
  for (int i = 0; i < kMessages; ++i) {
    check_damaged(random, encode(random.agent_message()), check_lenient);
    check_damaged(random, encode_shape_raw(random.shape()), check_lenient_shape);
    check_damaged(random, encode(random.ack()), [](const Bytes& bytes) {
      const auto ack = decode_ack(bytes);
      if (ack && *decode_ack(encode(*ack)) != *ack) FAIL("a decoded ack does not survive being encoded");
    });
  }
}
