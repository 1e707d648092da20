#include "controller/map/node_table.hpp"

#include <catch2/catch.hpp>

#include "controller/map/cells.hpp"
#include "controller/map/shapes.hpp"
#include "tests/support/map_agent.hpp"

using namespace capmap;
using namespace capmap::test;

TEST_CASE("node table: rows are found by id across chunks and growth of the index, and strangers are not") {
  NodeTable nodes;
  constexpr std::uint64_t kCount = 3 * NodeTable::kChunkRows + 7;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    REQUIRE(nodes.add(numbered_id<NodeId>(i)) == i);
    nodes.place(static_cast<RowIndex>(i)).site = static_cast<std::uint32_t>(i);
  }
  CHECK(nodes.chunk_count() == 4);
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const auto row = nodes.find(numbered_id<NodeId>(i));
    REQUIRE(row == i);
    REQUIRE(nodes.place(*row).site == i);
  }
  CHECK_FALSE(nodes.find(numbered_id<NodeId>(kCount)));
  CHECK(NodeTable::hot_row_bytes() <= 110);
}

TEST_CASE("node table: removed rows are found no more and used again, whoever else stood on the same way through the index") {
  NodeTable nodes;
  std::vector<NodeId> ids(400);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i].bytes[15] = static_cast<std::uint8_t>(i);  // few parts of the index, so that ways cross
    ids[i].bytes[14] = static_cast<std::uint8_t>(1 + i / 256);
    nodes.add(ids[i]);
    nodes.cold(static_cast<RowIndex>(i)).hello.hostname = "host";
  }
  const auto cold_bytes = nodes.cold_store().bytes();
  for (std::size_t i = 0; i < ids.size(); i += 3) nodes.remove(*nodes.find(ids[i]));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    INFO(i);
    if (i % 3 == 0) CHECK_FALSE(nodes.find(ids[i]));
    if (i % 3 != 0) CHECK(nodes.find(ids[i]) == i);
  }
  CHECK(nodes.size() == 266);
  CHECK(nodes.cold_store().bytes() < cold_bytes);
  for (std::size_t i = 0; i < ids.size(); i += 3) {
    const auto row = nodes.add(ids[i]);
    CHECK(row < ids.size());
    CHECK(nodes.cold(row).hello.hostname.empty());
  }
  CHECK(nodes.row_count() == 400);
  for (const auto& id : ids) CHECK(nodes.find(id));
}

TEST_CASE("node table: ids that hash alike are still told apart") {
  NodeTable nodes;
  std::vector<NodeId> alike(50);
  for (std::size_t i = 0; i < alike.size(); ++i) alike[i].bytes[15] = static_cast<std::uint8_t>(i + 1);
  for (const auto& id : alike) nodes.add(id);
  for (std::size_t i = 0; i < alike.size(); ++i) CHECK(nodes.find(alike[i]) == i);
  CHECK_FALSE(nodes.find(NodeId{}));
}

TEST_CASE("shapes: ids that decode to the same hardware share a row, and a shape in use is not forgotten") {
  ShapeTable shapes(nullptr);
  const auto shape = server_shape(8, 64, 2);
  const auto first = shapes.intern(numbered_id<ShapeId>(1), shape, 0);
  const auto second = shapes.intern(numbered_id<ShapeId>(2), shape, 0);
  const auto third = shapes.intern(numbered_id<ShapeId>(3), server_shape(8, 128, 2), 0);
  CHECK(shapes.hardware(first) == shapes.hardware(second));
  CHECK(shapes.hardware(first) != shapes.hardware(third));
  CHECK(shapes.row_count() == 2);
  shapes.bind(second);
  shapes.forget_unused(ShapeTable::kForgetAfterMs);
  CHECK(shapes.shape_count() == 1);
  CHECK(shapes.row_count() == 1);
  CHECK_FALSE(shapes.find(numbered_id<ShapeId>(3)));
  const auto fourth = shapes.intern(numbered_id<ShapeId>(4), server_shape(4, 8, 0), ShapeTable::kForgetAfterMs);
  CHECK(shapes.rows().size() == 3);  // the forgotten row's place is used again
  CHECK(shapes.facts(fourth).pus == 8U);
}

TEST_CASE("shapes: a prefix tells shapes apart until two share it") {
  ShapeTable shapes(nullptr);
  auto id = numbered_id<ShapeId>(1);
  const auto first = shapes.intern(id, server_shape(8, 64, 0), 0);
  CHECK_FALSE(shapes.prefix_shared(first));
  id.bytes[15] ^= 1;
  const auto second = shapes.intern(id, server_shape(16, 64, 0), 0);
  CHECK(shapes.prefix_shared(first));
  CHECK(shapes.prefix_shared(second));
  shapes.bind(first);
  shapes.forget_unused(ShapeTable::kForgetAfterMs);
  CHECK_FALSE(shapes.prefix_shared(first));
}

TEST_CASE("shapes: without a chip table nothing is rated, everything is counted, devices are named by PCI id") {
  ShapeTable shapes(nullptr);
  const auto row = shapes.rows()[shapes.hardware(shapes.intern(numbered_id<ShapeId>(1), server_shape(8, 64, 4), 0))];
  CHECK(row->accelerator_names == std::vector<std::string>{"10de:2330"});
  CHECK(row->peak.unrated == std::vector<Unrated>{{"cpu", "no chip table loaded", 2}, {"10de:2330", "no chip table loaded", 4}});
  CHECK(row->peak.rated_accelerators == 0);
}

TEST_CASE("cells: they come ordered by key whatever came and went between, and vanish with their last node") {
  CellTable cells;
  Contribution part;
  part.readings[kCpuBusy] = 5;
  const auto key = [](std::uint32_t site) {
    CellKey made;
    made.site = site;
    return made;
  };
  const auto nine = cells.add(key(9), part);
  cells.add(key(3), part);
  CHECK(cells.publish().ordered().size() == 2);
  cells.add(key(5), part);
  cells.remove(nine, part);
  const auto again = cells.add(key(9), part);
  const auto moved = cells.change(again, part, key(1), part);
  cells.add(key(1), part);
  const auto ordered = cells.publish().ordered();
  REQUIRE(ordered.size() == 3);
  CHECK(ordered[0].key.site == 1);
  CHECK(ordered[0].nodes == 2);
  CHECK(ordered[0].cpu_busy_millicores == ReadingSum{10, 2});
  CHECK(ordered[1].key.site == 3);
  CHECK(ordered[2].key.site == 5);
  CHECK(cells.add(key(1), part) == moved);
}

TEST_CASE("cells: buckets by powers of two begin at zero and end at the last") {
  CHECK(power_bucket(0) == 0);
  CHECK(power_bucket(1) == 1);
  CHECK(power_bucket(2) == 2);
  CHECK(power_bucket(3) == 2);
  CHECK(power_bucket(4) == 3);
  CHECK(power_bucket(UINT64_MAX) == kFreeBuckets - 1);
}
