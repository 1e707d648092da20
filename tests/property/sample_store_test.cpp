// What the store of samples tells is what adding up all samples that were appended tells, whatever became blocks and hours meanwhile.
#include "controller/history/sample_store.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "tests/support/seed.hpp"

using namespace capmap;

namespace {

constexpr std::uint64_t kBegin = 1'790'000'000'000 / kDayMs * kDayMs;
using Value = std::optional<std::uint64_t>;

struct NaiveStep {
  Value mean, min, max;
  bool operator==(const NaiveStep&) const = default;
};

/// All samples, and sums over them without any table.
class Naive {
 public:
  std::vector<UsageSample> samples;

  [[nodiscard]] NaiveStep step(const UsageQuestion& question, const RegionKey& group, SampleColumn figure, std::uint64_t from,
                               std::uint64_t until) const {
    unsigned __int128 sum = 0;
    std::uint64_t count = 0, least = UINT64_MAX, greatest = 0;
    bool told = false, silent = false;
    for (auto at = std::ranges::lower_bound(samples, from, {}, &UsageSample::at_unix_ms); at != samples.end(); ++at) {
      const UsageSample& sample = *at;
      if (sample.at_unix_ms >= until) break;
      std::uint64_t value = 0;
      bool there = false, known = false;
      for (const auto& row : sample.rows) {
        if (!belongs(question, parse_region_key(row.key), group)) continue;
        there = true;
        if (!row.values[figure]) continue;
        known = true;
        value += *row.values[figure];
      }
      told = told || known;
      silent = silent || (there && !known);
      if (there && !known) continue;
      sum += value;
      ++count;
      least = std::min(least, value);
      greatest = std::max(greatest, value);
    }
    if (count == 0 || (!told && silent)) return {};
    return {.mean = static_cast<std::uint64_t>((sum + count / 2) / count), .min = least, .max = greatest};
  }

 private:
  static bool belongs(const UsageQuestion& question, const RegionKey& key, const RegionKey& group) {
    if (!question.region_2.empty() && key.region_2 != question.region_2) return false;
    return (!question.by_region || key.region_2 == group.region_2) && (!question.by_class || key.compute_class == group.compute_class) &&
           (!question.by_model || key.accelerator_model == group.accelerator_model);
  }
};

class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed) { reopen(); }

  void append() {
    at_ += kMinuteMs * (1 + draw(draw(40) == 0 ? 400 : 8));
    UsageSample sample{.at_unix_ms = at_ + draw(kMinuteMs), .rows = {}};
    for (auto& [key, used] : groups_) {
      if (draw(60) == 0) used.there = !used.there;
      if (!used.there) continue;
      SampleRow row{.key = key, .values = {}};
      row.values[kSampleNodesInstalled] = 10;
      used.cores = used.cores + draw(2'001) - std::min<std::uint64_t>(used.cores, 1'000);
      if (draw(10) != 0) {
        row.values[kSampleCpuUsed] = used.cores;
        row.values[kSampleCpuFree] = 1'000'000 - std::min<std::uint64_t>(used.cores, 1'000'000);
      }
      row.values[kSampleUnknown] = draw(3);
      sample.rows.push_back(std::move(row));
    }
    const auto kept = store_->append(Grain::kRegionMinute, sample);
    REQUIRE(kept);
    REQUIRE(*kept);
    naive.samples.push_back(std::move(sample));
  }
  void tidy() {
    for (;;) {
      const auto done = store_->tidy();
      INFO((done ? std::string() : done.error().what));
      REQUIRE(done);
      if (!*done) return;
    }
  }
  void reopen() {
    auto opened = SampleStore::open(*database_);
    REQUIRE(opened);
    store_.emplace(std::move(*opened));
  }
  std::uint64_t draw(std::uint64_t bound) { return random_() % bound; }
  UsageSeries ask(const UsageQuestion& question) {
    auto series = store_->read(question);
    INFO((series ? std::string() : series.error().what));
    REQUIRE(series);
    return *series;
  }
  [[nodiscard]] std::uint64_t now() const { return at_ + kMinuteMs; }

  Naive naive;

 private:
  struct Used {
    bool there = true;
    std::uint64_t cores = 500'000;
  };
  std::mt19937_64 random_;
  Result<Database> database_ = Database::open(":memory:", Database::Mode::kCreate);
  std::optional<SampleStore> store_;
  std::uint64_t at_ = kBegin;
  std::map<std::string, Used> groups_ = {{to_text(RegionKey{"11", "general", ""}), {}}, {to_text(RegionKey{"11", "super", "A"}), {}},
                                         {to_text(RegionKey{"31", "general", ""}), {}}, {to_text(RegionKey{"31", "super", "A"}), {}},
                                         {to_text(RegionKey{"31", "super", "B"}), {}},  {to_text(RegionKey{"", "", ""}), {}}};
};

