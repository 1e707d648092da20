#include "controller/history/sample_store.hpp"

#include <catch2/catch.hpp>

#include "common/log.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

constexpr std::uint64_t kBegin = 1'790'000'000'000 / kDayMs * kDayMs;

/// A store in memory; groups are one division each.
struct World {
  World() { open(); }
  void open() {
    auto opened = SampleStore::open(*database);
    REQUIRE(opened);
    store.emplace(std::move(*opened));
  }
  Result<bool> append(std::uint64_t at, std::vector<std::pair<std::string, std::uint64_t>> used, Grain grain = Grain::kRegionMinute) {
    UsageSample sample{.at_unix_ms = at, .rows = {}};
    for (const auto& [name, cores] : used) {
      const bool region = grain == Grain::kRegionMinute;
      SampleRow& row = sample.rows.emplace_back();
      row.key = region ? to_text(RegionKey{.region_2 = name, .compute_class = {}, .accelerator_model = {}}) : name;
      row.values[kSampleNodesInstalled] = 1;
      row.values[kSampleCpuUsed] = cores;
    }
    return store->append(grain, sample);
  }
  void tidy() {
    for (auto done = store->tidy();; done = store->tidy()) {
      REQUIRE(done);
      if (!*done) return;
    }
  }
  UsageSeries ask(std::uint64_t from, std::uint64_t until, std::optional<std::uint64_t> step = {}, std::string region = {}) {
    UsageQuestion question{.from_unix_ms = from, .until_unix_ms = until, .step_ms = step};
    question.region_2 = std::move(region);
    question.by_region = true;
    question.figures = {kSampleCpuUsed};
    auto series = store->read(question);
    INFO((series ? std::string() : series.error().what));
    REQUIRE(series);
    return *series;
  }
  std::int64_t count(const char* sql) { return *database->number(sql); }

  Result<Database> database = Database::open(":memory:", Database::Mode::kCreate);
  std::optional<SampleStore> store;
};

}  // namespace

