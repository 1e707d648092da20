#include "controller/map/imbalance.hpp"

#include <catch2/catch.hpp>

#include "tests/support/map_agent.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kNow = 2'000'000;
constexpr std::uint64_t kGibMib = 1'024;

std::shared_ptr<const Site> site(std::uint64_t number, const char* owner, std::optional<std::uint32_t> level) {
  Site made;
  made.id = numbered_id<SiteId>(number);
  made.name = "site " + std::to_string(number);
  made.region = number == 3 ? "" : "110108";
  made.owner_class = owner;
  made.compute_class = number == 1 ? "intelligent" : "";
  made.service = number == 1 ? "public" : "private";
  made.industry = number == 2 ? "energy" : "";
  made.security_level = level;
  return std::make_shared<const Site>(std::move(made));
}

void rate(HardwareRow& row, Precision precision, std::optional<std::uint64_t> cpu, std::uint64_t accelerators, std::uint32_t devices) {
  const auto at = static_cast<std::size_t>(precision);
  row.peak.cpu[at] = cpu;
  if (devices > 0) row.peak.accelerators[at] = accelerators;
  row.peak.accelerators_counted[at] = devices;
}

/// 1: two packages of 64 cores, 512 GiB, 8 cards with matrix units. 2: 16 cores, 64 GiB, 2 cards without. 3: 4 cards with and 2 without.
/// 4: an unrated CPU of unknown memory.
std::vector<std::shared_ptr<const HardwareRow>> hardware() {
  HardwareRow with, without, mixed, unrated;
  with.shape = server_shape(64, 512, 8);
  with.accelerator_names = {"Matrix card"};
  with.peak.rated_accelerators = 8;
  rate(with, Precision::kFp64, 3'000, 8 * 34'000, 8);
  rate(with, Precision::kFp64Matrix, std::nullopt, 8 * 67'000, 8);
  rate(with, Precision::kFp32, 6'000, 8 * 67'000, 8);
  rate(with, Precision::kFp16, std::nullopt, 8 * 990'000, 8);
  without.shape = server_shape(16, 64, 2);
  without.shape.cpu.architecture = Architecture::kAarch64;
  without.shape.accelerators[0].vendor_id = 0x19e5;
  without.accelerator_names = {"Vector card"};
  without.peak.rated_accelerators = 2;
  rate(without, Precision::kFp64, 500, 2 * 1'000, 2);
  rate(without, Precision::kFp32, 1'000, 2 * 90'000, 2);
  mixed.shape = server_shape(16, 64, 6);
  mixed.accelerator_names = {"Both cards"};
  mixed.peak.rated_accelerators = 6;
  rate(mixed, Precision::kFp64, std::nullopt, 4 * 34'000 + 2 * 1'000, 6);
  rate(mixed, Precision::kFp64Matrix, std::nullopt, 4 * 67'000, 4);
  unrated.shape = server_shape(8, 1, 0);
  unrated.shape.memory_bytes.reset();
  unrated.peak.unrated = {{.what = "cpu", .why = "not in the chip table", .count = 2}};
  std::vector<std::shared_ptr<const HardwareRow>> rows = {nullptr};
  for (auto& row : {with, without, mixed, unrated}) rows.push_back(std::make_shared<const HardwareRow>(row));
  return rows;
}

Cell cell(std::uint32_t site_number, std::uint32_t row, std::uint32_t nodes, Liveness liveness = Liveness::kFresh,
          ServiceState service = ServiceState::kInService) {
  Cell made;
  made.key = {.site = site_number, .hardware = row, .liveness = liveness, .service = service};
  made.nodes = nodes;
  return made;
}

/// Government: 10 fresh servers of kind 1, of which 9 say what is in use, and 2 lost ones. Private: 4 of kind 2 and one in maintenance.
/// Not declared: one whose hardware is not known.
MapView view() {
  MapView view;
  view.sites = {nullptr, site(1, "government", 3), site(2, "private", 0), site(3, "", std::nullopt)};
  view.hardware = hardware();
  Cell busy = cell(1, 1, 10);
  busy.cpu_busy_millicores = {.sum = 288'000, .known = 9};
  busy.cpu_free_millicores = {.sum = 864'000, .known = 9};
  busy.memory_used_mib = {.sum = 1'000 * kGibMib, .known = 10};
  busy.memory_free_mib = {.sum = 4'000 * kGibMib, .known = 10};
  busy.accelerators_used = 60;
  busy.accelerators_free = 10;
  busy.accelerators_use_unknown = 7;
  busy.accelerators_unhealthy = 3;
  Cell idle = cell(2, 2, 4);
  idle.cpu_busy_millicores = {.sum = 0, .known = 4};
  idle.cpu_free_millicores = {.sum = 128'000, .known = 4};
  idle.accelerators_free = 8;
  view.cells = {busy, cell(1, 1, 2, Liveness::kLost), idle, cell(2, 2, 1, Liveness::kFresh, ServiceState::kMaintenance),
                cell(3, kNoHardware, 1)};
  return view;
}

const ResourceRow& of(const ImbalanceRow& row, Resource resource) {
  return row.resources[static_cast<std::size_t>(resource)];
}

SideBySide<U128> sides(std::optional<U128> installed, std::optional<U128> available, std::optional<U128> used = {},
                       std::optional<U128> free = {}) {
  return {installed, available, used, free};
}

std::uint64_t left_out(const ImbalanceRow& row, std::string_view name) {
  const auto* const at = std::find(kLeftOutNames.begin(), kLeftOutNames.end(), name);
  REQUIRE(at != kLeftOutNames.end());
  return row.left_out[static_cast<std::size_t>(at - kLeftOutNames.begin())];
}

Imbalance ask(const MapView& map, const char* name, const char* filter = "") {
  std::optional<FilterNode> condition;
  if (*filter != '\0') condition = *parse_filter(filter);
  return imbalance_of(map, *find_imbalance(name), condition, kNow);
}

}  // namespace

TEST_CASE("imbalance: owners side by side: what is installed, available, used and free, with each one's share of all") {
  const auto map = view();
  const auto found = ask(map, "owner");
  REQUIRE(found.row_count == 3);
  REQUIRE(found.rows.size() == 3);
  const auto &nobody = found.rows[0], &government = found.rows[1], &private_owner = found.rows[2];
  CHECK(nobody.key == std::vector<std::string>{""});  // a row of its own
  CHECK(government.key == std::vector<std::string>{"government"});
  CHECK(private_owner.key == std::vector<std::string>{"private"});

  CHECK(of(government, Resource::kNodes).amount == sides(12, 10));
  CHECK(of(private_owner, Resource::kNodes).amount == sides(5, 4));
  CHECK(of(found.total, Resource::kNodes).amount == sides(18, 15));
  CHECK(of(government, Resource::kNodes).share_permille[kSideInstalled] == 667);
  CHECK(of(private_owner, Resource::kNodes).share_permille[kSideInstalled] == 278);
  CHECK(of(nobody, Resource::kNodes).share_permille[kSideInstalled] == 56);

  CHECK(of(government, Resource::kCores).amount == sides(12 * 64, 10 * 64));
  CHECK(of(private_owner, Resource::kCores).amount == sides(5 * 16, 4 * 16));
  CHECK(of(government, Resource::kCpu).amount == sides(12 * 128'000, 10 * 128'000, 288'000, 864'000));
  CHECK(of(government, Resource::kCpu).used_permille == 250);
  CHECK(of(private_owner, Resource::kCpu).used_permille == 0);
  CHECK(of(government, Resource::kCpu).share_permille[kSideUsed] == 1'000);
  CHECK(of(private_owner, Resource::kCpu).share_permille[kSideFree] == 129);  // 128,000 of 992,000
  CHECK(of(government, Resource::kMemory).amount ==
        sides(U128{12} * 512 * kGib, U128{10} * 512 * kGib, U128{1'000} * kGib, U128{4'000} * kGib));
  CHECK(of(private_owner, Resource::kMemory).amount == sides(U128{5} * 64 * kGib, U128{4} * 64 * kGib));  // none of its nodes tells use
  CHECK_FALSE(of(private_owner, Resource::kMemory).used_permille);
  CHECK(of(government, Resource::kAccelerators).amount == sides(96, 77, 60, 10));
  CHECK(of(government, Resource::kAccelerators).used_permille == 857);
  CHECK(of(private_owner, Resource::kAccelerators).amount == sides(10, 8, 0, 8));

  CHECK(left_out(government, "nodes_lost") == 2);
  CHECK(left_out(government, "nodes_cpu_use_unknown") == 1);
  CHECK(left_out(government, "accelerators_use_unknown") == 7);
  CHECK(left_out(government, "accelerators_unhealthy") == 3);
  CHECK(left_out(private_owner, "nodes_out_of_service") == 1);
  CHECK(left_out(private_owner, "nodes_memory_use_unknown") == 4);
  CHECK(left_out(found.total, "nodes_hardware_unknown") == 1);
}

TEST_CASE("imbalance: what nobody could say is unknown, not nothing") {
  const auto map = view();
  const auto found = ask(map, "owner", "owner_class = \"\"");
  REQUIRE(found.rows.size() == 1);
  const auto& row = found.rows[0];
  CHECK(of(row, Resource::kNodes).amount == sides(1, 1));
  for (const auto resource : {Resource::kCores, Resource::kCpu, Resource::kMemory, Resource::kAccelerators, Resource::kFp32}) {
    CHECK(of(row, resource).amount == sides({}, {}));
    CHECK(of(row, resource).share_permille == SideBySide<std::uint32_t>{});
  }
  CHECK(row.unknown_permille == 1'000);
  CHECK(row.unrated_permille == 1'000);
  CHECK(ask(map, "owner", "region_2 = 99").rows.empty());
}

TEST_CASE("imbalance: peaks stand apart by precision, and Rpeak-like is FP64 of matrix units, else of vector units") {
  auto map = view();
  map.cells.push_back(cell(3, 3, 1));
  map.cells.push_back(cell(3, 4, 2));
  const auto found = ask(map, "owner");
  const auto &nobody = found.rows[0], &government = found.rows[1], &private_owner = found.rows[2];
  CHECK(of(government, Resource::kRpeak).amount == sides(U128{12} * (3'000 + 8 * 67'000), U128{10} * (3'000 + 8 * 67'000)));
  CHECK(of(government, Resource::kFp32).amount == sides(U128{12} * (6'000 + 8 * 67'000), U128{10} * (6'000 + 8 * 67'000)));
  CHECK(of(government, Resource::kFp16).amount == sides(U128{12} * 8 * 990'000, U128{10} * 8 * 990'000));
  CHECK(of(private_owner, Resource::kRpeak).amount == sides(U128{5} * (500 + 2 * 1'000), U128{4} * (500 + 2 * 1'000)));
  CHECK(of(private_owner, Resource::kFp16).amount == sides({}, {}));
  CHECK(of(private_owner, Resource::kFp16).share_permille[kSideInstalled] == std::nullopt);
  CHECK(left_out(private_owner, "accelerators_without_fp16") == 10);
  // Of the server with both kinds of cards those with matrix units count; the others are told to be missing.
  CHECK(of(nobody, Resource::kRpeak).amount == sides(4 * 67'000, 4 * 67'000));
  CHECK(left_out(nobody, "accelerators_without_rpeak") == 2);
  CHECK(left_out(nobody, "cpu_packages_unrated") == 4);
  CHECK(left_out(nobody, "nodes_memory_unknown") == 2);
  CHECK(of(found.total, Resource::kRpeak).amount[kSideInstalled] == U128{12} * (3'000 + 8 * 67'000) + U128{5} * 2'500 + 4 * 67'000);
}

TEST_CASE("imbalance: each view has its own keys, in order, and a filter leaves out what it does not hold for") {
  const auto map = view();
  using Keys = std::vector<std::vector<std::string>>;
  const auto keys = [&map](const char* name, const char* filter = "") {
    Keys all;
    for (const auto& row : ask(map, name, filter).rows) all.push_back(row.key);
    return all;
  };
  CHECK(keys("class") == Keys{{"", ""}, {"", "Vector card"}, {"intelligent", "Matrix card"}});
  CHECK(keys("use") == Keys{{""}, {"11"}});
  CHECK(keys("scenario") == Keys{{"private", ""}, {"private", "energy"}, {"public", ""}});
  CHECK(keys("architecture") == Keys{{"", ""}, {"aarch64", "huawei"}, {"x86_64", "nvidia"}});
  CHECK(keys("security") == Keys{{""}, {"0"}, {"3"}});
  CHECK(keys("security", "security_level >= 1") == Keys{{"3"}});
  CHECK(find_imbalance("owners") == nullptr);
  const auto second = imbalance_of(map, *find_imbalance("security"), std::nullopt, kNow, 1, 1);
  REQUIRE(second.rows.size() == 1);
  CHECK(second.row_count == 3);
  CHECK(second.rows[0].key == std::vector<std::string>{"0"});
  CHECK(of(second.total, Resource::kNodes).amount[kSideInstalled] == U128{18});
}

TEST_CASE("imbalance: nodes that are not installed are in no row and are counted apart") {
  auto map = view();
  map.cells.push_back(cell(1, 1, 3, Liveness::kFresh, ServiceState::kQuarantined));
  map.cells.push_back(cell(1, 1, 4, Liveness::kLost, ServiceState::kRetired));
  map.cells.push_back(cell(2, 2, 5, Liveness::kFresh, ServiceState::kCountedElsewhere));
  const auto all = ask(map, "owner");
  CHECK(all.quarantined_nodes == 3);
  CHECK(all.retired_nodes == 4);
  CHECK(all.nodes_counted_elsewhere == 5);
  CHECK(of(all.total, Resource::kNodes).amount[kSideInstalled] == U128{18});
  const auto some = ask(map, "owner", "owner_class = private");
  CHECK(some.quarantined_nodes == 0);
  CHECK(some.nodes_counted_elsewhere == 5);
}
