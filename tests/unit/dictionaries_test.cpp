#include "controller/map/dictionaries.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <ctime>
#include <iostream>
#include <map>
#include <random>

#include "tests/support/map_agent.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

using Engine = std::mt19937_64;

std::shared_ptr<const Site> some_site(std::uint32_t number, std::uint64_t variant) {
  Site site;
  site.id = numbered_id<SiteId>(number);
  site.name = "a site with a long name " + std::to_string(variant % 50'021);
  site.region = std::to_string(110'000 + variant % 3'400);
  site.owner_class = std::to_string(variant % 5);
  site.compute_class = variant % 4 == 0 ? "" : "class " + std::to_string(variant % 3);
  return std::make_shared<const Site>(site);
}

std::shared_ptr<const HardwareRow> some_hardware(std::uint32_t number) {
  HardwareRow row;
  row.id = numbered_id<ShapeId>(number);
  row.shape = server_shape(number, 64 + number % 7, number % 9);
  row.accelerator_names.resize(row.shape.accelerators.size(), "model " + std::to_string(number % 40));
  if (number % 3 == 0) row.peak.unrated.push_back({.what = "cpu", .why = "reason " + std::to_string(number % 5), .count = 2});
  row.peak.cpu[0] = std::uint64_t{number} << 30;
  return std::make_shared<const HardwareRow>(row);
}

std::shared_ptr<const Pool> some_pool(std::uint32_t number, std::uint32_t site) {
  Pool pool;
  pool.id = numbered_id<PoolId>(number);
  pool.site = numbered_id<SiteId>(site);
  pool.name = "pool " + std::to_string(number);
  if (number % 2 == 0) pool.compute_class = number % 4 == 0 ? "class 1" : "class of its own";
  return std::make_shared<const Pool>(pool);
}

std::map<std::string, std::uint64_t> words_of(const HardwareFigures& figures, std::size_t row) {
  std::map<std::string, std::uint64_t> words;
  for (const auto& [model, count] : figures.words[row].models) words["model " + figures.models[model]] += count;
  for (const auto& [reason, count] : figures.words[row].reasons) words["why " + figures.reasons[reason].second] += count;
  for (const auto device : figures.devices_of[row]) words["device " + figures.devices[device].model + figures.devices[device].vendor] += 1;
  return words;
}

std::uint64_t figure(const HardwareFigures& figures, std::size_t which, std::size_t row) {
  const auto& column = figures.columns[which];
  return (column.high.empty() ? 0 : std::uint64_t{column.high[row]} << 32) + (column.low.empty() ? 0 : column.low[row]);
}

void check_alike(const Dictionaries& followed, const Dictionaries& made) {
  for (std::size_t i = 0; i < kDimensionCount; ++i) {
    const auto& one = followed.column(static_cast<Dimension>(i));
    const auto& other = made.column(static_cast<Dimension>(i));
    REQUIRE(std::is_sorted(one.texts.begin(), one.texts.end()));
    REQUIRE(one.codes.size() == other.codes.size());
    for (std::size_t k = 0; k < one.codes.size(); ++k) {
      if (domain_of(static_cast<Dimension>(i)) == Domain::kState && k == kFreeSlot) continue;
      REQUIRE(one.texts[one.codes[k]] == other.texts[other.codes[k]]);
    }
  }
  REQUIRE(followed.pool_classes().size() == made.pool_classes().size());
  for (std::size_t k = 0; k < made.pool_classes().size(); ++k) {
    const auto text = [k](const Dictionaries& of, std::uint32_t PoolClass::*code) {
      const auto& pool = of.pool_classes()[k];
      return pool.declared ? of.column(Dimension::kComputeClass).texts[pool.*code] : "silent";
    };
    REQUIRE(text(followed, &PoolClass::code) == text(made, &PoolClass::code));
    REQUIRE(text(followed, &PoolClass::of_site) == text(made, &PoolClass::of_site));
  }
  REQUIRE(followed.figures().rows == made.figures().rows);
  for (std::size_t row = 0; row < made.figures().rows; ++row) {
    for (std::size_t which = 0; which < kFigureCount; ++which) {
      REQUIRE(figure(followed.figures(), which, row) == figure(made.figures(), which, row));
    }
    for (std::size_t which = 0; which < kHardwareNumberCount; ++which) {
      REQUIRE(followed.figures().numbers[which][row] == made.figures().numbers[which][row]);
    }
    REQUIRE(words_of(followed.figures(), row) == words_of(made.figures(), row));
  }
}

}  // namespace

TEST_CASE("dictionaries: those that follow changes tell the same as those that are made anew") {
  Engine engine(run_seed());
  Dictionaries::Sites sites{nullptr};
  Dictionaries::Pools pools{nullptr};
  Dictionaries::Hardware hardware{nullptr};
  auto followed = std::make_unique<Dictionaries>(sites, pools, hardware);
  for (int step = 0; step < 150; ++step) {
    for (auto changes = 1 + engine() % 4; changes > 0; --changes) {
      const auto number = static_cast<std::uint32_t>(sites.size());
      if (engine() % 2 == 0) sites.push_back(some_site(number, engine()));
      if (engine() % 3 == 0) sites[engine() % sites.size()] = some_site(number + 10'000, engine());
      if (engine() % 3 == 0)
        pools.push_back(some_pool(static_cast<std::uint32_t>(pools.size()), 1 + static_cast<std::uint32_t>(engine() % number)));
      if (engine() % 2 == 0) hardware.push_back(some_hardware(1 + static_cast<std::uint32_t>(engine() % 500)));
      if (engine() % 3 == 0 && hardware.size() > 1) {
        hardware[1 + engine() % (hardware.size() - 1)] = some_hardware(1 + static_cast<std::uint32_t>(engine() % 500));
      }
    }
    followed = std::make_unique<Dictionaries>(sites, pools, hardware, followed.get());
    if (step % 10 == 0) check_alike(*followed, Dictionaries(sites, pools, hardware));
  }
  check_alike(*followed, Dictionaries(sites, pools, hardware));
}

TEST_CASE("dictionaries: what one more site and one more hardware row cost", "[.][measure]") {
  Dictionaries::Sites sites{nullptr};
  Dictionaries::Hardware hardware{nullptr};
  for (std::uint32_t i = 1; i <= 20'000; ++i) sites.push_back(some_site(i, i * 7ULL));
  for (std::uint32_t i = 1; i <= 3'000; ++i) hardware.push_back(some_hardware(i));
  const auto timed = [](const char* what, auto make) {
    const auto begin = std::clock();
    auto made = make();
    std::cout << what << ": " << static_cast<double>(std::clock() - begin) * 1e3 / CLOCKS_PER_SEC << " ms of CPU\n";
    return made;
  };
  auto now = timed("all", [&] { return std::make_unique<Dictionaries>(sites, Dictionaries::Pools{nullptr}, hardware); });
  for (std::uint32_t i = 1; i <= 3; ++i) {
    sites.push_back(some_site(30'000 + i, i));
    now = timed("one site", [&] { return std::make_unique<Dictionaries>(sites, Dictionaries::Pools{nullptr}, hardware, now.get()); });
    hardware.push_back(some_hardware(4'000 + i));
    now = timed("one row", [&] { return std::make_unique<Dictionaries>(sites, Dictionaries::Pools{nullptr}, hardware, now.get()); });
  }
  CHECK(now->size(Domain::kSite) == sites.size());
}
