// Samples of use at national size: bytes a day, what taking and keeping one costs, how long a week of one division takes to read.
//   capmap_bench_history_samples [DAYS] [--json FILE] [--seed N] [--catalog FOLDER]     default 7 days of minutes, and one day of sites
// Groups are those of the benches' map (20,000 sites, 300,000 nodes); how much each has is the map's, and its use moves by some percent
// each step around a day's course. FILE is continued as by capmap_bench_map.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "common/chip_table.hpp"
#include "controller/history/history_database.hpp"
#include "controller/history/sample_store.hpp"
#include "tests/bench/bench_lines.hpp"
#include "tests/bench/map_fleet.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint64_t kBegin = 1'790'000'000'000 / (7 * kDayMs) * (7 * kDayMs);
constexpr double kDriftShare = 0.02;  ///< of what is used, a step

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

template <class T>
T value_or_end(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "capmap_bench_history_samples: %s\n", result.error().what.c_str());
  std::exit(1);
}

/// A sample whose use moves.
class Moving {
 public:
  Moving(UsageSample sample, std::uint64_t seed) : sample_(std::move(sample)), random_(seed) {
    for (auto& row : sample_.rows) {
      const auto nodes = row.values[kSampleNodesInstalled].value_or(1);
      // What the map's readings leave out: disks of 8 TB, traffic of 200 Mbit/s, 450 W a node.
      complete(row, kSampleStorageUsed, kSampleStorageFree, nodes * 8'000'000);
      row.values[kSampleReceive] = nodes * 200'000;
      row.values[kSampleTransmit] = nodes * 150'000;
      row.values[kSamplePower] = nodes * 450;
      for (std::size_t i = 0; i < kSampleSumCount; ++i) row.values[kSampleUnknown + i] = 0;
      level_.push_back(0.3 + 0.4 * unit());
    }
  }
  const UsageSample& at(std::uint64_t unix_ms) {
    sample_.at_unix_ms = unix_ms;
    const auto day = static_cast<double>(unix_ms % kDayMs) / static_cast<double>(kDayMs);
    for (std::size_t i = 0; i < sample_.rows.size(); ++i) {
      SampleRow& row = sample_.rows[i];
      const auto aim = level_[i] + 0.15 * std::sin(2 * std::numbers::pi * day);
      share(row, kSampleCpuUsed, kSampleCpuFree, aim);
      share(row, kSampleMemoryUsed, kSampleMemoryFree, aim);
      share(row, kSampleStorageUsed, kSampleStorageFree, level_[i], 0.0005);
      share(row, kSampleAcceleratorsUsed, kSampleAcceleratorsFree, aim);
      for (const auto figure : {kSampleReceive, kSampleTransmit, kSamplePower}) drift(row.values[figure]);
    }
    return sample_;
  }

 private:
  double unit() { return std::uniform_real_distribution<double>()(random_); }
  static void complete(SampleRow& row, SampleColumn used, SampleColumn free, std::uint64_t whole) {
    row.values[used] = whole / 2;
    row.values[free] = whole - whole / 2;
  }
  void share(SampleRow& row, SampleColumn used, SampleColumn free, double aim, double by = kDriftShare) {
    if (!row.values[used] || !row.values[free]) return;
    const auto whole = *row.values[used] + *row.values[free];
    auto part = static_cast<double>(*row.values[used]);
    part += (static_cast<double>(whole) * aim - part) * 0.02 + part * by * normal_(random_);
    row.values[used] = static_cast<std::uint64_t>(std::clamp(part + 0.5, 0.0, static_cast<double>(whole)));
    row.values[free] = whole - *row.values[used];
  }
  void drift(std::optional<std::uint64_t>& value) {
    const auto before = static_cast<double>(value.value_or(0));
    value = static_cast<std::uint64_t>(std::max(before * (1 + kDriftShare * normal_(random_)), 1.0));
  }

  UsageSample sample_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::vector<double> level_;
};

double stored_mb(Database& database, const char* where) {
  return static_cast<double>(value_or_end(database.number(
             (std::string("select coalesce(sum(length(body) + length(first_key) + 40), 0) from samples ") + where).c_str()))) /
         1e6;
}
/// What blocks of an hour are a day; those of hours are a week.
double mb_per_day(Database& database, const std::string& fine, const std::string& hours, std::uint64_t days) {
  const auto rows = "select coalesce(sum(length(body)), 0) from samples_tail where grain = '" + hours + "'";
  const double of_hours = stored_mb(database, ("where grain = '" + hours + "'").c_str()) +
                          static_cast<double>(value_or_end(database.number(rows.c_str()))) / 1e6;
  return (stored_mb(database, ("where grain = '" + fine + "'").c_str()) + of_hours) / static_cast<double>(days);
}

void tidy(SampleStore& store, double& longest_ms) {
  for (;;) {
    const auto begin = Clock::now();
    if (!value_or_end(store.tidy())) return;
    longest_ms = std::max(longest_ms, ms_since(begin));
  }
}

/// Appends samples of some days; the median time of one, and the longest that anything else took.
struct Cost {
  double append_ms = 0, tidy_ms = 0;
};
Cost fill(SampleStore& store, Grain grain, Moving& moving, std::uint64_t days) {
  Cost cost;
  std::vector<double> times;
  for (std::uint64_t at = 0; at <= days * kDayMs; at += rule_of(grain).step_ms) {
    const auto& sample = moving.at(kBegin + at);
    const auto begin = Clock::now();
    value_or_end(store.append(grain, sample));
    times.push_back(ms_since(begin));
    tidy(store, cost.tidy_ms);
  }
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
  cost.append_ms = times[times.size() / 2];
  return cost;
}

