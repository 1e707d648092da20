#include "controller/map/grouping.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>
#include <map>
#include <numeric>
#include <random>

#include "controller/map/rollup.hpp"
#include "tests/support/map_agent.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

using Engine = std::mt19937_64;

std::shared_ptr<const Site> make_site(std::uint32_t number, Engine& engine) {
  const auto word = [&engine](const char* what, std::uint32_t kinds) {
    const auto kind = engine() % kinds;
    return kind == 0 ? std::string() : what + std::to_string(kind);
  };
  Site site;
  site.id = numbered_id<SiteId>(number);
  site.name = "site " + std::to_string(number);
  site.region = std::to_string(110'000 + engine() % 300'000);
  site.owner_class = word("owner ", 5);
  site.compute_class = word("class ", 5);
  site.service = word("service ", 4);
  site.industry = word("industry ", 40);
  site.hub = "hub " + std::to_string(engine() % 20);
  site.hub_cluster = "cluster " + std::to_string(engine() % 40);
  if (engine() % 3 != 0) site.public_compute = engine() % 2 == 0;
  if (engine() % 3 != 0) site.security_level = static_cast<std::uint32_t>(engine() % 6);
  return std::make_shared<const Site>(site);
}

std::shared_ptr<const HardwareRow> make_hardware(std::uint32_t number) {
  HardwareRow row;
  row.id = numbered_id<ShapeId>(number);
  row.shape = server_shape(number, 64, number % 4);
  row.shape.cpu.architecture = static_cast<Architecture>(1 + number % 3);
  for (auto& device : row.shape.accelerators) device.kind = static_cast<AcceleratorKind>(1 + number % 3);
  row.accelerator_names.resize(row.shape.accelerators.size(), "model " + std::to_string(number % 50));
  return std::make_shared<const HardwareRow>(row);
}

/// Cells of random sites, pools, hardware and states.
MapView make_view(std::vector<std::shared_ptr<const Site>> sites, Engine& engine) {
  MapView view;
  view.sites = std::move(sites);
  view.pools = {nullptr};
  view.hardware = {nullptr};
  for (std::uint32_t i = 1; i <= 4; ++i) {
    Pool pool;
    pool.id = numbered_id<PoolId>(i);
    pool.name = "pool " + std::to_string(i);
    view.pools.push_back(std::make_shared<const Pool>(pool));
  }
  for (std::uint32_t i = 1; i <= 300; ++i) view.hardware.push_back(make_hardware(i));
  std::map<CellKey, Cell> cells;
  for (std::uint32_t i = 0; i < 3'000; ++i) {
    CellKey key;
    key.site = 1 + static_cast<std::uint32_t>(engine() % (view.sites.size() - 1));
    key.pool = static_cast<std::uint32_t>(engine() % 5);
    key.hardware = static_cast<std::uint32_t>(engine() % 301);
    key.liveness = static_cast<Liveness>(engine() % kLivenessCount);
    key.service = static_cast<ServiceState>(engine() % 4);
    key.verdict = static_cast<Verdict>(engine() % 3);
    cells[key].key = key;
    cells[key].nodes += 1 + static_cast<std::uint32_t>(engine() % 9);
  }
  for (const auto& [key, cell] : cells) view.cells.push_back(cell);
  return view;
}

std::vector<std::string> key_of(const MapView& view, const Dictionaries& dictionaries, const Cell& cell, const std::vector<Dimension>& by) {
  std::vector<std::string> key;
  for (const auto dimension : by) {
    const auto& column = dictionaries.column(dimension);
    const std::array<std::size_t, kDomainCount> indexes = {cell.key.site, cell.key.pool, cell.key.hardware,
                                                           state_code(cell.key.liveness, cell.key.service, cell.key.verdict)};
    key.push_back(column.texts[column.codes[indexes[static_cast<std::size_t>(domain_of(dimension))]]]);
  }
  CHECK(view.sites[cell.key.site] != nullptr);
  return key;
}

using Counts = std::map<std::vector<std::string>, std::uint64_t>;

Counts counted(const MapView& view, const Dictionaries& dictionaries, const std::vector<Dimension>& by) {
  Counts counts;
  for (const auto& cell : view.cells.ordered()) counts[key_of(view, dictionaries, cell, by)] += cell.nodes;
  return counts;
}

std::vector<Dimension> all_dimensions(Engine& engine) {
  std::vector<Dimension> by;
  for (std::size_t i = 0; i < kDimensionCount; ++i) by.push_back(static_cast<Dimension>(i));
  std::shuffle(by.begin(), by.end(), engine);
  return by;
}

}  // namespace

TEST_CASE("grouping: by all dimensions at once, in any order, groups equal a count by hand, page by page in the order of keys") {
  Engine engine(run_seed());
  std::vector<std::shared_ptr<const Site>> sites{nullptr};
  for (std::uint32_t i = 1; i <= 2'000; ++i) sites.push_back(make_site(i, engine));
  const auto view = make_view(std::move(sites), engine);
  const auto dictionaries = dictionaries_of(view);
  for (int round = 0; round < 6; ++round) {
    const auto by = all_dimensions(engine);
    const auto expected = counted(view, *dictionaries, by);
    RollupQuery query{.by = by, .filter = std::nullopt, .measures = Measures().set(static_cast<std::size_t>(Measure::kNodes))};
    if (round % 2 == 1) query.measures = Measures().set(static_cast<std::size_t>(Measure::kCpu)).set(0);
    query.limit = 500;
    auto at = expected.begin();
    for (; query.first < expected.size(); query.first += query.limit) {
      const auto rollup = roll_up_query(view, query, 0);
      REQUIRE(rollup.group_count == expected.size());
      for (const auto& group : rollup.groups) {
        REQUIRE(group.key == at->first);
        REQUIRE(group.installed_nodes == at->second);
        ++at;
      }
    }
    CHECK(at == expected.end());
  }
}

TEST_CASE("grouping: attributes of sites that occur in every mixture still make the groups that there are, each once") {
  constexpr std::uint32_t kEach = 3'000;
  Engine engine(run_seed());
  std::vector<std::shared_ptr<const Site>> sites{nullptr};
  for (std::uint32_t i = 0; i < 5 * kEach; ++i) {  // of each of five attributes there are as many with all others equal
    Site site;
    site.id = numbered_id<SiteId>(i + 1);
    const auto word = [i](std::uint32_t which) { return std::to_string(i / kEach == which ? i % kEach : 0); };
    site.hub = word(0);
    site.hub_cluster = word(1);
    site.industry = word(2);
    site.region = word(3);
    site.name = word(4);
    sites.push_back(std::make_shared<const Site>(site));
  }
  const auto view = make_view(std::move(sites), engine);
  const auto dictionaries = dictionaries_of(view);
  const std::vector<Dimension> by = {Dimension::kHub,      Dimension::kLiveness, Dimension::kHubCluster,      Dimension::kCpuModel,
                                     Dimension::kIndustry, Dimension::kVerdict,  Dimension::kRegion,          Dimension::kServiceState,
                                     Dimension::kSite,     Dimension::kPool,     Dimension::kAcceleratorModel};
  const Grouping grouping(*dictionaries, by);
  CHECK(grouping.space() <= std::uint64_t{1} << 62);
  const auto rollup = roll_up_query(view, {.by = by, .filter = std::nullopt, .measures = Measures().set(0)}, 0);
  Counts found;
  for (const auto& group : rollup.groups) CHECK(found.emplace(group.key, group.installed_nodes).second);
  CHECK(found == counted(view, *dictionaries, by));
}
