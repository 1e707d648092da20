// Whatever the map holds, the rows of each view add up to the map's own totals.
#include "controller/map/imbalance.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tests/support/map_world.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kSites = 9, kNodes = 60;
const std::array<std::string, 4> kOwners = {"government", "private", "university-or-research", ""};
const std::array<std::string, 4> kRegions = {"110108", "310115", "1307", ""};
const std::array<std::string, 3> kClasses = {"intelligent", "general", ""};
const std::array<std::string, 3> kServices = {"public", "private", ""};
const std::array<std::string, 3> kIndustries = {"energy", "finance", ""};

class Fleet {
 public:
  explicit Fleet(std::uint64_t seed) : dice_(seed) {
    for (std::uint64_t i = 0; i < kSites; ++i) change_site(i);
    for (std::uint64_t i = 0; i < kNodes; ++i) {
      Shape shape = server_shape(8U << roll(3), 64U << roll(3), static_cast<std::uint32_t>(roll(3) * 4));
      if (roll(6) == 0) shape.memory_bytes.reset();
      if (roll(4) == 0) shape.cpu.architecture = Architecture::kAarch64;
      agents_.push_back(world.agent(i, std::move(shape), roll(kSites)));
      if (roll(8) == 0) continue;  // never says a word
      world.say(agents_.back(), agents_.back().hello());
      if (roll(8) != 0) world.say(agents_.back(), agents_.back().shape_message());
      report(i);
    }
  }

  std::uint64_t roll(std::uint64_t below) { return dice_() % below; }

  void change_site(std::uint64_t number) {
    Site site;
    site.id = numbered_id<SiteId>(number);
    site.name = "site " + std::to_string(number);
    site.region = kRegions[roll(kRegions.size())];
    site.owner_class = kOwners[roll(kOwners.size())];
    site.compute_class = kClasses[roll(kClasses.size())];
    site.service = kServices[roll(kServices.size())];
    site.industry = kIndustries[roll(kIndustries.size())];
    if (roll(3) != 0) site.security_level = static_cast<std::uint32_t>(roll(6));
    world.map.put_site(site);
  }

  void step() {
    for (std::uint64_t i = 0; i < kNodes; ++i) {
      if (roll(3) == 0) report(i);
      if (roll(12) == 0) {
        const auto state = static_cast<ServiceState>(roll(kServiceOrderCount));
        REQUIRE(world.map.set_service(agents_[i].node, {.state = state, .who = {}, .why = {}}, world.now));
      }
    }
    change_site(roll(kSites));
    world.pass(roll(4) * 20'000);
  }

  World world;

 private:
  /// Says what is in use, or some of it.
  void report(std::uint64_t i) {
    auto& agent = agents_[i];
    Readings readings;
    if (roll(5) != 0) readings = busy(static_cast<std::uint32_t>(roll(8'000)), static_cast<std::uint32_t>(roll(30'000)));
    std::string letters;
    for (const auto& device : agent.shape.accelerators) {
      for (std::uint32_t k = 0; k < device.count; ++k) letters += "uf?x"[roll(4)];
    }
    world.say(agent, agent.usage(usage_of(readings, letters)));
  }

  std::mt19937_64 dice_;
  std::vector<MapAgent> agents_;
};

/// A total's figure as the map's own rollup has it; what the view calls unknown stands for 0 here.
std::array<U128, 4> expected(const RollupGroup& total, Resource resource) {
  switch (resource) {
    case Resource::kNodes: return {total.installed_nodes, total.available_nodes, 0, 0};
    case Resource::kCores: return {total.cores, total.available.cores, 0, 0};
    case Resource::kCpu:
      return {U128{total.pus} * 1'000, U128{total.available.pus} * 1'000, total.cpu_busy_millicores.value, total.cpu_free_millicores.value};
    case Resource::kMemory:
      return {total.memory_bytes.value, total.available.memory_bytes.value, total.memory_used_mib.value << 20U,
              total.memory_free_mib.value << 20U};
    case Resource::kAccelerators:
      return {total.accelerators, total.available.accelerators - total.accelerators_unhealthy, total.accelerators_used,
              total.accelerators_free};
    default: return {};  // there is no chip table here
  }
}

void check_adds_up(const MapView& view, const ImbalanceKind& kind, const std::optional<FilterNode>& filter, std::uint64_t now) {
  INFO("view " << kind.name);
  RollupQuery query{.by = {}, .filter = filter};
  const auto total = roll_up_query(view, query, now).total;
  const auto found = imbalance_of(view, kind, filter, now);
  REQUIRE(found.row_count == found.rows.size());
  CHECK(std::ranges::is_sorted(found.rows, {}, &ImbalanceRow::key));
  for (std::size_t i = 0; i < kResourceCount; ++i) {
    INFO("resource " << kResources[i].name);
    std::array<U128, 4> sums{};
    std::array<std::uint64_t, 4> shares{};
    for (const auto& row : found.rows) {
      for (std::size_t side = 0; side < sums.size(); ++side) {
        sums[side] += row.resources[i].amount[side].value_or(0);
        shares[side] += row.resources[i].share_permille[side].value_or(0);
        CHECK(row.resources[i].share_permille[side].value_or(0) <= 1'000);
      }
      CHECK(row.resources[i].used_permille.value_or(0) <= 1'000);
    }
    const auto wanted = expected(total, static_cast<Resource>(i));
    for (std::size_t side = 0; side < sums.size(); ++side) {
      INFO(kSideWords[side]);
      CHECK(sums[side] == wanted[side]);
      CHECK(found.total.resources[i].amount[side].value_or(0) == wanted[side]);
      // Each share is rounded to the nearest permille.
      if (wanted[side] > 0) CHECK(shares[side] + found.rows.size() >= 1'000);
      CHECK(shares[side] <= 1'000 + found.rows.size());
    }
  }
  std::array<std::uint64_t, kLeftOutCount> left_out{};
  std::uint64_t installed = 0;
  for (const auto& row : found.rows) {
    for (std::size_t i = 0; i < kLeftOutCount; ++i) left_out[i] += row.left_out[i];
    installed += row.installed_nodes;
    // Every installed node is available, or is said why not.
    const auto& nodes = row.resources[static_cast<std::size_t>(Resource::kNodes)].amount;
    CHECK(*nodes[kSideInstalled] == *nodes[kSideAvailable] + row.left_out[0] + row.left_out[1] + row.left_out[2] + row.left_out[3]);
  }
  CHECK(left_out == found.total.left_out);
  CHECK(installed == total.installed_nodes);
  if (filter) return;
  std::uint64_t nodes = 0;
  for (const auto& cell : view.cells.ordered()) nodes += cell.nodes;
  CHECK(nodes == installed + found.quarantined_nodes + found.retired_nodes + found.nodes_counted_elsewhere);
}

}  // namespace

TEST_CASE("imbalance: rows of every view add up to the map's totals, whatever nodes and sites do") {
  const auto seed = run_seed();
  INFO("seed " << seed);
  Fleet fleet(seed);
  for (int step = 0; step < 60; ++step) {
    const auto view = fleet.world.map.view(fleet.world.now, fleet.world.now);
    for (const auto& kind : imbalance_kinds()) {
      check_adds_up(*view, kind, std::nullopt, fleet.world.now);
      check_adds_up(*view, kind, *parse_filter("region_2 = 11 or accelerators > 4 or owner_class = \"\""), fleet.world.now);
    }
    fleet.step();
  }
}
