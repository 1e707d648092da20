#include <catch2/catch.hpp>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include "controller/map/cell_runs.hpp"
#include "controller/map/cells.hpp"
#include "controller/map/rollup.hpp"
#include "tests/support/map_agent.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kNow = 2'000'000;
constexpr std::uint32_t kSites = 1'500, kModels = 300;

/// Many sites with pools, and hardware of as many CPU models as need more than a byte to tell them apart.
MapView large_view(std::mt19937_64& engine) {
  MapView view;
  view.sites.push_back(nullptr);
  view.pools = {nullptr};
  view.hardware.push_back(nullptr);
  for (std::uint32_t i = 1; i <= kSites; ++i) {
    Site site;
    site.id = numbered_id<SiteId>(i);
    site.name = "site " + std::to_string(i);
    site.region = std::to_string(110'000 + i % 700);
    view.sites.push_back(std::make_shared<const Site>(site));
  }
  for (std::uint32_t i = 1; i <= 3; ++i) {
    Pool pool;
    pool.id = numbered_id<PoolId>(i);
    pool.name = "pool " + std::to_string(i);
    view.pools.push_back(std::make_shared<const Pool>(pool));
  }
  for (std::uint32_t i = 1; i <= kModels; ++i) {
    HardwareRow row;
    row.shape = server_shape(i, 64, i % 4 == 0 ? 8 : 0);
    row.accelerator_names.resize(row.shape.accelerators.size(), "Test GPU");
    view.hardware.push_back(std::make_shared<const HardwareRow>(row));
  }
  CellTable cells;
  std::vector<std::pair<CellSlot, Contribution>> added;
  for (std::uint32_t i = 0; i < 12'000; ++i) {
    CellKey key;
    key.site = 1 + static_cast<std::uint32_t>(engine() % kSites);
    key.pool = static_cast<std::uint32_t>(engine() % 4);
    key.hardware = static_cast<std::uint32_t>(engine() % (kModels + 1));
    key.liveness = engine() % 8 == 0 ? Liveness::kLost : Liveness::kFresh;
    key.service = engine() % 9 == 0 ? ServiceState::kRetired : ServiceState::kInService;
    Contribution part;
    if (engine() % 3 != 0) part.readings[0] = static_cast<std::uint32_t>(engine());
    part.cpu_free_millicores = engine() % 90'000;
    part.heard_ms = kNow - engine() % 60'000;
    added.emplace_back(cells.add(key, part), part);
  }
  for (std::size_t i = 0; i < added.size(); i += 3) cells.remove(added[i].first, added[i].second);  // leaves free slots and runs
  view.cells = cells.publish();
  return view;
}

std::string text_of(const MapView& view, const Cell& cell, Dimension dimension) {
  if (dimension == Dimension::kSite) return view.sites[cell.key.site]->name;
  if (dimension == Dimension::kRegion) return view.sites[cell.key.site]->region;
  if (dimension == Dimension::kPool) return cell.key.pool == 0 ? "" : view.pools[cell.key.pool]->name;
  if (dimension == Dimension::kLiveness) return kLivenessNames[static_cast<std::size_t>(cell.key.liveness)];
  return cell.key.hardware == 0 ? "" : view.hardware[cell.key.hardware]->shape.cpu.model;
}

struct Expected {
  std::uint64_t installed = 0, busy = 0, busy_unknown = 0, cores = 0, accelerators = 0, heard = 0;
};

using Groups = std::map<std::vector<std::string>, Expected>;

/// Folds copies of all cells with more cores than `above`.
Groups fold_by_hand(const MapView& view, const std::vector<Dimension>& by, std::uint32_t above) {
  Groups groups;
  for (const auto& cell : view.cells.ordered()) {
    const auto cores = cell.key.hardware == 0 ? 0 : view.hardware[cell.key.hardware]->shape.cpu.cores.value_or(0);
    if (cores <= above) continue;
    std::vector<std::string> key;
    for (const auto dimension : by) key.push_back(text_of(view, cell, dimension));
    auto& group = groups[key];
    if (cell.key.service == ServiceState::kRetired) continue;
    group.installed += cell.nodes;
    group.cores += std::uint64_t{cell.nodes} * cores;
    for (const auto& device : view.hardware[cell.key.hardware]->shape.accelerators) group.accelerators += cell.nodes * device.count;
    group.heard += cell.heard_nodes;
    if (cell.key.liveness != Liveness::kFresh) continue;
    group.busy += cell.cpu_busy_millicores.sum;
    group.busy_unknown += cell.nodes - cell.cpu_busy_millicores.known;
  }
  return groups;
}

bool same(const RollupGroup& group, const Expected& expected, Measure measure) {
  switch (measure) {
    case Measure::kNodes: return group.installed_nodes == expected.installed;
    case Measure::kCpuUse:
      return group.cpu_busy_millicores.value == expected.busy && group.cpu_busy_millicores.unknown == expected.busy_unknown;
    case Measure::kCpu: return group.cores == expected.cores;
    case Measure::kAge: return group.age_known_nodes == expected.heard;
    default: {
      const auto found = group.accelerators_by_model.find("Test GPU");
      return (found == group.accelerators_by_model.end() ? 0 : found->second) == expected.accelerators;
    }
  }
}

Rollup ask(const MapView& view, const std::vector<Dimension>& by, Measures measures, const std::string& filter, std::size_t first = 0,
           std::size_t limit = SIZE_MAX) {
  RollupQuery query{.by = by, .filter = std::nullopt, .measures = measures, .first = first, .limit = limit};
  if (!filter.empty()) query.filter = *parse_filter(filter);
  return roll_up_query(view, query, kNow);
}

}  // namespace

