#include <catch2/catch.hpp>

#include "common/shape.hpp"
#include "controller/map/shapes.hpp"
#include "tests/support/map_agent.hpp"

using namespace capmap;
using namespace capmap::test;

TEST_CASE("shapes: hardware is named by what is understood of it, so servers whose agents send more of the same have one name") {
  ShapeTable shapes(nullptr);
  const auto shape = server_shape(64, 512, 8);
  const auto sent = pack_shape(shape).id;
  const auto row = [&shapes](ShapeIndex index) { return shapes.rows()[shapes.hardware(index)]; };
  const auto plain = shapes.intern(sent, shape, 0), newer = shapes.intern(numbered_id<ShapeId>(9), shape, 0);
  const auto other = shapes.intern(numbered_id<ShapeId>(10), server_shape(64, 512, 4), 0);
  CHECK(row(plain)->id == sent);
  CHECK(row(newer)->id == sent);
  CHECK(row(other)->id != sent);
}

TEST_CASE("shapes: hardware beyond the bound is unknown, and its place comes free again when other hardware is forgotten") {
  ShapeTable shapes(nullptr);
  const auto intern = [&shapes](std::uint32_t number, std::uint64_t now_ms) {
    ShapeId id;
    for (std::size_t i = 0; i < 4; ++i) id.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return shapes.intern(id, server_shape(number, 64, 0), now_ms);
  };
  ShapeIndex first = 0;
  for (std::uint32_t i = 1; i <= ShapeTable::kMostRows; ++i) {
    const auto shape = intern(i, 0);
    if (i == 1) first = shape;
    if (i > 1) shapes.bind(shape);
  }
  REQUIRE(shapes.row_count() == ShapeTable::kMostRows);
  const auto beyond = intern(1'000'000, 0);
  CHECK(shapes.hardware(beyond) == kNoHardware);
  CHECK(shapes.facts(beyond).accelerators == 0);
  CHECK(shapes.row_count() == ShapeTable::kMostRows);
  CHECK(shapes.hardware(first) != kNoHardware);

  shapes.forget_unused(ShapeTable::kForgetAfterMs);  // the first and the one beyond have no node
  CHECK(shapes.row_count() == ShapeTable::kMostRows - 1);
  const auto again = intern(1'000'000, ShapeTable::kForgetAfterMs);
  CHECK(shapes.hardware(again) != kNoHardware);
  CHECK(shapes.row_count() == ShapeTable::kMostRows);
}
