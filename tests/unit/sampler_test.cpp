#include "controller/history/sampler.hpp"

#include <catch2/catch.hpp>

#include "tests/support/http_world.hpp"

using namespace capmap;

namespace {

constexpr std::uint64_t kBegin = 1'790'000'000'000 / kDayMs * kDayMs;

struct World {
  World() : view(support::small_view(1'000'000)) { open(); }
  void open() {
    auto opened = SampleStore::open(*database);
    REQUIRE(opened);
    store.emplace(std::move(*opened));
    sampler.emplace(*store);
  }
  void turn(std::uint64_t at) { REQUIRE(sampler->turn(*store, *view, kBegin + at)); }
  std::int64_t count(const char* grain) {
    return *database->number((std::string("select count(*) from samples_tail where grain = '") + grain + "'").c_str());
  }

  std::shared_ptr<MapView> view;
  Result<Database> database = Database::open(":memory:", Database::Mode::kCreate);
  std::optional<SampleStore> store;
  std::optional<Sampler> sampler;
};

}  // namespace

TEST_CASE("sampler: one sample a minute of regions and one a quarter of sites, whenever it is asked") {
  World world;
  for (std::uint64_t second = 0; second < 1'000; ++second) world.turn(second * 1'000);
  CHECK(world.count("region_1m") == 17);  // of 16 minutes and 40 seconds
  CHECK(world.count("site_15m") == 2);
  world.open();  // in the same minute and quarter
  world.turn(1'000'000);
  CHECK(world.store->counts().appended == 0);
  CHECK(world.store->counts().put_aside == 0);
  world.turn(1'020'000);
  CHECK(world.store->counts().appended == 1);
}

TEST_CASE("sampler: a clock that steps back puts one sample a minute aside until it has caught up") {
  World world;
  world.turn(10 * kMinuteMs);
  for (std::uint64_t second = 0; second < 180; ++second) world.turn(8 * kMinuteMs + second * 1'000);
  CHECK(world.count("region_1m") == 1);
  CHECK(world.store->counts().put_aside == 3);
  world.turn(11 * kMinuteMs);
  CHECK(world.count("region_1m") == 2);
}

TEST_CASE("sampler: while nodes are resyncing there is a gap, and hours become blocks as they pass") {
  World world;
  world.view->resync_over = false;
  world.turn(0);
  CHECK(world.count("region_1m") == 0);
  world.view->resync_over = true;
  for (std::uint64_t minute = 1; minute <= 61; ++minute) world.turn(minute * kMinuteMs);
  CHECK(world.count("region_1m") == 2);
  CHECK(*world.database->number("select count(*) from samples where grain = 'region_1m'") == 1);
  CHECK(world.count("region_1h") == 1);
}