TEST_CASE("cell runs: a run is of one site until its last slot is given back, and slot 0 is never taken") {
  CellRuns runs;
  std::map<std::uint32_t, std::uint32_t> site_of_run;
  std::set<CellSlot> taken;
  for (std::uint32_t i = 0; i < 200; ++i) {
    const auto site = i % 5;
    const auto slot = runs.take(site);
    CHECK(slot != 0);
    CHECK(taken.insert(slot).second);
    CHECK(site_of_run.try_emplace(static_cast<std::uint32_t>(slot / kRunCells), site).first->second == site);
  }
  const auto count = runs.run_count();
  CHECK(count == 15);  // 40 slots a site
  for (const auto slot : taken) {
    if (site_of_run[static_cast<std::uint32_t>(slot / kRunCells)] == 2) runs.give(2, slot);
  }
  for (std::uint32_t i = 0; i < 3 * kRunCells - 8; ++i) CHECK(runs.take(9) / kRunCells < count);
}

TEST_CASE("fold: pages of many groups equal a fold of all cells by hand, whatever tells the groups apart") {
  const std::uint64_t seed = std::random_device{}();
  std::cout << "fold_test seed " << seed << "\n";
  INFO("seed " << seed);
  std::mt19937_64 engine(seed);
  const auto view = large_view(engine);
  using By = std::vector<Dimension>;
  const std::vector<By> questions = {{},
                                     {Dimension::kLiveness},
                                     {Dimension::kRegion},
                                     {Dimension::kCpuModel},
                                     {Dimension::kSite, Dimension::kLiveness},
                                     {Dimension::kLiveness, Dimension::kSite, Dimension::kRegion},
                                     {Dimension::kCpuModel, Dimension::kRegion},
                                     {Dimension::kPool, Dimension::kCpuModel},
                                     {Dimension::kRegion, Dimension::kPool, Dimension::kCpuModel},
                                     {Dimension::kSite, Dimension::kRegion, Dimension::kCpuModel, Dimension::kLiveness}};
  for (const auto& by : questions) {
    for (const auto measure : {Measure::kNodes, Measure::kCpuUse, Measure::kCpu, Measure::kAge, Measure::kAcceleratorModels}) {
      const auto above = static_cast<std::uint32_t>(engine() % 310);
      INFO("dimensions " << by.size() << ", first " << (by.empty() ? 0 : static_cast<int>(by[0])) << ", measure "
                         << static_cast<int>(measure) << ", cores > " << above);
      const auto expected = fold_by_hand(view, by, above);
      const std::size_t first = engine() % 40, limit = 1 + engine() % 1'000;
      const auto rollup =
          ask(view, by, Measures().set(static_cast<std::size_t>(measure)), "cores > " + std::to_string(above), first, limit);
      REQUIRE(rollup.group_count == expected.size());
      REQUIRE(rollup.groups.size() == std::min(limit, expected.size() - std::min(first, expected.size())));
      auto at = expected.begin();
      std::advance(at, std::min(first, expected.size()));
      bool all = true;
      for (const auto& group : rollup.groups) {
        all = all && group.key == at->first && same(group, at->second, measure);
        ++at;
      }
      CHECK(all);
      Expected total;
      for (const auto& [key, group] : expected) {
        total.installed += group.installed;
        total.busy += group.busy;
        total.busy_unknown += group.busy_unknown;
        total.cores += group.cores;
        total.accelerators += group.accelerators;
        total.heard += group.heard;
      }
      CHECK(same(rollup.total, total, measure));
    }
  }
  // More than a fold sums at once.
  const auto all = ask(view, {Dimension::kSite, Dimension::kCpuModel, Dimension::kPool}, Measures().set(0), "");
  CHECK(all.groups.size() == all.group_count);
  CHECK(all.group_count > 4'096);
  std::uint64_t nodes = 0;
  for (const auto& group : all.groups) nodes += group.installed_nodes;
  CHECK(nodes == all.total.installed_nodes);
}

TEST_CASE("fold: a filter of more tests than tables hold judges as a short one that means the same") {
  std::mt19937_64 engine(7);
  const auto view = large_view(engine);
  std::string many = "cores > 200";
  for (int i = 0; i < 12; ++i) many += " or (liveness = lost and cores > " + std::to_string(201 + i) + ")";
  for (const auto* const pool : {"", " and pool != \"pool 2\"", " and pool = \"pool 1\"", " and (pool = \"pool 1\" or liveness = lost)",
                                 " and not (pool in (\"pool 1\", \"\") and liveness = fresh)",
                                 " and (pool = \"pool 1\" and liveness = lost or pool = \"pool 2\" and cores < 250 or pool = \"pool 3\" "
                                 "and region prefix 11 or pool = \"\")"}) {
    INFO(pool);
    const auto one = ask(view, {Dimension::kLiveness}, all_measures(), std::string("cores > 200") + pool);
    const auto other = ask(view, {Dimension::kLiveness}, all_measures(), "(" + many + ")" + pool);
    REQUIRE(one.groups.size() == 2);
    REQUIRE(other.groups.size() == 2);
    CHECK(one.total.installed_nodes > 0);
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(one.groups[i].installed_nodes == other.groups[i].installed_nodes);
      CHECK(one.groups[i].cpu_busy_millicores.value == other.groups[i].cpu_busy_millicores.value);
      CHECK(one.groups[i].cores == other.groups[i].cores);
    }
  }
}

