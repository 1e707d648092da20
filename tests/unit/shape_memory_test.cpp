#include "agent/probe/shape_memory.hpp"

#include <catch2/catch.hpp>

#include "tests/support/fake_host.hpp"

using namespace capmap;
using capmap::test::FakeHost;

namespace {

constexpr std::uint64_t kGib = std::uint64_t{1} << 30;

Topology with_nodes(std::vector<NumaNode> nodes) {
  Topology topology;
  topology.numa_nodes = std::move(nodes);
  return topology;
}

}  // namespace

TEST_CASE("memory shape: online blocks times block size, offline ones left out, MemTotal exact beside it") {
  const FakeHost host;
  host.put("proc/meminfo", "MemTotal:        2000000 kB\nMemFree: 5 kB\n");
  host.put("sys/devices/system/memory/block_size_bytes", "40000000\n");
  host.put("sys/devices/system/memory/memory0/online", "1\n");
  host.put("sys/devices/system/memory/memory1/state", "online\n");
  host.put("sys/devices/system/memory/memory2/online", "0\n");
  host.put("sys/devices/system/memory/power/control", "auto\n");
  const auto memory = read_memory_shape(host.root(), with_nodes({}));
  CHECK(memory.value.shape_bytes == 2 * kGib);
  CHECK(memory.value.total_bytes == 2'000'000ULL * 1024);
  CHECK(memory.problems.empty());
}

TEST_CASE("memory shape: without blocks MemTotal is rounded, so that equal servers have equal shapes") {
  const FakeHost host;
  host.put("proc/meminfo", "MemTotal:       24684096 kB\n");
  const auto memory = read_memory_shape(host.root(), with_nodes({}));
  CHECK(*memory.value.shape_bytes >= *memory.value.total_bytes);
  CHECK(*memory.value.shape_bytes % (kGib / 4) == 0);
  CHECK(memory.problems.empty());
}

TEST_CASE("memory shape: NUMA nodes that hold much less than MemTotal are a problem line, not a refusal") {
  const FakeHost host;
  host.put("proc/meminfo", "MemTotal:       25165824 kB\n");
  const auto memory = read_memory_shape(host.root(), with_nodes({{.number = 0, .bytes = 12 * kGib, .kind = "dram"}}));
  CHECK(memory.value.total_bytes == 24 * kGib);
  REQUIRE(memory.problems.size() == 1);
  CHECK(memory.problems[0].what == "sys/devices/system/node: the NUMA nodes hold 12288 MiB, MemTotal is 24576 MiB");
}

TEST_CASE("memory shape: what an accelerator's node holds is in neither figure") {
  const FakeHost host;
  host.put("proc/meminfo", "MemTotal:       3145728 kB\n");
  host.put("sys/devices/system/memory/block_size_bytes", "40000000\n");
  for (const char* block : {"memory0", "memory1", "memory2"})
    host.put(std::string("sys/devices/system/memory/") + block + "/online", "1\n");
  host.put_folder("sys/devices/system/node/node1/memory2");
  const auto memory = read_memory_shape(
      host.root(), with_nodes({{.number = 0, .bytes = 2 * kGib, .kind = "dram"}, {.number = 1, .bytes = kGib, .kind = "gpu"}}));
  CHECK(memory.value.total_bytes == 2 * kGib);
  CHECK(memory.value.shape_bytes == 2 * kGib);
  CHECK(memory.problems.empty());
}

TEST_CASE("memory shape: nonsense in the files is unknown with a problem, never zero") {
  const FakeHost host;
  host.put("proc/meminfo", "MemTotal:       lots kB\n");
  host.put("sys/devices/system/memory/block_size_bytes", "0\n");
  const auto memory = read_memory_shape(host.root(), with_nodes({}));
  CHECK_FALSE(memory.value.total_bytes.has_value());
  CHECK_FALSE(memory.value.shape_bytes.has_value());
  CHECK(memory.problems.size() == 2);
}

TEST_CASE("meminfo: MemTotal must be there, be a number and be believable") {
  CHECK(*parse_memtotal("MemFree: 1 kB\nMemTotal: 8 kB\n") == 8192);
  for (const char* text : {"", "MemTotal", "MemTotal:\n", "MemTotal: 0 kB\n", "MemTotal: -1 kB\n", "MemTotal: 99999999999999999999 kB\n",
                           "MemTotal: 72057594037927936 kB\n"}) {
    CAPTURE(text);
    CHECK(parse_memtotal(text).error().code == ErrorCode::kMalformed);
  }
}
