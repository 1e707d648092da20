// The capacity map at national size: updates a second of CPU, the CPU time of a view and of a rollup, bytes a node, each beside a naive
// reference measured in the same run (one record a node; every question scans all nodes).
//   capmap_bench_map [NODES]      default 1,000,000, with 3,000 hardware rows and 20,000 sites
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/map/capacity_map.hpp"
#include "controller/map/node_table.hpp"
#include "controller/map/rollup.hpp"
#include "tests/support/map_agent.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::size_t kSites = 20'000, kHardware = 3'000, kHardwareASite = 15, kUpdates = 2'000'000;
constexpr std::uint64_t kStart = 1'000'000;
constexpr int kRepeats = 9;

/// CPU time of this process: steadier than wall time on a shared machine.
double cpu_seconds() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

/// Median of some runs, in seconds.
template <class Work>
double median_seconds(Work work) {
  std::vector<double> times;
  for (int i = 0; i < kRepeats; ++i) {
    const double begin = cpu_seconds();
    work();
    times.push_back(cpu_seconds() - begin);
  }
  std::ranges::sort(times);
  return times[times.size() / 2];
}

std::size_t heap_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// What a node is, by its number alone: its site, and one of the few kinds of hardware of that site.
struct Fleet {
  std::size_t nodes;
  std::vector<EncodedShape> shapes;

  explicit Fleet(std::size_t count) : nodes(count) {
    for (std::uint32_t i = 0; i < kHardware; ++i) shapes.push_back(pack_shape(server_shape(8 + i, 64 + i % 8, i % 3 == 0 ? 8 : 0)));
  }
  static std::size_t site(std::size_t node) { return node % kSites; }
  static std::size_t hardware(std::size_t node) { return (site(node) * 7 + (node / kSites) % kHardwareASite) % kHardware; }
  [[nodiscard]] std::uint64_t prefix(std::size_t node) const { return shape_prefix(shapes[hardware(node)].id); }
};

Site site_of(std::size_t number) {
  Site site;
  site.id = numbered_id<SiteId>(number);
  site.name = "site " + std::to_string(number);
  site.region = std::to_string(11 + number % 34);
  return site;
}

/// One record a node, found by id; readings only, so it is kinder to the reference than to the map.
struct NaiveRecord {
  std::uint64_t run_id = 0, heard_ms = 0;
  std::uint32_t seq = 0, site = 0, hardware = 0, busy = 0, used = 0;
};
using NaiveNodes = std::unordered_map<NodeId, NaiveRecord, IdHash>;

