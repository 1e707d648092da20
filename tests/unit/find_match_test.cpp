// What a demand is held against: cells made by hand.
#include <catch2/catch.hpp>

#include "controller/find/match.hpp"
#include "tests/support/map_agent.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kTflops = 1'000'000;

std::shared_ptr<const Site> site(std::uint64_t number, const char* region, const char* owner_class, std::optional<std::uint32_t> level) {
  Site made;
  made.id = numbered_id<SiteId>(number);
  made.name = "site " + std::to_string(number);
  made.region = region;
  made.owner_class = owner_class;
  made.compute_class = number == 1 ? "intelligent" : "";
  made.security_level = level;
  return std::make_shared<const Site>(std::move(made));
}

/// 1: 64 cores and 8 cards of 80 GB (79.6 GiB), rated, with RDMA. 2: the same without RDMA, 4 cards. 3: two models of 4 cards each.
std::vector<std::shared_ptr<const HardwareRow>> hardware() {
  HardwareRow with, without, mixed;
  with.shape = server_shape(64, 512, 8);
  with.shape.accelerators[0].memory_bytes = 85'520'809'984;
  with.shape.nics = {{.type = NicType::kInfiniband, .speed_mbps = 400'000, .rdma = true, .count = 8}};
  with.accelerator_names = {"NVIDIA H100 SXM5 80GB"};
  with.peak.accelerators[static_cast<std::size_t>(Precision::kFp16)] = 8 * 989 * kTflops;
  with.peak.accelerators_counted[static_cast<std::size_t>(Precision::kFp16)] = 8;
  without.shape = server_shape(64, 512, 4);
  without.accelerator_names = {"NVIDIA H100 SXM5 80GB"};
  mixed.shape = server_shape(32, 256, 4);
  mixed.shape.accelerators[0].memory_bytes = 80ULL << 30U;
  auto other = mixed.shape.accelerators[0];
  other.vendor_id = 0x19e5;
  mixed.shape.accelerators.push_back(other);
  mixed.accelerator_names = {"NVIDIA A100 80GB", "Ascend 910B"};
  return {nullptr, std::make_shared<const HardwareRow>(with), std::make_shared<const HardwareRow>(without),
          std::make_shared<const HardwareRow>(mixed)};
}

/// `free`: (free accelerators, nodes); nodes in none of these said nothing.
Cell cell(std::uint32_t site_index, std::uint32_t row, std::uint32_t nodes, std::vector<std::pair<std::size_t, std::uint32_t>> free,
          std::uint32_t pool = 0) {
  Cell made;
  made.key = {.site = site_index, .pool = pool, .hardware = row, .liveness = Liveness::kFresh, .service = ServiceState::kInService};
  made.nodes = nodes;
  std::uint32_t told = 0;
  for (const auto& [count, of] : free) {
    made.free_accelerators_histogram[count] = of;
    told += of;
  }
  made.accelerators_use_unknown = (nodes - told) * 8;
  return made;
}

MapView view_of(const std::vector<Cell>& cells) {
  MapView view;
  view.sites = {nullptr, site(1, "110108", "government", 3), site(2, "1502", "private", 2), site(3, "", "", std::nullopt)};
  view.hardware = hardware();
  Pool pool;
  pool.id = numbered_id<PoolId>(1);
  pool.site = view.sites[1]->id;
  pool.name = "batch";
  view.pools = {nullptr, std::make_shared<const Pool>(pool)};
  for (const auto& one : cells) view.cells.push_back(one);
  return view;
}

FindResult find(const MapView& view, const Demand& demand) {
  return find_capacity(view, demand, [](std::uint32_t) { return true; });
}

const FindNeed& need_of(const FindResult& found, Need need) {
  const auto at = std::ranges::find(found.needs, need, &FindNeed::need);
  REQUIRE(at != found.needs.end());
  return *at;
}

}  // namespace

TEST_CASE("find: only nodes count that are fresh, in service and free; what is not known stands beside them") {
  auto lost = cell(1, 1, 5, {{8, 5}});
  lost.key.liveness = Liveness::kLost;
  auto drained = cell(1, 1, 4, {{8, 4}});
  drained.key.service = ServiceState::kDrained;
  auto retired = cell(1, 1, 100, {{8, 100}});
  retired.key.service = ServiceState::kRetired;
  const auto view = view_of({cell(1, 1, 10, {{8, 3}, {2, 5}}), lost, drained, retired});
  Demand demand;
  demand.accelerators = 8;
  demand.nodes = 4;
  const auto found = find(view, demand);
  CHECK(found.considered_nodes == 19);
  CHECK(found.nodes == 3);
  CHECK(found.maybe_nodes == 2);
  CHECK(found.accelerators == 24);
  CHECK(found.answer == FindAnswer::kMaybe);
  REQUIRE(found.offers.size() == 1);
  CHECK(found.offers[0].reason == RankReason::kIfUnknown);
  CHECK(found.offers[0].largest_free_accelerators == 8);
  CHECK(need_of(found, Need::kFresh).removed_nodes == 5);
  CHECK(need_of(found, Need::kFresh).removed_accelerators == 40);
  CHECK(need_of(found, Need::kFresh).only_this_nodes == 5);
  CHECK(need_of(found, Need::kInService).only_this_nodes == 4);
  CHECK(need_of(found, Need::kAccelerators).removed_nodes == 7);
  CHECK(need_of(found, Need::kAccelerators).unknown_nodes == 2);
  CHECK(need_of(found, Need::kAccelerators).only_this_nodes == 7);
  CHECK(found.removed_most == Need::kAccelerators);
}

TEST_CASE("find: a model is named by words, memory is taken to the nearest GiB, RDMA and a rate are held against each kind") {
  const auto view = view_of({cell(1, 1, 2, {{8, 2}}), cell(2, 2, 2, {{4, 2}})});
  Demand demand;
  demand.accelerators = 4;
  demand.model = "h100 sxm5";
  CHECK(find(view, demand).nodes == 4);
  demand.model = "H10";
  CHECK(find(view, demand).nodes == 0);
  CHECK(need_of(find(view, demand), Need::kModel).removed_nodes == 4);
  demand.model.clear();
  demand.device_memory_gib = 80;
  const auto large = find(view, demand);
  CHECK(large.nodes == 2);
  CHECK(need_of(large, Need::kDeviceMemory).unknown_nodes == 2);  // nobody said what these have
  demand.device_memory_gib.reset();
  demand.rdma = true;
  CHECK(find(view, demand).nodes == 2);
  demand.rdma = false;
  demand.precision = Precision::kFp16;
  demand.device_rate_mflops = 500 * kTflops;
  demand.rate_mflops = 7'000 * kTflops;
  const auto rated = find(view, demand);
  CHECK(rated.nodes == 2);
  CHECK(rated.accelerators == 8);
  CHECK(rated.rate_mflops == 8 * 989 * kTflops);
  CHECK(rated.answer == FindAnswer::kYes);
  CHECK(need_of(rated, Need::kPrecision).unknown_nodes == 2);  // unrated is not slow
  demand.rate_mflops = 8'000 * kTflops;
  CHECK(find(view, demand).answer == FindAnswer::kNo);
  demand.device_rate_mflops = 1'000 * kTflops;
  CHECK(need_of(find(view, demand), Need::kPrecision).unknown_nodes == 2);
  CHECK(need_of(find(view, demand), Need::kPrecision).removed_nodes == 4);
}

TEST_CASE("find: where a node has other accelerators too, its free ones may be those") {
  const auto view = view_of({cell(1, 3, 4, {{8, 1}, {6, 1}, {2, 1}, {0, 1}})});
  Demand demand;
  demand.accelerators = 2;
  demand.model = "A100";
  const auto found = find(view, demand);
  CHECK(found.nodes == 2);        // 8 free: 4 of these at least; 6 free: 2 at least
  CHECK(found.maybe_nodes == 1);  // 2 free: perhaps
  demand.accelerators = 5;
  const auto many = find(view, demand);
  CHECK(many.nodes + many.maybe_nodes == 0);
  CHECK(need_of(many, Need::kAccelerators).removed_nodes == 4);
  CHECK(need_of(many, Need::kModel).removed_nodes == 0);
  demand.accelerators = 0;  // all that are free: 4 of 8, 2 of 6, none for certain of the others
  CHECK(find(view, demand).accelerators == 6);
}

TEST_CASE("find: what sites declare removes them, and says whether they declare anything") {
  const auto view = view_of({cell(1, 1, 1, {{8, 1}}), cell(2, 1, 2, {{8, 2}}), cell(3, 1, 4, {{8, 4}})});
  Demand demand;
  demand.accelerators = 8;
  const auto ask = [&view](Demand wanted) { return find(view, wanted); };
  auto by_region = demand;
  by_region.region = "11";
  CHECK(ask(by_region).nodes == 1);
  CHECK(need_of(ask(by_region), Need::kRegion).removed_nodes == 6);
  CHECK(need_of(ask(by_region), Need::kRegion).unknown_nodes == 4);
  CHECK(need_of(ask(by_region), Need::kRegion).only_this_nodes == 6);
  auto by_level = demand;
  by_level.security_level = 3;
  CHECK(ask(by_level).nodes == 1);
  auto by_class = demand;
  by_class.owner_class = "private";
  CHECK(ask(by_class).nodes == 2);
  auto by_name = demand;
  by_name.site = "site 2";
  CHECK(ask(by_name).nodes == 2);
  auto by_compute = demand;
  by_compute.compute_class = "intelligent";
  CHECK(ask(by_compute).nodes == 1);
  auto by_filter = demand;
  by_filter.filter = *parse_filter("not site in (\"site 1\", \"site 3\")");
  CHECK(ask(by_filter).nodes == 2);
  auto two = by_region;
  two.security_level = 3;
  const auto both = ask(two);
  CHECK(need_of(both, Need::kRegion).only_this_nodes == 0);  // they fail the level too
  CHECK(both.removed_most == Need::kRegion);
  const auto seen = find_capacity(view, demand, [](std::uint32_t index) { return index == 2; });
  CHECK(seen.considered_nodes == 2);
  CHECK(seen.nodes == 2);
}

TEST_CASE("find: places are ranked: one kind of node first, then several kinds, then what is unknown, then parts") {
  const auto view = view_of(
      {cell(1, 1, 6, {{8, 6}}), cell(1, 1, 3, {{8, 3}}, 1), cell(2, 1, 4, {{8, 4}}), cell(2, 2, 6, {{4, 6}}), cell(3, 1, 9, {{8, 2}})});
  Demand demand;
  demand.accelerators = 4;
  demand.nodes = 6;
  const auto found = find(view, demand);
  REQUIRE(found.offers.size() == 3);
  CHECK(found.answer == FindAnswer::kYes);
  CHECK(found.offers[0].site == 2);  // 10 nodes, 6 of one kind
  CHECK(found.offers[0].reason == RankReason::kOneKind);
  CHECK(found.offers[0].largest.nodes == 6);
  CHECK(found.offers[0].largest.hardware == 2);
  CHECK(found.offers[0].takes_nodes == 6);
  CHECK(found.offers[1].site == 1);  // 9 nodes
  CHECK(found.offers[1].nodes == 9);
  CHECK(found.offers[2].site == 3);
  CHECK(found.offers[2].reason == RankReason::kIfUnknown);
  CHECK(found.offers[2].takes_nodes == 0);

  demand.nodes = 8;
  CHECK(find(view, demand).offers[0].reason == RankReason::kMixed);
  demand.together = Together::kPool;
  const auto pools = find(view, demand);
  REQUIRE(pools.offers.size() == 4);
  CHECK(pools.offers[0].site == 2);
  CHECK(pools.offers[0].pool == 0);
  CHECK(pools.offers[3].pool == 1);
  CHECK(pools.offers[3].nodes == 3);
  CHECK(pools.offers[3].reason == RankReason::kPart);

  demand.together = Together::kSpread;
  demand.nodes = 20;
  const auto spread = find(view, demand);
  CHECK(spread.answer == FindAnswer::kYes);
  CHECK(spread.offers[0].takes_nodes + spread.offers[1].takes_nodes + spread.offers[2].takes_nodes == 20);
  demand.nodes = 22;
  CHECK(find(view, demand).answer == FindAnswer::kMaybe);
  demand.nodes = 29;
  CHECK(find(view, demand).answer == FindAnswer::kNo);
}

TEST_CASE("find: of two things of a node as many count as must have both, and buckets that end above a need are not certain") {
  auto both = cell(1, 1, 10, {{8, 7}, {0, 3}});
  both.free_cores_histogram[7] = 8;       // 64 to 127
  both.free_cores_histogram[1] = 1;       // 1
  both.free_memory_gib_histogram[9] = 6;  // 256 to 511
  both.free_memory_gib_histogram[5] = 4;
  const auto view = view_of({both});
  Demand demand;
  demand.cores = 64;
  const auto cores = find(view, demand);
  CHECK(cores.nodes == 8);
  CHECK(cores.maybe_nodes == 1);  // said nothing
  CHECK_FALSE(need_of(cores, Need::kCores).removed_nodes == 0);
  demand.cores = 100;  // 64 to 127 may be 100
  CHECK(find(view, demand).nodes == 0);
  CHECK(find(view, demand).maybe_nodes == 9);
  demand.cores = 200;  // 128 PUs are all there are
  CHECK(find(view, demand).maybe_nodes == 0);
  demand.cores = 64;
  demand.accelerators = 8;
  const auto two = find(view, demand);
  CHECK(two.nodes == 5);  // 7 and 8 of 10
  CHECK(two.maybe_nodes == 2);
  demand.memory_gib = 256;
  const auto three = find(view, demand);
  CHECK(three.nodes == 1);
  CHECK(three.maybe_nodes == 5);
  CHECK(need_of(three, Need::kMemory).only_this_nodes == 4);
}

TEST_CASE("find: hardware that nobody knows is removed as unknown, and an empty map answers no") {
  const auto view = view_of({cell(1, kNoHardware, 3, {})});
  Demand demand;
  demand.accelerators = 1;
  demand.rdma = true;
  const auto found = find(view, demand);
  CHECK(found.offers.empty());
  CHECK(found.answer == FindAnswer::kNo);
  CHECK(need_of(found, Need::kRdma).unknown_nodes == 3);
  CHECK(need_of(found, Need::kAccelerators).unknown_nodes == 3);
  const auto none = find(view_of({}), demand);
  CHECK(none.answer == FindAnswer::kNo);
  CHECK_FALSE(none.removed_most);
}
