#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <tuple>
#include <vector>

#include "controller/map/cell_histograms.hpp"
#include "controller/map/cells.hpp"
#include "controller/map/heard_slots.hpp"

using namespace capmap;

TEST_CASE("times of hearing are the same as in a map of times, few and many, near and far") {
  std::mt19937_64 engine(20'261'129);
  constexpr std::size_t kCells = 5;
  constexpr int kSteps = 40'000;
  HeardSlots slots;
  slots.resize(kCells);
  std::vector<std::map<std::uint32_t, std::uint64_t>> naive(kCells);
  for (int step = 0; step < kSteps; ++step) {
    const auto cell = engine() % kCells;
    auto& times = naive[cell];
    // Cell 0 stays within some times, others jump; some get more nodes at a time than a byte holds.
    const auto near = static_cast<std::uint32_t>(1'000 + static_cast<std::uint64_t>(step) / 400 + engine() % (cell == 0 ? 6 : 40));
    const auto time = cell == 4 && engine() % 50 == 0 ? static_cast<std::uint32_t>(engine()) : near;
    const auto nodes = static_cast<std::uint32_t>(engine() % (cell < 2 ? 3 : 300));
    if (times.empty() || engine() % 2 == 0) {
      slots.add(cell, time, nodes);
      if (nodes > 0) times[time] += nodes;
    } else {
      auto entry = std::next(times.begin(), static_cast<std::ptrdiff_t>(engine() % times.size()));
      const auto fewer = static_cast<std::uint32_t>(1 + engine() % entry->second);
      slots.take(cell, entry->first, fewer);
      entry->second -= fewer;
      if (entry->second == 0) times.erase(entry);
    }
    REQUIRE(slots.empty(cell) == times.empty());
    if (!times.empty()) REQUIRE(slots.first(cell) == times.begin()->first);
  }
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    for (const auto& [time, nodes] : naive[cell]) slots.take(cell, time, static_cast<std::uint32_t>(nodes));
    CHECK(slots.empty(cell));
  }
}

TEST_CASE("histograms of a run are the same as in a map of buckets, whatever the counts") {
  std::mt19937_64 engine(7);
  constexpr int kSteps = 20'000;
  CellHistograms histograms;
  std::map<std::tuple<std::size_t, std::size_t, std::size_t>, std::uint32_t> naive;
  for (int step = 0; step < kSteps; ++step) {
    const auto cell = engine() % kRunCells, which = engine() % kHistogramCount;
    const auto bucket = engine() % (which == kFreeAccelerators ? kFreeAcceleratorBuckets : kFreeBuckets);
    const std::uint32_t count = engine() % 3 == 0 ? 0 : engine() % 9 == 0 ? static_cast<std::uint32_t>(engine()) : 1 + engine() % 4;
    histograms.set(cell, which, bucket, count);
    naive[{cell, which, bucket}] = count;
    std::uint8_t top = 0;
    for (std::size_t i = 0; i < kFreeBuckets; ++i) {
      const auto found = naive.find({cell, which, i});
      const auto expected = found == naive.end() ? 0 : found->second;
      if (expected > 0) top = static_cast<std::uint8_t>(i + 1);
      if (i == bucket) REQUIRE(histograms.count(cell, which, i) == expected);
    }
    REQUIRE(histograms.top(cell, which) == top);
  }
  for (const auto& [key, count] : naive) {
    const auto& [cell, which, bucket] = key;
    CHECK(histograms.count(cell, which, bucket) == count);
  }
}

TEST_CASE("who knows a reading is counted where all did before and the newest does not") {
  CellTable cells;
  const CellKey key{.site = 1, .hardware = 2};
  Contribution knows;
  knows.readings[kCpuBusy] = 700;
  knows.heard_ms = 90'000;
  Contribution silent;
  const auto slot = cells.add(key, knows);
  cells.add(key, knows);
  const auto busy = [](const CellColumns& view) { return view.ordered().at(0).cpu_busy_millicores; };
  const auto all = cells.publish();
  CHECK(all.sums(0).known_nodes[kSumCpuBusy] == KnownNodes::kAll);
  CHECK(busy(all) == ReadingSum{1'400, 2});
  CHECK(all.ordered()[0].heard_nodes == 2);

  cells.add(key, silent);
  const auto some = cells.publish();
  CHECK(some.sums(0).known_nodes[kSumCpuBusy] == KnownNodes::kSome);
  CHECK(busy(some) == ReadingSum{1'400, 2});
  CHECK(some.ordered()[0].nodes == 3);
  CHECK(some.ordered()[0].heard_nodes == 2);

  cells.change(slot, knows, key, silent);
  CHECK(busy(cells.publish()) == ReadingSum{700, 1});
  cells.remove(slot, silent);
  cells.remove(slot, silent);
  const auto again = cells.publish();
  CHECK(again.sums(0).known_nodes[kSumCpuBusy] == KnownNodes::kAll);
  CHECK(busy(again) == ReadingSum{700, 1});
  cells.remove(slot, knows);
  CHECK(cells.publish().empty());
  CHECK(busy(all) == ReadingSum{1'400, 2});  // what was given away is as it was
}