void fill(CapacityMap& map, NaiveNodes& naive, const Fleet& fleet) {
  for (std::size_t i = 0; i < kSites; ++i) map.put_site(site_of(i));
  for (std::size_t i = 0; i < fleet.nodes; ++i) {
    KnownNode known;
    known.id = numbered_id<NodeId>(i);
    known.site = numbered_id<SiteId>(Fleet::site(i));
    map.add_node(known, false, kStart);
    Hello hello;
    hello.envelope = {.run_id = i + 1, .seq = 1};
    hello.shape_id = fleet.shapes[Fleet::hardware(i)].id;
    hello.hostname = "node-" + std::to_string(i);
    hello.os = "Debian GNU/Linux 12 (bookworm)";
    hello.memory_total_bytes = 63 * kGib;
    if (map.apply(known.id, hello, kStart, 0).need_shape) {
      map.apply(known.id, ShapeMessage{.envelope = {i + 1, 2}, .shape = fleet.shapes[Fleet::hardware(i)]}, kStart, 0);
    }
    map.apply(known.id, UsageMessage{.envelope = {i + 1, 3}, .shape_prefix = fleet.prefix(i), .usage = usage_of(busy(1'000, 2'000))},
              kStart, 0);
    naive[known.id] = {.run_id = i + 1,
                       .heard_ms = kStart,
                       .seq = 3,
                       .site = static_cast<std::uint32_t>(Fleet::site(i)),
                       .hardware = static_cast<std::uint32_t>(Fleet::hardware(i)),
                       .busy = 1'000,
                       .used = 2'000};
  }
}

/// Heartbeats of nodes in random order, as they come from a fleet.
double map_updates(CapacityMap& map, const Fleet& fleet, const std::vector<std::uint32_t>& order) {
  Heartbeat beat;
  std::uint64_t now = kStart + 1'000;
  std::size_t sent = 0;
  const double begin = cpu_seconds();
  for (const auto i : order) {
    ++sent;
    beat.envelope = {.run_id = i + 1ULL, .seq = static_cast<std::uint32_t>(3 + sent)};
    beat.shape_prefix = fleet.prefix(i);
    beat.moved.cpu_busy_millicores = static_cast<std::uint32_t>(sent % 8'000);
    beat.moved.memory_used_mib = static_cast<std::uint32_t>(sent % 50'000);
    if (sent % 200 == 0) ++now;
    map.apply(numbered_id<NodeId>(i), beat, now, 0);
  }
  return cpu_seconds() - begin;
}

double naive_updates(NaiveNodes& naive, const std::vector<std::uint32_t>& order) {
  std::uint32_t sent = 0;
  const double begin = cpu_seconds();
  for (const auto i : order) {
    ++sent;
    auto& record = naive.find(numbered_id<NodeId>(i))->second;
    if (record.run_id != i + 1ULL || record.seq >= 3 + sent) continue;
    record.seq = 3 + sent;
    record.busy = sent % 8'000;
    record.used = sent % 50'000;
    record.heard_ms = kStart + sent / 200;
  }
  return cpu_seconds() - begin;
}

/// Nodes and busy cores by region, by looking at every node.
std::size_t naive_rollup(const NaiveNodes& naive) {
  std::unordered_map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> groups;
  for (const auto& [id, record] : naive) {
    auto& group = groups[record.site % 34];
    ++group.first;
    group.second += record.busy;
  }
  return groups.size();
}

void print_questions(const CapacityMap& map, const NaiveNodes& naive) {
  const auto view = map.view(kStart, 0);
  std::printf("cells              %10zu\n", view->cells.size());
  const double view_s = median_seconds([&] { static_cast<void>(map.view(kStart, 0)); });
  std::printf("view               %10.1f ms\n", view_s * 1e3);
  const double scan_s = median_seconds([&] { naive_rollup(naive); });
  std::printf("naive scan         %10.1f ms   two measures by region over all nodes\n", scan_s * 1e3);
  const double region_s = median_seconds([&] { roll_up(*view, {Dimension::kRegion2}, kStart); });
  std::printf("rollup by region   %10.1f ms   all measures; %.1f x the naive scan's speed\n", region_s * 1e3, scan_s / region_s);
  const double total_s = median_seconds([&] { roll_up(*view, {}, kStart); });
  std::printf("rollup, total      %10.1f ms\n", total_s * 1e3);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t nodes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const Fleet fleet(nodes);
  NaiveNodes naive;
  naive.reserve(nodes);
  const auto heap_before = heap_bytes();
  CapacityMap map(MapOptions{}, nullptr, kStart);
  const double begin = cpu_seconds();
  fill(map, naive, fleet);
  const double fill_s = cpu_seconds() - begin;
  const auto naive_bytes = nodes * (sizeof(NaiveNodes::value_type) + 2 * sizeof(void*));
  const auto bytes = heap_bytes() - heap_before - naive_bytes;
  std::printf("nodes              %10zu   %zu sites, %zu hardware rows\n", nodes, kSites, map.counters().hardware_rows);
  std::printf("join, hello, usage %10.0f nodes/s\n", static_cast<double>(nodes) / fill_s);
  std::printf("hot row            %10zu B a node; all with cold records, index and cells %zu B\n", NodeTable::hot_row_bytes(),
              bytes / nodes);

  std::vector<std::uint32_t> order(kUpdates);
  std::mt19937_64 engine(1);
  for (auto& node : order) node = static_cast<std::uint32_t>(engine() % nodes);
  const double map_s = map_updates(map, fleet, order);
  const double naive_s = naive_updates(naive, order);
  std::printf("updates            %10.0f /s   %.2f x a bare hash map of records, which keeps no totals\n", kUpdates / map_s,
              naive_s / map_s);
  const double silent_s = median_seconds([&] { map.advance(kStart + 11'000); });
  std::printf("advance            %10.1f us   when nothing expires\n", silent_s * 1e6);
  print_questions(map, naive);
  const double late = cpu_seconds();
  map.advance(kStart + 100'000);
  std::printf("all nodes lost     %10.1f ms   at once\n", (cpu_seconds() - late) * 1e3);
  return 0;
}
