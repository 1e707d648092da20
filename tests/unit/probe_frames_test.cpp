#include "agent/probe_frames.hpp"

#include <catch2/catch.hpp>

#include "common/codec.hpp"
#include "common/shape.hpp"

using namespace capmap;

namespace {

Shape shape_of_words(std::size_t words) {
  Shape shape;
  for (std::size_t i = 0; i < words; ++i) shape.cpu.isa.push_back("word_number_" + std::to_string(10 + i));
  return shape;
}

Hello facts_of(const EncodedShape& shape) {
  Hello facts;
  facts.envelope = {1, 1};
  facts.shape_id = shape.id;
  facts.hostname = "rack-7-server-12";
  facts.disk_names = {"nvme0n1", "nvme1n1"};
  facts.problems = {{"storage", "sys/block/sda/size: not readable"}};
  return facts;
}

}  // namespace

TEST_CASE("probe frames: facts and shape come back as they were written, small or compressed") {
  for (const std::size_t words : {1U, 60U}) {
    const EncodedShape shape = pack_shape(shape_of_words(words));
    CHECK(shape.compressed == (words == 60));
    const auto read = read_probe_frames(write_probe_frames(facts_of(shape), shape));
    REQUIRE(read);
    CHECK(read->first == facts_of(shape));
    CHECK(read->second == shape);
  }
}

TEST_CASE("probe frames: run_id and seq of the facts are stand-ins whatever they were") {
  const EncodedShape shape = pack_shape(shape_of_words(1));
  Hello facts = facts_of(shape);
  facts.envelope = {};
  const auto read = read_probe_frames(write_probe_frames(facts, shape));
  REQUIRE(read);
  CHECK(read->first.envelope == Envelope{1, 1});
}

TEST_CASE("probe frames: the id of an uncompressed shape is computed and not taken from the facts") {
  const EncodedShape shape = pack_shape(shape_of_words(1));
  Hello facts = facts_of(shape);
  facts.shape_id.bytes.fill(7);
  CHECK(read_probe_frames(write_probe_frames(facts, shape))->second.id == shape.id);
}

TEST_CASE("probe frames: output that ends anywhere before its end is malformed") {
  const EncodedShape shape = pack_shape(shape_of_words(60));
  const Bytes frames = write_probe_frames(facts_of(shape), shape);
  for (std::size_t length = 0; length < frames.size(); ++length) {
    const auto read = read_probe_frames(std::span(frames).first(length));
    REQUIRE_FALSE(read);
    REQUIRE(read.error().code == ErrorCode::kMalformed);
  }
}

TEST_CASE("probe frames: anything behind the two frames, or frames in the wrong order, are malformed") {
  const EncodedShape shape = pack_shape(shape_of_words(1));
  Bytes frames = write_probe_frames(facts_of(shape), shape);
  const std::size_t first_bytes = 4 + std::to_integer<std::size_t>(frames[0]) + (std::to_integer<std::size_t>(frames[1]) << 8U);
  Bytes swapped(frames.begin() + static_cast<std::ptrdiff_t>(first_bytes), frames.end());
  swapped.insert(swapped.end(), frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(first_bytes));
  CHECK_FALSE(read_probe_frames(swapped));
  frames.push_back(std::byte{0});
  CHECK_FALSE(read_probe_frames(frames));
}
