// Samples outlive their process, killed at any write, and their machine, power gone at any write: none is lost that was taken, none counts
// twice, and hours say what their minutes said.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <iostream>
#include <set>

#include "controller/history/history_database.hpp"
#include "controller/history/sample_store.hpp"
#include "tests/support/dying_disk.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

constexpr std::uint64_t kBegin = 1'790'000'000'000 / kDayMs * kDayMs, kEachMs = 15 * kMinuteMs;
constexpr unsigned char kSamples = 11;  ///< of two hours that are over, and a part of a third

UsageSample sample_of(unsigned char number) {
  UsageSample sample{.at_unix_ms = kBegin + number * kEachMs, .rows = {}};
  for (const char* region : {"11", "31"}) {
    SampleRow& row = sample.rows.emplace_back();
    row.key = to_text(RegionKey{.region_2 = region, .compute_class = {}, .accelerator_model = {}});
    row.values[kSampleNodesInstalled] = 1;
    row.values[kSampleCpuUsed] = 100 + number;
  }
  return sample;
}

/// Appends samples from `first` on and says each that was taken; what is over is tidied. Returns what fails.
Result<Done> work(const std::string& path, unsigned char first, int said) {
  auto database = open_history_file(path);
  if (!database) return database.error();
  auto store = SampleStore::open(*database);
  if (!store) return store.error();
  for (auto number = first; number < kSamples; ++number) {
    const auto taken = store->append(Grain::kRegionMinute, sample_of(number));
    if (!taken) return taken.error();
    if (write(said, &number, 1) != 1) return Error{ErrorCode::kUnavailable, "nobody listens"};
    for (auto done = store->tidy();; done = store->tidy()) {
      if (!done) return done.error();
      if (!*done) break;
    }
  }
  return Done{};
}

struct Died {
  std::set<unsigned char> taken;
  int status = 0;
};
template <class Body>
Died in_child(Body body) {
  int ends[2] = {};
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(ends[0]);
    _exit(body(ends[1]));
  }
  close(ends[1]);
  Died died;
  unsigned char number = 0;
  while (read(ends[0], &number, 1) == 1) died.taken.insert(number);
  close(ends[0]);
  waitpid(child, &died.status, 0);
  return died;
}

/// The folder as a machine finds it whose power failed: of each file what was synced; the shared memory is gone.
void lose_power(const std::string& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string path = entry.path();
    if (path.ends_with(".synced")) continue;
    if (path.ends_with("-shm")) {
      std::filesystem::remove(path);
    } else if (std::filesystem::exists(path + ".synced")) {
      std::filesystem::copy_file(path + ".synced", path, std::filesystem::copy_options::overwrite_existing);
    } else {
      std::filesystem::resize_file(path, 0);
    }
  }
}

UsageSeries ask(SampleStore& store, std::uint64_t step_ms) {
  UsageQuestion question{.from_unix_ms = kBegin, .until_unix_ms = kBegin + kSamples * kEachMs, .step_ms = step_ms};
  question.figures = {kSampleCpuUsed};
  question.region_2 = "31";
  auto series = store.read(question);
  INFO((series ? std::string() : series.error().what));
  REQUIRE(series);
  return *series;
}

/// Returns how many samples there are: the first ones, each once, and hours that are their means.
unsigned char check_kept(const std::string& path, const std::set<unsigned char>& taken) {
  auto database = open_history_file(path);
  INFO((database ? std::string() : database.error().what));
  REQUIRE(database);
  CHECK(*database->text("pragma integrity_check") == "ok");
  auto store = SampleStore::open(*database);
  REQUIRE(store);
  const auto quarters = ask(*store, kEachMs);
  unsigned char kept = 0;
  for (std::size_t step = 0; step < quarters.samples.size(); ++step) {
    CHECK(quarters.samples[step] == 1);
    REQUIRE(quarters.groups.size() == 1);
    CHECK(quarters.groups[0].figures[0].mean[step] == 100 + step);
    ++kept;
  }
  for (const auto number : taken) CHECK(number < kept);
  CHECK(kept <= taken.size() + 1);
  const auto hours = ask(*store, kHourMs);
  for (std::size_t hour = 0; hour < hours.samples.size(); ++hour) {
    const auto first = 4 * hour, count = std::min<std::size_t>(4, kept - first);
    std::uint64_t sum = 0;
    for (std::size_t i = first; i < first + count; ++i) sum += 100 + i;
    CHECK(hours.groups.at(0).figures[0].mean[hour] == (sum + count / 2) / count);
    CHECK(hours.groups.at(0).figures[0].max[hour] == 100 + first + count - 1);
  }
  CHECK(hours.samples.size() == (kept + 3U) / 4);
  return kept;
}

}  // namespace

TEST_CASE("samples: killed at each write, sync and truncation in turn, no sample is lost or doubled and hours agree with their minutes") {
  long steps = 0;
  {
    const TemporaryFolder folder;
    int ends[2] = {};
    REQUIRE(pipe(ends) == 0);
    const Died all = in_child([&](int said) {
      DyingDisk::install(0);
      const bool ok = work(folder.path() + "/history.db", 0, said).ok();
      const long count = DyingDisk::steps();
      return ok && write(ends[1], &count, sizeof count) == sizeof count ? 0 : 1;
    });
    REQUIRE(all.status == 0);
    REQUIRE(all.taken.size() == kSamples);
    REQUIRE(read(ends[0], &steps, sizeof steps) == sizeof steps);
    close(ends[0]);
    close(ends[1]);
    CHECK(check_kept(folder.path() + "/history.db", all.taken) == kSamples);
  }
  REQUIRE(steps > 50);
  std::cout << "killed at each of " << steps << " steps, once with the disk as it was, once with what was synced alone\n";
  for (long at = 1; at <= steps; ++at) {
    for (const bool power : {false, true}) {
      const TemporaryFolder folder;
      const std::string path = folder.path() + "/history.db";
      const Died died = in_child([&](int said) {
        DyingDisk::install(at);
        return work(path, 0, said).ok() ? 0 : 1;
      });
      INFO("step " << at << (power ? ", power gone" : ", killed"));
      REQUIRE(WIFEXITED(died.status));
      REQUIRE(WEXITSTATUS(died.status) == DyingDisk::kDied);
      if (power) lose_power(folder.path());
      const auto kept = check_kept(path, died.taken);
      if (at % 7 != 0) continue;  // and it goes on from there
      const Died again = in_child([&](int said) { return work(path, kept, said).ok() ? 0 : 1; });
      REQUIRE(again.status == 0);
      std::set<unsigned char> all = died.taken;
      all.insert(again.taken.begin(), again.taken.end());
      if (kept > died.taken.size()) all.insert(static_cast<unsigned char>(kept - 1));
      CHECK(check_kept(path, all) == kSamples);
    }
  }
}
