#include "controller/map/rollup.hpp"

#include <catch2/catch.hpp>

#include "tests/support/map_agent.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kNow = 2'000'000;

std::shared_ptr<const Site> site(std::uint64_t number, std::string name, std::string region) {
  Site made;
  made.id = numbered_id<SiteId>(number);
  made.name = std::move(name);
  made.region = std::move(region);
  return std::make_shared<const Site>(std::move(made));
}

/// Two packages of 1,000 MFLOP/s FP64 together; the GPUs, when there are, are rated 500 each.
std::shared_ptr<const HardwareRow> hardware(Shape shape, bool rated) {
  HardwareRow row;
  row.shape = std::move(shape);
  if (!row.shape.accelerators.empty()) row.accelerator_names = {"Test GPU"};
  if (rated) {
    row.peak.cpu[0] = 1'000;
    row.peak.rated_accelerators = row.shape.accelerators.empty() ? 0 : row.shape.accelerators[0].count;
    if (row.peak.rated_accelerators > 0) row.peak.accelerators[0] = 500 * row.peak.rated_accelerators;
    row.peak.accelerators_counted[0] = row.peak.rated_accelerators;
  } else {
    row.peak.unrated.push_back({.what = "cpu", .why = "not in the table", .count = 2});
    if (!row.shape.accelerators.empty()) row.peak.unrated.push_back({.what = "Test GPU", .why = "no data sheet", .count = 8});
  }
  return std::make_shared<const HardwareRow>(std::move(row));
}

Cell cell(std::uint32_t site_number, std::uint32_t row, Liveness liveness, std::uint32_t nodes) {
  Cell made;
  made.key.site = site_number;
  made.key.hardware = row;
  made.key.liveness = liveness;
  made.nodes = nodes;
  return made;
}

/// Two named sites and one nobody described; hardware: 1 with 8 rated GPUs, 2 unrated.
MapView small_view() {
  MapView view;
  view.sites = {nullptr, site(1, "east", "310115"), site(2, "west", "310104"), site(3, "", "")};
  view.hardware = {nullptr, hardware(server_shape(64, 512, 8), true), hardware(server_shape(16, 64, 8, 0), false)};
  return view;
}

}  // namespace

TEST_CASE("rollup: dimensions are read by name, unknown and repeated ones are refused with the known list") {
  CHECK(parse_dimensions("")->empty());
  CHECK(*parse_dimensions("region_2,liveness") == std::vector<Dimension>{Dimension::kRegion2, Dimension::kLiveness});
  CHECK_FALSE(parse_dimensions("region,"));
  CHECK_FALSE(parse_dimensions(",region"));
  CHECK_FALSE(parse_dimensions("site,site"));
  const auto wrong = parse_dimensions("colour");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::kMalformed);
  CHECK(wrong.error().what.find("colour") != std::string::npos);
  CHECK(wrong.error().what.find("security_level") != std::string::npos);
}

TEST_CASE("rollup: sums beyond 64 bits are printed in full") {
  CHECK(decimal(0) == "0");
  CHECK(decimal(static_cast<U128>(UINT64_MAX) + 1) == "18446744073709551616");
  CHECK(decimal(~static_cast<U128>(0)) == "340282366920938463463374607431768211455");
}

TEST_CASE("rollup: installed counts lost and resyncing nodes, healthy the fresh and stale, available the fresh in service") {
  auto view = small_view();
  for (const auto liveness : {Liveness::kResyncing, Liveness::kFresh, Liveness::kStale, Liveness::kLost}) {
    view.cells.push_back(cell(1, 1, liveness, 10));
  }
  auto drained = cell(1, 1, Liveness::kFresh, 5);
  drained.key.service = ServiceState::kDrained;
  auto retired = cell(1, 1, Liveness::kFresh, 100);
  retired.key.service = ServiceState::kRetired;
  auto quarantined = cell(1, 1, Liveness::kFresh, 100);
  quarantined.key.service = ServiceState::kQuarantined;
  for (const auto& other : {drained, retired, quarantined}) view.cells.push_back(other);
  const auto total = roll_up(view, {}, kNow).total;
  CHECK(total.installed_nodes == 45);
  CHECK(total.healthy_nodes == 25);
  CHECK(total.available_nodes == 10);
  CHECK(total.nodes_by_liveness == std::array<std::uint64_t, 4>{10, 15, 10, 10});
  CHECK(total.stale_permille() == 667);  // 30 of 45, rounded up
  CHECK(RollupGroup{}.stale_permille() == 0);
}