double read_ms(SampleStore& store, const UsageQuestion& question) {
  std::vector<double> times;
  for (int i = 0; i < 5; ++i) {
    const auto begin = Clock::now();
    const auto series = value_or_end(store.read(question));
    times.push_back(ms_since(begin));
    if (i == 0) std::printf("  %zu groups of %zu steps of %s\n", series.groups.size(), series.samples.size(), step_word(series.step_ms));
  }
  std::ranges::sort(times);
  return times[times.size() / 2];
}

/// All divisions, five classes and thirty models, each with the same nodes.
UsageSample full_sample(const UsageSample& like) {
  UsageSample full;
  std::uint64_t nodes = 0, groups = 34ULL * 5 * 30;
  for (const auto& row : like.rows) nodes += row.values[kSampleNodesInstalled].value_or(0);
  for (int region = 0; region < 34; ++region) {
    for (int of_class = 0; of_class < 5; ++of_class) {
      for (int model = 0; model < 30; ++model) {
        SampleRow row = like.rows[static_cast<std::size_t>(region * 150 + of_class * 30 + model) % like.rows.size()];
        const auto had = row.values[kSampleNodesInstalled].value_or(1);
        for (auto& value : row.values) {
          if (value) value = *value * nodes / groups / std::max<std::uint64_t>(had, 1);
        }
        row.key =
            to_text(RegionKey{std::to_string(11 + region), "class " + std::to_string(of_class), "model " + std::to_string(10 + model)});
        full.rows.push_back(std::move(row));
      }
    }
  }
  return full;
}

void measure(const UsageSample& regions, const UsageSample& sites, std::uint64_t days, std::uint64_t seed, const std::string& folder) {
  auto database = value_or_end(open_history_file(folder + "/history.db"));
  auto store = value_or_end(SampleStore::open(database));
  Moving moving_regions(regions, seed), moving_sites(sites, seed + 1);
  const auto of_regions = fill(store, Grain::kRegionMinute, moving_regions, days);
  const auto of_sites = fill(store, Grain::kSiteQuarter, moving_sites, 1);
  const auto regions_mb = mb_per_day(database, "region_1m", "region_1h", days), sites_mb = mb_per_day(database, "site_15m", "site_1h", 1);
  report("history.samples_regions_mb_per_day", regions_mb, "MB", std::nullopt);
  report("history.samples_sites_mb_per_day", sites_mb, "MB", std::nullopt);
  report("history.samples_mb_per_day", regions_mb + sites_mb, "MB", 100);
  report("history.append_regions_ms", of_regions.append_ms, "ms", std::nullopt);
  report("history.append_sites_ms", of_sites.append_ms, "ms", std::nullopt);
  report("history.compact_regions_ms", of_regions.tidy_ms, "ms", std::nullopt);
  report("history.compact_sites_ms", of_sites.tidy_ms, "ms", std::nullopt);
  UsageQuestion question{.from_unix_ms = kBegin, .until_unix_ms = kBegin + days * kDayMs};
  question.figures = {kSampleCpuUsed, kSampleCpuFree};
  question.region_2 = "11";
  report("history.usage_7d_ms", read_ms(store, question), "ms", std::nullopt);
  question.region_2.clear();
  question.by_region = true;
  report("history.usage_7d_all_regions_ms", read_ms(store, question), "ms", std::nullopt);
  question.step_ms = kHourMs;
  report("history.usage_7d_all_regions_by_hour_ms", read_ms(store, question), "ms", std::nullopt);
  question.by_region = false;
  question.site = sites.rows[sites.rows.size() / 2].key;
  question.step_ms.reset();
  report("history.usage_1d_site_ms", read_ms(store, question), "ms", std::nullopt);
}

void measure_full(const UsageSample& regions, std::uint64_t seed, const std::string& folder) {
  auto database = value_or_end(open_history_file(folder + "/full.db"));
  auto store = value_or_end(SampleStore::open(database));
  Moving moving(full_sample(regions), seed);
  const auto cost = fill(store, Grain::kRegionMinute, moving, 1);
  report("history.samples_5100_groups_mb_per_day", mb_per_day(database, "region_1m", "region_1h", 1), "MB", std::nullopt);
  report("history.append_5100_groups_ms", cost.append_ms, "ms", std::nullopt);
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t days = 7, seed = std::random_device{}();
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
      days = std::max<std::uint64_t>(std::strtoull(word.c_str(), nullptr, 10), 1);
    }
  }
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  UsageSample regions, sites;
  {
    const Fleet fleet;
    const auto chips = std::make_shared<const ChipTable>(value_or_end(ChipTable::load(catalog)));
    CapacityMap map(MapOptions{.cold_records = false}, chips, kStart);
    add_sites(map);
    add_nodes(map, fleet, 0, kCells);
    const auto view = map.view(kStart, 0);
    auto begin = Clock::now();
    regions = sample_regions(*view, kBegin);
    report("history.sample_regions_ms", ms_since(begin), "ms", std::nullopt);
    begin = Clock::now();
    sites = sample_sites(*view, kBegin);
    report("history.sample_sites_ms", ms_since(begin), "ms", std::nullopt);
  }
  std::printf("%zu groups of divisions, %zu sites\n", regions.rows.size(), sites.rows.size());
  std::string folder = (std::filesystem::temp_directory_path() / "capmap-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  measure(regions, sites, days, seed, folder);
  measure_full(regions, seed, folder);
  std::filesystem::remove_all(folder);
  if (!json.empty()) write_json(json);
  return 0;
}
