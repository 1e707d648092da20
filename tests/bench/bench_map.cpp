// The capacity map at national size, with 100,000 updates a second running in the writer's thread while questions are asked in another:
// bytes a node, latency of rollups and of a node scan, the writer's longest pause.
//   capmap_bench_map [NODES] [--json FILE] [--seed N] [--catalog FOLDER]      default 1,000,000; 3,000 hardware rows, 20,000 sites, 300,000
//   cells
// FILE is a list of {name, value, unit, reference, ratio, target}; a list that is there already is continued.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "common/chip_table.hpp"
#include "common/published.hpp"
#include "controller/find/match.hpp"
#include "controller/map/capacity_map.hpp"
#include "controller/map/node_table.hpp"
#include "controller/map/rollup.hpp"
#include "tests/bench/bench_lines.hpp"
#include "tests/bench/map_fleet.hpp"
#include "tests/bench/map_questions.hpp"
#include "tests/bench/naive_walk.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::size_t kQuestions = 1'000, kUpdatesASecond = 100'000;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double rss_bytes() {
  malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  double pages = 0, resident = 0;
  statm >> pages >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// The one writer: heartbeats of nodes in random order at a fixed rate, a view each 100 ms, and chunks of rows for a reader who scans.
class Writer {
 public:
  Writer(CapacityMap& map, const Fleet& fleet, std::size_t nodes, std::uint64_t seed)
      : map_(map), fleet_(fleet), nodes_(nodes), beats_(nodes), engine_(seed) {
    view.publish(map_.view(kStart, 0));
  }
  void start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  void stop() { thread_ = {}; }

  Published<MapView> view;
  double longest_pause_ms = 0, longest_view_ms = 0, updates_a_second = 0;
  bool hand_out_chunks = false;