TEST_CASE("rollup: capacity is what hardware has times its nodes; nodes of unknown hardware are counted apart") {
  auto view = small_view();
  view.cells = {cell(1, 0, Liveness::kFresh, 3), cell(1, 1, Liveness::kFresh, 10), cell(2, 1, Liveness::kLost, 2),
                cell(2, 2, Liveness::kFresh, 4)};
  const auto total = roll_up(view, {}, kNow).total;
  CHECK(total.installed_nodes == 19);
  CHECK(total.hardware_unknown_nodes == 3);
  CHECK(total.packages == 32);
  CHECK(total.cores == 12 * 64 + 4 * 16);
  CHECK(total.memory_bytes.value == static_cast<U128>(12 * 512 + 4 * 64) * kGib);
  CHECK(total.accelerators_by_model.at("Test GPU") == 128);
  CHECK(total.storage_bytes.value == 12 * static_cast<U128>(1'000'000'000'000));
  CHECK(total.storage_bytes_by_media[static_cast<std::size_t>(Media::kNvme)] == total.storage_bytes.value);
  CHECK(total.cpu_peak.mflops[0] == 12'000);
  CHECK(total.cpu_peak.offered[0] == 24);
  CHECK(total.accelerator_peak.mflops[0] == 12 * 8 * 500);
  CHECK(total.accelerator_peak.offered[0] == 96);
  CHECK(total.rated_accelerators == 96);
  CHECK(total.cpu_peak.offered[1] == 0);
  CHECK(total.unrated_packages == 8);
  CHECK(total.unrated_accelerators == 32);
  CHECK(total.unrated_why.at({"cpu", "not in the table"}) == 8);
  CHECK(total.unrated_nodes == 7);
  CHECK(total.unrated_permille() == 369);
}

TEST_CASE("rollup: used and free are of available nodes, and say how many nodes did not tell") {
  auto view = small_view();
  auto fresh = cell(1, 1, Liveness::kFresh, 10);
  fresh.cpu_busy_millicores = {7'000, 8};
  fresh.memory_free_mib = {4'096, 9};
  fresh.accelerators_used = 20;
  fresh.accelerators_free = 30;
  fresh.accelerators_use_unknown = 30;
  fresh.free_cores_histogram[7] = 1;
  fresh.free_memory_gib_histogram[3] = 2;
  fresh.free_accelerators_histogram[8] = 1;
  auto lost = cell(1, 1, Liveness::kLost, 10);
  lost.cpu_busy_millicores = {9'000, 10};
  lost.accelerators_free = 80;
  lost.free_cores_histogram[9] = 10;
  view.cells = {fresh, lost};
  const auto total = roll_up(view, {}, kNow).total;
  CHECK(total.cpu_busy_millicores.value == 7'000);
  CHECK(total.cpu_busy_millicores.unknown == 2);
  CHECK(total.cpu_free_millicores.unknown == 10);
  CHECK(total.memory_free_mib.value == 4'096);
  CHECK(total.accelerators == 160);
  CHECK(total.accelerators_free == 30);
  CHECK(total.accelerators_use_unknown == 30);
  CHECK(total.largest_free_cores == 64);
  CHECK(total.largest_free_memory_gib == 4);
  CHECK(total.largest_free_accelerators == 8);
}

TEST_CASE("rollup: the mean age is exact, the greatest is rounded up to its slot, and future hearing is age 0") {
  auto view = small_view();
  auto fresh = cell(1, 1, Liveness::kFresh, 3);
  fresh.heard_ms_sum = 2 * (kNow - 4'000);
  fresh.heard_nodes = 2;
  fresh.oldest_heard_ms = kNow - 5'000;
  view.cells = {fresh};
  auto total = roll_up(view, {}, kNow).total;
  CHECK(total.age_known_nodes == 2);
  CHECK(total.age_mean_ms == 4'000);
  CHECK(total.age_max_ms == 5'000);
  total = roll_up(view, {}, kNow - 60'000).total;
  CHECK(total.age_mean_ms == 0);
  CHECK(total.age_max_ms == 0);
}

TEST_CASE("rollup: groups carry the texts of their dimensions, are ordered by them and add up to the total") {
  auto view = small_view();
  view.cells = {cell(1, 1, Liveness::kFresh, 1), cell(2, 1, Liveness::kStale, 2), cell(2, 2, Liveness::kFresh, 4),
                cell(3, 0, Liveness::kFresh, 8)};
  const auto by_region = roll_up(view, {Dimension::kRegion2}, kNow);
  REQUIRE(by_region.groups.size() == 2);
  CHECK(by_region.groups[0].key == std::vector<std::string>{""});
  CHECK(by_region.groups[0].installed_nodes == 8);
  CHECK(by_region.groups[1].key == std::vector<std::string>{"31"});
  CHECK(by_region.groups[1].installed_nodes == 7);
  const auto by_two = roll_up(view, {Dimension::kSite, Dimension::kLiveness}, kNow);
  REQUIRE(by_two.groups.size() == 4);
  CHECK(by_two.groups[0].key == std::vector<std::string>{"east", "fresh"});
  CHECK(by_two.groups[1].key == std::vector<std::string>{to_text(numbered_id<SiteId>(3)), "fresh"});
  CHECK(by_two.groups[2].key == std::vector<std::string>{"west", "fresh"});
  CHECK(by_two.groups[3].key == std::vector<std::string>{"west", "stale"});
  CHECK(by_two.total.installed_nodes == 15);
  const auto by_hardware = roll_up(view, {Dimension::kArchitecture, Dimension::kCpuModel}, kNow);
  REQUIRE(by_hardware.groups.size() == 3);
  CHECK(by_hardware.groups[0].key == std::vector<std::string>{"", ""});
  CHECK(by_hardware.groups[1].key == std::vector<std::string>{"x86_64", "Test CPU 16"});
  CHECK(by_hardware.groups[2].key == std::vector<std::string>{"x86_64", "Test CPU 64"});
}

TEST_CASE("rollup: an empty map has an empty total and no groups") {
  const auto rollup = roll_up(MapView{}, {Dimension::kRegion}, kNow);
  CHECK(rollup.groups.empty());
  CHECK(rollup.total.installed_nodes == 0);
  CHECK(rollup.total.age_max_ms == 0);
}

TEST_CASE("rollup: hardware on healthy and on available nodes stands beside what is installed, with use by model where it is told") {
  auto view = small_view();
  auto mixed = server_shape(32, 128, 4);
  mixed.accelerators.push_back(mixed.accelerators[0]);
  mixed.accelerators[1].device_id = 0x9999;
  HardwareRow two;
  two.shape = mixed;
  two.accelerator_names = {"Test GPU", "Other GPU"};
  view.hardware.push_back(std::make_shared<const HardwareRow>(two));
  auto fresh = cell(1, 1, Liveness::kFresh, 10);
  fresh.accelerators_used = 30;
  fresh.accelerators_free = 45;
  fresh.accelerators_unhealthy = 5;
  auto both = cell(2, 3, Liveness::kFresh, 2);
  both.accelerators_used = 7;
  auto drained = cell(1, 1, Liveness::kFresh, 3);
  drained.key.service = ServiceState::kDrained;
  drained.accelerators_used = 24;
  view.cells = {fresh, both, drained, cell(1, 1, Liveness::kStale, 4), cell(2, 1, Liveness::kLost, 5)};
  for (const auto& by : {std::vector<Dimension>{}, {Dimension::kSite}, {Dimension::kLiveness, Dimension::kCpuModel}}) {
    const auto rollup = roll_up(view, by, kNow);
    const auto& total = rollup.total;
    CHECK(total.cores == 22 * 64 + 2 * 32);
    CHECK(total.healthy.cores == 17 * 64 + 2 * 32);
    CHECK(total.available.cores == 10 * 64 + 2 * 32);
    CHECK(total.healthy.accelerators == 17 * 8 + 2 * 8);
    CHECK(total.available.memory_bytes.value == static_cast<U128>(10 * 512 + 2 * 128) * kGib);
    CHECK(total.available.cpu_peak.mflops[0] == 10'000);
    CHECK(total.healthy.accelerator_peak.mflops[0] == 17 * 8 * 500);
    CHECK(total.accelerators_by_model == std::map<std::string, std::uint64_t>{{"Test GPU", 22 * 8 + 8}, {"Other GPU", 8}});
    CHECK(total.used_by_model == std::map<std::string, std::uint64_t>{{"Test GPU", 30}});
    CHECK(total.free_by_model == std::map<std::string, std::uint64_t>{{"Test GPU", 45}});
    CHECK(total.free_peak.mflops[0] == 45 * 500);
    CHECK(total.free_peak.offered[0] == 45);
    std::uint64_t healthy = 0, free = 0;
    for (const auto& group : rollup.groups) {
      healthy += group.healthy.cores;
      const auto found = group.free_by_model.find("Test GPU");
      free += found == group.free_by_model.end() ? 0 : found->second;
    }
    CHECK(healthy == total.healthy.cores);
    CHECK(free == 45);
  }
}

TEST_CASE("rollup: flash is a share of all bytes, unknown hardware of all nodes, and traffic is of available nodes that told") {
  auto view = small_view();
  auto disks = server_shape(8, 64, 0);
  disks.disks.push_back({.media = Media::kHdd, .model = {}, .bytes = 3'000'000'000'000, .count = 1});
  view.hardware.push_back(hardware(disks, false));
  auto told = cell(1, 3, Liveness::kFresh, 2);
  told.network_receive_kbps = {700, 1};
  told.storage_used_mb = {5, 2};
  told.storage_free_mb = {11, 2};
  view.cells = {told, cell(1, 0, Liveness::kFresh, 1), cell(1, 3, Liveness::kLost, 1)};
  const auto total = roll_up(view, {}, kNow).total;
  CHECK(total.advanced_permille() == 250U);
  CHECK(total.unknown_permille() == 250);
  CHECK(total.receive_kbps.value == 700);
  CHECK(total.receive_kbps.unknown == 2);
  CHECK(total.transmit_kbps.unknown == 3);
  CHECK(total.storage_used_mb.value == 5);
  CHECK(total.storage_free_mb.value == 11);
  CHECK(total.storage_free_mb.unknown == 1);
  CHECK_FALSE(RollupGroup{}.advanced_permille());
}

TEST_CASE("rollup: a pool's compute class holds for its nodes, the site's for all others, in groups and in filters") {
  auto view = small_view();
  auto east = *view.sites[1];
  east.compute_class = "general";
  view.sites[1] = std::make_shared<const Site>(east);
  Pool own{.id = numbered_id<PoolId>(1), .site = east.id, .name = "gpu", .compute_class = "intelligent"};
  Pool plain{.id = numbered_id<PoolId>(2), .site = east.id, .name = "plain", .compute_class = {}};
  Pool of_silent{.id = numbered_id<PoolId>(3), .site = view.sites[3]->id, .name = "edge", .compute_class = "edge"};
  view.pools = {nullptr, std::make_shared<const Pool>(own), std::make_shared<const Pool>(plain), std::make_shared<const Pool>(of_silent)};
  const auto in_pool = [](std::uint32_t site_number, std::uint32_t pool, std::uint32_t nodes) {
    auto made = cell(site_number, 1, Liveness::kFresh, nodes);
    made.key.pool = pool;
    return made;
  };
  view.cells = {in_pool(1, 0, 1),     in_pool(1, 1, 10),     in_pool(1, 2, 100),
                in_pool(3, 3, 1'000), in_pool(3, 0, 10'000), in_pool(2, 0, 100'000)};
  const std::map<std::string, std::uint64_t> expected = {{"", 110'000}, {"edge", 1'000}, {"general", 101}, {"intelligent", 10}};
  for (const auto& by : {std::vector{Dimension::kComputeClass}, {Dimension::kLiveness, Dimension::kComputeClass, Dimension::kSite}}) {
    std::map<std::string, std::uint64_t> found;
    for (const auto& group : roll_up(view, by, kNow).groups) {
      found[group.key[by.size() == 1 ? 0 : 1]] += group.installed_nodes;
      CHECK(group.cores == group.installed_nodes * 64);
    }
    CHECK(found == expected);
  }
  const auto asked = [&view](const std::string& filter) {
    return roll_up_query(view, {.by = {}, .filter = *parse_filter(filter)}, kNow).total.installed_nodes;
  };
  CHECK(asked("compute_class = intelligent") == 10);
  CHECK(asked("compute_class = general") == 101);
  CHECK(asked("compute_class = \"\"") == 110'000);
  CHECK(asked("not compute_class in (general, edge)") == 110'010);
  CHECK(asked("compute_class != general and site = east") == 10);
}

TEST_CASE("rollup: what is not known or not declared fulfils no comparison, and can be asked for by empty text") {
  auto view = small_view();
  view.cells = {cell(1, 1, Liveness::kFresh, 1), cell(2, 2, Liveness::kFresh, 10), cell(3, 0, Liveness::kFresh, 100)};
  const auto asked = [&view](const std::string& filter) {
    return roll_up_query(view, {.by = {}, .filter = *parse_filter(filter)}, kNow).total.installed_nodes;
  };
  CHECK(asked("region != 310115") == 10);
  CHECK(asked("region = 310115") == 1);
  CHECK(asked("region prefix \"\"") == 11);
  CHECK(asked("region = \"\"") == 100);
  CHECK(asked("region in (\"\", 310104)") == 110);
  CHECK(asked("not region = 310115") == 110);
  CHECK(asked("cores != 64") == 10);
  CHECK(asked("not cores = 64") == 110);
  CHECK(asked("security_level != 3") == 0);
  CHECK(asked("accelerator_vendor = nvidia") == 11);
  CHECK(asked("accelerator_vendor in (10de, 0x1002)") == 11);
  CHECK(asked("has(accelerator vendor = 10de count >= 8)") == 11);
  CHECK(asked("has(accelerator vendor != amd)") == 11);
  CHECK(roll_up(view, {Dimension::kAcceleratorVendor}, kNow).groups[1].key == std::vector<std::string>{"nvidia"});
}
