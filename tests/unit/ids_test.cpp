#include "common/ids.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace capmap;

namespace {

NodeId counting_id() {
  NodeId id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(i * 17);
  return id;
}

ErrorCode refusal_of(std::string_view text) {
  const auto id = parse_id<NodeId>(text);
  REQUIRE_FALSE(id);
  return id.error().code;
}

}  // namespace

TEST_CASE("ids: the text is the prefix and 26 characters of lower-case base32, as RFC 4648 has it") {
  CHECK(to_text(NodeId{}) == "n-" + std::string(26, 'a'));
  CHECK(to_text(counting_id()) == "n-aaisem2ekvthpcezvk54zxpo74");  // printf '000102…' doubled digits | xxd -r -p | base32
  NodeId ones;
  ones.bytes.fill(0xFF);
  CHECK(to_text(ones) == "n-" + std::string(25, '7') + "4");
}

TEST_CASE("ids: the text of every family reads back to the same bytes") {
  for (int i = 0; i < 1'000; ++i) {
    const auto node = random_id<NodeId>();
    const auto shape = random_id<ShapeId>();
    REQUIRE(*parse_id<NodeId>(to_text(node)) == node);
    REQUIRE(*parse_id<ShapeId>(to_text(shape)) == shape);
  }
}

TEST_CASE("ids: other spellings of an id are refused") {
  const std::string text = to_text(counting_id());
  CHECK(refusal_of("") == ErrorCode::kMalformed);
  CHECK(refusal_of("n") == ErrorCode::kMalformed);
  CHECK(refusal_of("s" + text.substr(1)) == ErrorCode::kMalformed);
  CHECK(refusal_of(text.substr(2)) == ErrorCode::kMalformed);
  CHECK(refusal_of(text + "a") == ErrorCode::kMalformed);
  CHECK(refusal_of(text + "======") == ErrorCode::kMalformed);
  CHECK(refusal_of(text.substr(0, 27)) == ErrorCode::kMalformed);
  CHECK(refusal_of("n-A" + text.substr(3)) == ErrorCode::kMalformed);
  CHECK(refusal_of("n-1" + text.substr(3)) == ErrorCode::kMalformed);
  CHECK(refusal_of("n- " + text.substr(3)) == ErrorCode::kMalformed);
}

TEST_CASE("ids: a last character with spare bits set is refused, so every id has one text") {
  const std::string start = to_text(NodeId{}).substr(0, 27);
  std::size_t accepted = 0;
  for (const char last : std::string("abcdefghijklmnopqrstuvwxyz234567")) accepted += parse_id<NodeId>(start + last).ok() ? 1U : 0U;
  CHECK(accepted == 8);  // three bits of the last character belong to the id
}

TEST_CASE("ids: random ones differ, and a random number is never 0") {
  std::set<std::string> texts;
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 1'000; ++i) {
    texts.insert(to_text(random_id<NodeId>()));
    numbers.insert(random_u64());
  }
  CHECK(texts.size() == 1'000);
  CHECK(numbers.size() == 1'000);
  CHECK(numbers.count(0) == 0);
}

TEST_CASE("ids: a shape's prefix is its first eight bytes, the first one lowest") {
  ShapeId id;
  id.bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  CHECK(shape_prefix(id) == 0x0807060504030201U);
}
