#include "controller/note_taker.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace capmap;

namespace {

NodeId node_in_slot(std::uint64_t slot) {
  for (;;) {
    const auto id = random_id<NodeId>();
    if (IdHash{}(id) % NoteTaker::kSlots == slot) return id;
  }
}

ReportBatch batch_of(const NodeId& node, AgentMessage message) {
  ReportBatch batch;
  batch.reports.push_back({.node = node, .route = {}, .message = std::move(message)});
  return batch;
}

std::optional<ShapeId> none(const NodeId&) {
  return std::nullopt;
}

}  // namespace

TEST_CASE("note taker: a node that speaks each 10 s is noted once an hour, in the minute of its id") {
  NoteTaker taker;
  const NodeId node = node_in_slot(17);
  std::map<std::uint64_t, int> noted;  // by minute
  for (std::uint64_t now_ms = 0; now_ms < 3 * 3'600'000; now_ms += 10'000) {
    taker.look_at(batch_of(node, Heartbeat{}), now_ms, none);
    for (const auto& note : taker.take(now_ms + 5'000)) {
      CHECK(note.node == node);
      CHECK_FALSE(note.shape.has_value());
      ++noted[note.seen_unix_ms / NoteTaker::kSlotMs];
    }
  }
  CHECK(noted == std::map<std::uint64_t, int>{{17, 1}, {77, 1}, {137, 1}});
}

TEST_CASE("note taker: hello is noted at once with its shape, a shape's bytes only when the map has bound the node to it") {
  NoteTaker taker;
  const NodeId node = node_in_slot(30);
  Hello hello;
  hello.shape_id.bytes.fill(7);
  ShapeMessage shape;
  shape.shape.body = {std::byte{1}};
  taker.look_at(batch_of(node, hello), 0, none);
  taker.look_at(batch_of(node, shape), 0, none);
  auto notes = taker.take(10'000);
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].shape == hello.shape_id);
  CHECK_FALSE(notes[0].bytes.has_value());
  taker.look_at(batch_of(node, shape), 0, [&hello](const NodeId&) { return std::optional(hello.shape_id); });
  notes = taker.take(20'000);
  REQUIRE(notes.size() == 1);
  REQUIRE(notes[0].bytes);
  CHECK(notes[0].bytes->id == hello.shape_id);
  CHECK(notes[0].bytes->body == shape.shape.body);
  CHECK(taker.take(30'000).empty());
}

TEST_CASE("note taker: what the store had no room for is tried again, and newer news of a node wins") {
  NoteTaker taker;
  const NodeId node = node_in_slot(3), other = node_in_slot(4);
  Hello hello;
  hello.shape_id.bytes.fill(1);
  taker.look_at(batch_of(node, hello), 100, none);
  taker.look_at(batch_of(other, hello), 100, none);
  auto notes = taker.take(5'000);
  REQUIRE(notes.size() == 2);
  hello.shape_id.bytes.fill(2);
  taker.look_at(batch_of(node, hello), 200, none);
  taker.put_back(std::move(notes));
  notes = taker.take(10'000);
  REQUIRE(notes.size() == 2);
  for (const auto& note : notes) {
    CHECK(note.seen_unix_ms == (note.node == node ? 200U : 100U));
    CHECK(note.shape->bytes[0] == (note.node == node ? 2 : 1));
  }
}

TEST_CASE("note taker: a store that is away costs bounded memory, and what is dropped is counted") {
  NoteTaker taker;
  for (std::size_t i = 0; i < NoteTaker::kMaxWaiting + 10; ++i) taker.look_at(batch_of(random_id<NodeId>(), Hello{}), 0, none);
  CHECK(taker.dropped() == 10);
}
