#include <catch2/catch.hpp>
#include <set>

#include "common/shape.hpp"
#include "controller/map/capacity_map.hpp"
#include "controller/map/exclusion.hpp"
#include "tests/fleet/server.hpp"

using namespace capmap;

TEST_CASE("fleet: the national plan keeps the published shares at any size, in 34 divisions") {
  const auto nodes = GENERATE(50'000U, 1'000'000U);
  const auto totals = fleet::totals_of(fleet::national_plan(nodes, 3));
  const auto share = static_cast<double>(totals.intelligent_fp32_mflops) / static_cast<double>(totals.fp32_mflops);
  CHECK(share == Approx(90.0 / 280).epsilon(0.002));
  CHECK(static_cast<double>(totals.flash_bytes) / static_cast<double>(totals.storage_bytes) == Approx(0.28).epsilon(0.001));
  const auto bytes_a_mflops = static_cast<double>(totals.storage_bytes) / static_cast<double>(totals.fp32_mflops);
  CHECK(bytes_a_mflops == Approx(1580e18 / 280e12).epsilon(0.001));
  CHECK(totals.divisions == 34);
  if (nodes < 1'000'000) return;
  CHECK(totals.machines_used >= 3'000);
  CHECK(totals.cells >= 300'000);
}

TEST_CASE("fleet: 10,000 equal servers that differ as real ones do are one hardware row") {
  constexpr std::uint32_t kServers = 10'000;
  const auto plan = fleet::small_plan(kServers, 1, true);
  CapacityMap map(MapOptions{.epoch = 1, .cold_records = false}, nullptr, 1'000);
  std::set<std::uint64_t> memory;
  std::set<std::string> kernels, versions;
  std::set<std::vector<std::string>> orders;
  for (std::uint32_t i = 0; i < kServers; ++i) {
    const fleet::Server server(plan, i, 1);
    const auto shape = pack_shape(plan.machines[server.machine()].shape);
    KnownNode node;
    node.id.bytes[0] = static_cast<std::uint8_t>(i);
    node.id.bytes[1] = static_cast<std::uint8_t>(i >> 8U);
    node.site.bytes[0] = 1;
    map.add_node(node, false, 1'000);
    auto hello = server.hello(1'000);
    memory.insert(*hello.memory_total_bytes);
    kernels.insert(hello.kernel);
    versions.insert(hello.agent_version);
    orders.insert(hello.disk_names);
    hello.envelope = {.run_id = 1, .seq = 1};
    hello.shape_id = shape.id;
    if (map.apply(node.id, hello, 1'000, 1'000).need_shape) {
      map.apply(node.id, ShapeMessage{.envelope = {.run_id = 1, .seq = 2}, .shape = shape}, 1'000, 1'000);
    }
  }
  CHECK(memory.size() > 50);
  CHECK(kernels.size() > 1);
  CHECK(versions.size() > 1);
  CHECK(orders.size() > 100);
  CHECK(map.counters().hardware_rows == 1);
  CHECK(map.counters().shapes == 1);
}

TEST_CASE("fleet: false hardware passes the wire and is what no server has, for the reason it names") {
  for (const auto& one : fleet::false_shapes()) {
    const auto received = unpack_shape(pack_shape(one.shape));
    REQUIRE(received);
    const auto absurd = absurd_hardware(received->shape, PeakRating{});
    REQUIRE(absurd);
    CHECK(absurd->find(one.why) != std::string::npos);
  }
}