 private:
  void run(const std::stop_token& stop) {
    const auto begin = Clock::now();
    std::size_t sent = 0, chunk = 0;
    double published_ms = 0;
    while (!stop.stop_requested()) {
      const auto due = static_cast<std::size_t>(ms_since(begin) * (kUpdatesASecond / 1'000));
      for (std::size_t i = 0; i < 100 && sent < due; ++i) update(++sent);
      const auto turn = Clock::now();
      if (ms_since(begin) > published_ms + 100) {
        published_ms = ms_since(begin);
        view.publish(map_.view(kStart + static_cast<std::uint64_t>(published_ms), 0));
        longest_view_ms = std::max(longest_view_ms, ms_since(turn));
      }
      if (hand_out_chunks && map_.chunk(chunk++).empty()) chunk = 0;
      longest_pause_ms = std::max(longest_pause_ms, ms_since(turn));
      if (sent >= due && !hand_out_chunks) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    updates_a_second = static_cast<double>(sent) / ms_since(begin) * 1e3;
  }

  void update(std::size_t number) {
    const auto i = engine_() % nodes_;
    Heartbeat beat;
    beat.envelope = {.run_id = i + 1ULL, .seq = kFirstBeat + beats_[i]++};
    beat.shape_prefix = fleet_.prefix(i);
    beat.moved.cpu_busy_millicores = static_cast<std::uint32_t>(number % 8'000);
    beat.moved.memory_used_mib = static_cast<std::uint32_t>(number % 50'000);
    map_.apply(numbered_id<NodeId>(i), beat, kStart + number / 100, 0);
  }

  CapacityMap& map_;
  const Fleet& fleet_;
  static constexpr std::uint32_t kFirstBeat = 3;  ///< some nodes have had three messages taken: theirs is said again, and changes nothing
  std::size_t nodes_;
  std::vector<std::uint32_t> beats_;  ///< [node]
  std::mt19937_64 engine_;
  std::jthread thread_;
};

double thread_cpu_ms() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e3 + static_cast<double>(spent.tv_nsec) * 1e-6;
}

void answer(const MapView& view, const RollupQuery& query) {
  static_cast<void>(roll_up_query(view, query, view.at_boot_ms));
}

void answer(const MapView& view, const Demand& demand) {
  static_cast<void>(find_capacity(view, demand, [](std::uint32_t) { return true; }));
}

/// Reports p99 in ms of some questions, RollupQuery or Demand, to the newest view: of the CPU time of the thread that asks, which is what
/// it waits for on a machine that has a core for it; and as NAME_wall the time on the wall of this machine, which it shares.
template <class Next>
void p99(Writer& writer, const std::string& name, std::size_t count, double target, std::optional<double> naive_ms, Next next) {
  std::vector<double> times, walls;
  for (std::size_t i = 0; i < count; ++i) {
    const auto query = next();
    const auto view = writer.view.take();
    const auto begin = Clock::now();
    const double begin_ms = thread_cpu_ms();
    answer(*view, query);
    times.push_back(thread_cpu_ms() - begin_ms);
    walls.push_back(ms_since(begin));
  }
  std::ranges::sort(times);
  std::ranges::sort(walls);
  std::printf("  CPU: median %.3f ms, greatest %.3f ms; wall: median %.3f ms\n", times[times.size() / 2], times.back(),
              walls[walls.size() / 2]);
  report(name, times[times.size() * 99 / 100], "ms", target, naive_ms);
  report(name + "_wall", walls[walls.size() * 99 / 100], "ms", std::nullopt);
}

void ask(CapacityMap& map, const Fleet& fleet, std::size_t nodes, std::uint64_t seed, const std::string& size) {
  Questions questions(seed);
  Writer writer(map, fleet, nodes, seed);
  const std::optional<NaiveWalk> naive = nodes <= 2'000'000 ? std::optional<NaiveWalk>(nodes) : std::nullopt;
  const auto walked = [&naive](double (NaiveWalk::*walk)() const) { return naive ? std::optional(((*naive).*walk)()) : std::nullopt; };
  writer.start();
  const auto measure = [](Measure one) { return Measures().set(static_cast<std::size_t>(one)); };
  p99(writer, "rollup.p99_ms_region_" + size, kQuestions, 1, walked(&NaiveWalk::region_ms),
      [&] { return questions.of({Dimension::kRegion2}, measure(Measure::kCpuUse), questions.filter()); });
  p99(writer, "rollup.p99_ms_model_" + size, kQuestions, 1, walked(&NaiveWalk::model_ms),
      [&] { return questions.of({Dimension::kAcceleratorModel}, measure(Measure::kAccelerators), questions.filter()); });
  p99(writer, "rollup.p99_ms_3dims_filter_" + size, kQuestions, 1, walked(&NaiveWalk::three_ms), [&] {
    return questions.of({Dimension::kRegion2, Dimension::kAcceleratorModel, Dimension::kOwnerClass}, measure(Measure::kCpuUse),
                        questions.filter());
  });
  p99(writer, "rollup.p99_ms_random_2dims_" + size, kQuestions, 1, walked(&NaiveWalk::three_ms), [&] { return questions.random(); });
  p99(writer, "rollup.p99_ms_all_measures_" + size, kQuestions / 5, 10, walked(&NaiveWalk::all_ms),
      [&] { return questions.of({Dimension::kRegion2}, all_measures(), questions.filter()); });
  p99(writer, "find.p99_ms_" + size, kQuestions, 5, walked(&NaiveWalk::sites_ms), [&] { return questions.demand(); });
  writer.stop();
  std::printf("%.0f updates/s meanwhile; longest publish %.2f ms\n", writer.updates_a_second, writer.longest_view_ms);
  writer.hand_out_chunks = true;
  writer.longest_pause_ms = 0;
  writer.start();
  std::this_thread::sleep_for(std::chrono::seconds(5));
  writer.stop();
  std::printf("%.0f updates/s while all rows are copied out in a loop\n", writer.updates_a_second);
  report(nodes > 2'000'000 ? "rollup.writer_pause_ms_20m" : "rollup.writer_pause_ms", writer.longest_pause_ms, "ms", 20,
         walked(&NaiveWalk::copy_ms));
}

void scan(CapacityMap& map, std::size_t nodes, std::uint64_t seed) {
  Questions questions(seed);
  std::vector<double> times, cpu_ms;
  std::size_t found = 0;
  for (int round = 0; round < 100; ++round) {
    const auto view = map.view(kStart, 0);
    const auto filter = parsed_filter(questions.filter());
    const auto begin = Clock::now();
    const double cpu_begin_ms = thread_cpu_ms();
    NodeSelection selection;
    selection.filter.emplace(filter, *view->dictionaries);
    for (std::size_t chunk = 0; chunk < map.chunk_count(); ++chunk) found += map.matching(chunk, selection).size();
    times.push_back(ms_since(begin));
    cpu_ms.push_back(thread_cpu_ms() - cpu_begin_ms);
  }
  std::ranges::sort(times);
  std::ranges::sort(cpu_ms);
  std::printf("  CPU: median %.3f ms, greatest %.3f ms; %zu nodes found in all\n", cpu_ms[50], cpu_ms[99], found);
  report("scan.p99_ms_1m", times[98], "ms", 20, NaiveWalk(nodes).scan_ms());
}

/// Growth of the process from a map with its sites and pools, and no node, to all nodes; `_marginal`: from when each cell has one. Each
/// with a view that readers hold, as in a controller.
CapacityMap build(const Fleet& fleet, std::shared_ptr<const ChipTable> chips, std::size_t nodes, bool cold, const std::string& size) {
  CapacityMap map(MapOptions{.cold_records = cold}, std::move(chips), kStart);
  add_sites(map);
  auto view = map.view(kStart, 0);
  const auto empty = rss_bytes();
  const auto begin = Clock::now();
  add_nodes(map, fleet, 0, std::min(kCells, nodes));
  view = map.view(kStart, 0);
  const auto with_cells = rss_bytes();
  view.reset();  // a copy of every block would be made otherwise, as none is where views follow each other
  add_nodes(map, fleet, kCells, nodes);
  view = map.view(kStart, 0);
  const auto full = rss_bytes();
  std::printf("%zu nodes joined, said hello and usage: %.0f/s; %zu sites, %zu pools, %zu hardware rows, %zu cells; cold records %s\n",
              nodes, static_cast<double>(nodes) / ms_since(begin) * 1e3, kSites, kPooledSites * kPoolsASite,
              static_cast<std::size_t>(map.counters().hardware_rows), view->cells.size(), cold ? "on" : "off");
  std::printf("hot row %zu B; empty map %.1f MB, with a node in each cell %.1f MB, full %.1f MB\n", NodeTable::hot_row_bytes(), empty / 1e6,
              with_cells / 1e6, full / 1e6);
  const std::string name = std::string("map.bytes_per_node_") + (cold ? "cold_" : "") + size;
  report(name, (full - empty) / static_cast<double>(nodes), "B", cold ? 360 : 110, NaiveWalk::record_bytes());
  if (nodes > kCells) report(name + "_marginal", (full - with_cells) / static_cast<double>(nodes - kCells), "B", std::nullopt);
  if (nodes > 2'000'000) report("map.rss_gb_20m", full / 1e9, "GB", 3);
  return map;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t nodes = 1'000'000;
  std::uint64_t seed = std::random_device{}();
  std::string json, catalog = "schemas/catalog";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--json" && i + 1 < argc) {
      json = argv[++i];
    } else if (word == "--catalog" && i + 1 < argc) {
      catalog = argv[++i];
    } else if (word == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      nodes = std::strtoull(word.c_str(), nullptr, 10);
    }
  }
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  const Fleet fleet;
  auto loaded = ChipTable::load(catalog);
  if (!loaded) return std::fprintf(stderr, "capmap_bench_map: %s\n", loaded.error().what.c_str()) < 0 ? 1 : 1;
  const auto chips = std::make_shared<const ChipTable>(std::move(*loaded));
  const std::string size = nodes > 2'000'000 ? "20m" : "1m";
  {
    auto map = build(fleet, chips, nodes, false, size);
    if (size == "1m") scan(map, nodes, seed);
    ask(map, fleet, nodes, seed, size);
  }
  if (size == "1m") build(fleet, chips, nodes, true, size);
  if (!json.empty()) write_json(json);
  return 0;
}