TEST_CASE("fold: sums near 2^64 and over are exact, and what nobody said is counted as unknown") {
  MapView view;
  Site site;
  site.id = numbered_id<SiteId>(1);
  view.sites = {nullptr, std::make_shared<const Site>(site)};
  HardwareRow row;
  row.shape = server_shape(64, 512, 0);
  row.shape.memory_bytes = UINT64_MAX;
  view.hardware = {nullptr, std::make_shared<const HardwareRow>(row)};
  Cell cell;
  cell.key.site = 1;
  cell.key.hardware = 1;
  cell.key.liveness = Liveness::kFresh;
  cell.nodes = 5;
  cell.cpu_busy_millicores = {UINT64_MAX, 5};
  cell.memory_used_mib = {1, 2};
  auto drained = cell;
  drained.key.pool = 1;
  view.pools = {nullptr, nullptr};
  drained.cpu_busy_millicores = {UINT64_MAX - 1, 4};
  view.cells = {cell, drained};
  const auto total = roll_up(view, {}, kNow).total;
  CHECK(decimal(total.cpu_busy_millicores.value) == "36893488147419103229");
  CHECK(total.cpu_busy_millicores.unknown == 1);
  CHECK(total.memory_used_mib.value == 2);
  CHECK(total.memory_used_mib.unknown == 6);
  CHECK(total.power_watts.unknown == 10);
  CHECK(decimal(total.memory_bytes.value) == "184467440737095516150");
}

TEST_CASE("fold: a filter that takes everything away leaves no groups and an empty total; an empty map likewise") {
  std::mt19937_64 engine(11);
  for (const auto& view : {large_view(engine), MapView{}}) {
    for (const auto& by : {std::vector<Dimension>{}, {Dimension::kSite, Dimension::kLiveness}, {Dimension::kCpuModel, Dimension::kSite}}) {
      for (const auto measure : {Measure::kNodes, Measure::kCpu, Measure::kAge}) {
        const auto rollup = ask(view, by, Measures().set(static_cast<std::size_t>(measure)), "cores > 100000");
        CHECK(rollup.group_count == 0);
        CHECK(rollup.groups.empty());
        CHECK(rollup.total.installed_nodes == 0);
        CHECK(rollup.total.cores == 0);
        CHECK(rollup.total.age_max_ms == 0);
      }
    }
  }
}