/// Compares every step; of hours the caller asks for groups of one key each.
std::size_t compare(const Naive& naive, const UsageQuestion& question, const UsageSeries& series, bool all) {
  std::size_t known = 0;
  for (const auto& group : series.groups) {
    for (std::size_t i = 0; i < question.figures.size(); ++i) {
      for (std::size_t step = 0; step < series.samples.size(); ++step) {
        const auto from = series.from_unix_ms + step * series.step_ms;
        const auto wanted =
            naive.step(question, group.key, question.figures[i], from, std::min(from + series.step_ms, question.until_unix_ms));
        const auto& figure = group.figures[i];
        INFO(to_text(group.key) << " figure " << i << " step " << step << " of " << series.step_ms);
        REQUIRE(figure.max[step] == wanted.max);
        if (!all) continue;
        REQUIRE(figure.mean[step] == wanted.mean);
        REQUIRE(figure.min[step] == wanted.min);
        known += wanted.mean ? 1 : 0;
      }
    }
  }
  return known;
}

}  // namespace

TEST_CASE("sample store: minutes and hours tell what all samples together tell, whenever it is tidied and opened again") {
  Walk walk(run_seed());
  std::size_t known = 0;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 60; ++i) {
      walk.append();
      if (walk.draw(20) == 0) walk.tidy();
      if (walk.draw(40) == 0) walk.reopen();
    }
    UsageQuestion question{.from_unix_ms = walk.now() - kHourMs * (1 + walk.draw(30)), .until_unix_ms = walk.now()};
    question.figures = {kSampleNodesInstalled, kSampleCpuUsed, kSampleCpuFree};
    question.by_region = walk.draw(2) == 0;
    question.by_class = walk.draw(2) == 0;
    question.by_model = walk.draw(2) == 0;
    if (walk.draw(2) == 0) question.region_2 = walk.draw(2) == 0 ? "11" : "31";
    question.step_ms = walk.draw(2) == 0 ? 5 * kMinuteMs : 15 * kMinuteMs;
    const auto series = walk.ask(question);
    REQUIRE(series.step_ms == question.step_ms);
    known += compare(walk.naive, question, series, true);
  }
  CHECK(known > 1'000);
  CHECK(walk.now() > kBegin + 8 * kDayMs);
  walk.tidy();
  UsageQuestion question{.from_unix_ms = 0, .until_unix_ms = UINT64_MAX, .by_region = true, .by_class = true, .by_model = true};
  question.figures = {kSampleNodesInstalled, kSampleCpuUsed, kSampleCpuFree};
  const auto hours = walk.ask(question);
  CHECK(hours.step_ms == kHourMs);  // minutes of the first days are gone
  CHECK(hours.why_coarser == "samples of 1m are kept for 7 days: of what is older there are hours");
  CHECK_FALSE(hours.bounds);
  CHECK(hours.groups.size() == 6);
  CHECK(compare(walk.naive, question, hours, true) > 500);
  question.step_ms = kDayMs;
  const auto days = walk.ask(question);
  CHECK(days.step_ms == kDayMs);
  compare(walk.naive, question, days, false);
}