TEST_CASE("sample store: a clock that steps back rewrites nothing, is counted and said once") {
  World world;
  const LogCapture log;
  CHECK(*world.append(kBegin + 10 * kMinuteMs, {{"11", 5}}));
  CHECK_FALSE(*world.append(kBegin + 10 * kMinuteMs, {{"11", 6}}));
  CHECK_FALSE(*world.append(kBegin + 9 * kMinuteMs, {{"11", 7}}));
  CHECK_FALSE(*world.append(kBegin + 10 * kMinuteMs + 59'999, {{"11", 8}}));
  CHECK(*world.append(kBegin + 11 * kMinuteMs, {{"11", 9}}));
  CHECK(world.store->counts().put_aside == 3);
  CHECK(world.store->counts().appended == 2);
  const auto series = world.ask(kBegin, kBegin + kHourMs, kMinuteMs);
  REQUIRE(series.groups.size() == 1);
  CHECK(series.groups[0].figures[0].mean == std::vector<std::optional<std::uint64_t>>{5, 9});
  const auto text = log.text();
  CHECK_THAT(text, Contains("sample_put_aside"));
  CHECK(text.find("sample_put_aside") == text.rfind("sample_put_aside"));
  CHECK_THAT(text, Contains("samples_go_on"));
}

TEST_CASE("sample store: nothing is taken before an hour that is a block already, also after it was opened again") {
  World world;
  for (std::uint64_t minute = 0; minute <= 60; ++minute) REQUIRE(*world.append(kBegin + minute * kMinuteMs, {{"11", minute}}));
  world.tidy();
  CHECK(world.count("select count(*) from samples where grain = 'region_1m'") == 1);
  CHECK(world.count("select count(*) from samples_tail where grain = 'region_1m'") == 1);
  CHECK(world.count("select count(*) from samples_tail where grain = 'region_1h'") == 1);
  world.open();
  CHECK_FALSE(*world.append(kBegin + 30 * kMinuteMs + 1, {{"11", 1}}));
  CHECK_FALSE(*world.append(kBegin + 60 * kMinuteMs, {{"11", 1}}));
  CHECK(*world.append(kBegin + 61 * kMinuteMs, {{"11", 1}}));
  const auto hours = world.ask(kBegin, kBegin + 2 * kHourMs, kHourMs);
  REQUIRE(hours.groups.size() == 1);
  CHECK(hours.groups[0].figures[0].mean == std::vector<std::optional<std::uint64_t>>{30, 31});  // 0…59; 60 and 1
  CHECK(hours.groups[0].figures[0].max == std::vector<std::optional<std::uint64_t>>{59, 60});
  CHECK(hours.samples == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("sample store: minutes go after seven days and their hours stay; blocks of hours are weeks") {
  World world;
  const auto last = 16 * kDayMs;
  for (std::uint64_t at = 0; at <= last; at += 20 * kMinuteMs) {
    REQUIRE(*world.append(kBegin + at, {{"11", at / kHourMs}, {"31", 1}}));
    if (at % kDayMs == 0) world.tidy();
  }
  world.tidy();
  CHECK(world.count("select min(from_unix_ms) from samples where grain = 'region_1m'") ==
        static_cast<std::int64_t>(kBegin + last - 7 * kDayMs));
  CHECK(world.count("select count(distinct from_unix_ms) from samples where grain = 'region_1h'") >= 1);
  const auto weeks = world.ask(0, UINT64_MAX, std::nullopt, "11");
  CHECK(weeks.step_ms == kHourMs);
  CHECK(weeks.sample_ms == kHourMs);
  REQUIRE(weeks.groups.size() == 1);
  const auto& mean = weeks.groups[0].figures[0].mean;
  REQUIRE(mean.size() == last / kHourMs + 1);
  for (std::size_t hour = 0; hour < mean.size(); ++hour) CHECK(mean[hour] == hour);
  const auto days = world.ask(kBegin + last - 3 * kDayMs, UINT64_MAX, 15 * kMinuteMs, "11");
  CHECK(days.step_ms == 15 * kMinuteMs);
  CHECK(days.why_coarser.empty());
}

TEST_CASE("sample store: a site is read by its key alone, by quarters of an hour at the finest") {
  World world;
  for (std::uint64_t quarter = 0; quarter <= 96; ++quarter) {
    REQUIRE(*world.append(kBegin + quarter * 15 * kMinuteMs, {{"s-a", quarter}, {"s-b", 7}}, Grain::kSiteQuarter));
  }
  world.tidy();
  CHECK(world.count("select count(*) from samples where grain = 'site_15m'") == 1);
  CHECK(world.count("select count(*) from samples where grain = 'site_1h'") == 1);  // its 24 hours
  CHECK(world.count("select count(*) from samples_tail") == 1);
  UsageQuestion question{.from_unix_ms = kBegin, .until_unix_ms = UINT64_MAX, .step_ms = kMinuteMs};
  question.site = "s-a";
  question.figures = {kSampleCpuUsed};
  const auto series = world.store->read(question);
  REQUIRE(series);
  CHECK(series->why_coarser == "samples of sites are made each 15m");
  REQUIRE(series->groups.size() == 1);
  REQUIRE(series->groups[0].figures[0].mean.size() == 97);
  CHECK(series->groups[0].figures[0].mean[50] == 50);
  question.step_ms = kHourMs;
  const auto hours = world.store->read(question);
  REQUIRE(hours);
  REQUIRE(hours->groups.size() == 1);
  REQUIRE(hours->groups[0].figures[0].mean.size() == 25);
  CHECK(hours->groups[0].figures[0].mean[12] == 50);  // 48, 49, 50, 51
  CHECK(hours->groups[0].figures[0].mean[24] == 96);
  CHECK(hours->groups[0].figures[0].max[12] == 51);
  question.step_ms = kMinuteMs;
  question.site = "s-nobody";
  CHECK(world.store->read(question)->groups.empty());
  CHECK(world.store->read(question)->samples.size() == 97);
}

TEST_CASE("sample store: a group that comes or goes is nothing outside its time, and a gap in samples is a gap") {
  World world;
  REQUIRE(*world.append(kBegin, {{"11", 4}}));
  REQUIRE(*world.append(kBegin + kMinuteMs, {{"11", 4}, {"31", 8}}));
  REQUIRE(*world.append(kBegin + 2 * kMinuteMs, {}));
  REQUIRE(*world.append(kBegin + 6 * kMinuteMs, {{"31", 2}}));
  const auto minutes = world.ask(kBegin, kBegin + kHourMs, kMinuteMs);
  REQUIRE(minutes.groups.size() == 2);
  using List = std::vector<std::optional<std::uint64_t>>;
  const auto gap = std::nullopt;
  CHECK(minutes.groups[0].figures[0].mean == List{4, 4, 0, gap, gap, gap, 0});
  CHECK(minutes.groups[1].figures[0].mean == List{0, 8, 0, gap, gap, gap, 2});
  CHECK(minutes.samples == std::vector<std::uint64_t>{1, 1, 1, 0, 0, 0, 1});
  // Division 15 would lie in the first block, where it is not.
  CHECK(world.ask(kBegin, kBegin + kHourMs, kMinuteMs, "15").groups.empty());
  CHECK(world.ask(kBegin, kBegin + kHourMs, kMinuteMs, "31").samples == minutes.samples);
}

TEST_CASE("sample store: an answer has no more steps and series than it has room for, and says why") {
  World world;
  for (std::uint64_t hour = 0; hour < 3 * 24; ++hour) REQUIRE(*world.append(kBegin + hour * kHourMs, {{"11", 1}}));
  CHECK(world.ask(kBegin, UINT64_MAX).step_ms == 5 * kMinuteMs);
  CHECK(world.ask(kBegin, UINT64_MAX).why_coarser == "an answer has at most 2016 steps");
  CHECK(world.ask(kBegin, UINT64_MAX, 6 * kHourMs).samples.size() == 12);
  std::vector<std::pair<std::string, std::uint64_t>> many;
  for (int i = 0; i < 2'100; ++i) many.emplace_back(std::to_string(10'000 + i), 1);
  const auto crowd = std::vector(many.begin(), many.begin() + 1'000);
  REQUIRE(*world.append(kBegin + 72 * kHourMs, crowd));
  const auto coarse = world.ask(kBegin + 71 * kHourMs, UINT64_MAX, kMinuteMs);
  CHECK(coarse.groups.size() == 1'001);
  CHECK(coarse.step_ms == 5 * kMinuteMs);
  CHECK_THAT(coarse.why_coarser, Contains("fewer groups or measures"));
  REQUIRE(*world.append(kBegin + 73 * kHourMs, many));
  UsageQuestion question{.from_unix_ms = kBegin, .until_unix_ms = UINT64_MAX, .by_region = true};
  question.figures = {kSampleCpuUsed};
  const auto refused = world.store->read(question);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kMalformed);
  question.until_unix_ms = kBegin;
  CHECK(world.store->read(question).error().what == "from: must be before to");
}

TEST_CASE("sample store: minutes answer also where a week of hours is a block already, and what is asked begins with the first sample") {
  World world;
  const auto week = kBegin / (7 * kDayMs) * 7 * kDayMs + 7 * kDayMs;
  for (std::uint64_t hour = 0; hour <= 50; ++hour) REQUIRE(*world.append(week + (hour - 26) * kHourMs + 20 * kMinuteMs, {{"11", hour}}));
  world.tidy();
  CHECK(world.count("select count(*) from samples where grain = 'region_1h'") == 1);
  const auto series = world.ask(0, UINT64_MAX, 15 * kMinuteMs);
  CHECK(series.step_ms == 15 * kMinuteMs);
  CHECK(series.why_coarser.empty());
  CHECK(series.from_unix_ms == week - 26 * kHourMs + 15 * kMinuteMs);
  CHECK(series.samples.size() == 201);
}

TEST_CASE("sample store: hours of several groups bound their sum, and a damaged block is named with its place") {
  World world;
  for (std::uint64_t minute = 0; minute <= 60; ++minute) {
    REQUIRE(*world.append(kBegin + minute * kMinuteMs, {{"11", minute % 2 * 10}, {"31", (minute + 1) % 2 * 10}}));
  }
  world.tidy();
  UsageQuestion question{.from_unix_ms = kBegin, .until_unix_ms = kBegin + kHourMs, .step_ms = kHourMs};
  question.figures = {kSampleCpuUsed};
  const auto series = world.store->read(question);
  REQUIRE(series);
  REQUIRE(series->groups.size() == 1);
  CHECK(series->groups[0].figures[0].mean.front() == 10);
  CHECK(series->bounds);
  CHECK(series->groups[0].figures[0].min.front() == 0);
  CHECK(series->groups[0].figures[0].max.front() == 20);
  question.step_ms = 5 * kMinuteMs;
  const auto fine = world.store->read(question);
  REQUIRE(fine);
  CHECK_FALSE(fine->bounds);
  CHECK(fine->groups[0].figures[0].max.front() == 10);
  REQUIRE(world.database->run("update samples set body = x'434d534201' where grain = 'region_1m'"));
  const auto damaged = world.store->read(question);
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().code == ErrorCode::kMalformed);
  CHECK_THAT(damaged.error().what, Contains("samples of grain region_1m from unix ms " + std::to_string(kBegin)));
}
