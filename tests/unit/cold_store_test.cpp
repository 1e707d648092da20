#include "controller/map/cold_store.hpp"

#include <catch2/catch.hpp>

using namespace capmap;

namespace {

ColdRecord full_record(const std::string& hostname) {
  ColdRecord record;
  record.joined_hostname = "joined-as";
  record.hello.hostname = hostname;
  record.hello.os = "Debian GNU/Linux 12";
  record.hello.kernel = "6.1.0-18-amd64";
  record.hello.agent_version = "0.1.0";
  record.hello.virtualization = "none";
  record.hello.memory_total_bytes = 540'000'000'123;
  record.hello.pus_allowed = 192;
  record.hello.file_systems_size_mb = 30'720'000;
  record.hello.disk_names = {"nvme0n1", "sda"};
  record.hello.nic_names = {"ens1f0"};
  record.hello.accelerator_addresses = {"0000:17:00.0", "0000:65:00.0"};
  record.hello.problems = {{.probe = "storage", .what = "sda: no size"}};
  record.hello.maker = "Maker";
  record.hello.product = "Server 9";
  record.hello.labels = {{"rack", "r12"}, {"room", "北"}};
  record.hello.accelerator_drivers = {{.name = "nvml", .version = "550.54.15", .cuda_version = "12.4"}};
  record.hello.accelerator_power_limit_watts = {700, std::nullopt};
  auto& measured = record.hello.measured.emplace();
  measured.at_unix_s = 1'790'000'000;
  measured.seconds = 10;
  measured.conditions = {"no disk"};
  measured.memory_mbs = 300'000;
  record.clock_skew_ms = -1'500;
  record.accelerators.resize(3);
  record.accelerators[0] = {.pci_address = "0000:17:00.0", .used = true, .memory_used_mib = 80'000, .busy_permille = 0, .healthy = true};
  auto& broken = record.accelerators[1];
  broken.pci_address = "0000:65:00.0";
  broken.used = broken.healthy = false;
  broken.power_watts = 90;
  broken.partitions = 7;
  broken.temperature_celsius = 0;
  record.accelerators[2].pci_address = "0000:ff:00.0";  // one that hello did not name, of which nothing is known
  record.file_systems = {{.source = "nas:/data", .type = "nfs4", .size_mb = 1'000, .used_mb = {}}};
  record.cpu_steal_millicores = 0;
  record.load_centi = 1'234;
  record.disk_traffic = {{.in = 3, .out = 255}, {}};
  record.nic_traffic = {{.in = 0, .out = 9}};
  record.usage_problems = {{.probe = "gpu", .what = "hangs"}};
  record.insane_reasons = {{1, "more than there is"}, {8, "twice"}};
  record.old_runs = {1, UINT64_MAX};
  record.new_shapes_ms = {5, 1ULL << 47U};
  record.goodbye = "stopped";
  return record;
}

void check_same(const ColdRecord& got, const ColdRecord& put) {
  CHECK(got.joined_hostname == put.joined_hostname);
  CHECK(got.hello == put.hello);
  CHECK(got.clock_skew_ms == put.clock_skew_ms);
  CHECK(got.accelerators == put.accelerators);
  CHECK(got.file_systems == put.file_systems);
  CHECK(got.cpu_steal_millicores == put.cpu_steal_millicores);
  CHECK(got.load_centi == put.load_centi);
  CHECK(got.disk_traffic == put.disk_traffic);
  CHECK(got.nic_traffic == put.nic_traffic);
  CHECK(got.usage_problems == put.usage_problems);
  CHECK(got.insane_reasons == put.insane_reasons);
  CHECK(got.old_runs == put.old_runs);
  CHECK(got.new_shapes_ms == put.new_shapes_ms);
  CHECK(got.goodbye == put.goodbye);
}

}  // namespace

TEST_CASE("cold store: a record comes back as it was put, also from the far end of the table, and unknown is not zero") {
  ColdStore store(true);
  const auto put = full_record("gpu-17");
  for (const std::uint32_t row : {0U, 1U, 4'095U, 4'096U, 1'000'000U}) {
    store.open(row) = put;
    store.open(row + 10);  // closes it
    check_same(store.copy(row), put);
    check_same(store.open(row), put);
  }
  check_same(store.copy(77), ColdRecord{});
  check_same(store.copy(9'000'000), ColdRecord{});
}

TEST_CASE("cold store: an open record is what a copy shows") {
  ColdStore store(true);
  store.open(3).hello.hostname = "first";
  CHECK(store.copy(3).hello.hostname == "first");
  store.open(3).hello.hostname = "second";
  CHECK(store.copy(3).hello.hostname == "second");
}

TEST_CASE("cold store: what equal servers say alike is kept once, within 250 bytes a record, and goes with the last of them") {
  ColdStore store(true);
  constexpr std::uint32_t kRows = 1'000;
  for (std::uint32_t row = 0; row < kRows; ++row) {
    auto& record = store.open(row);
    record.joined_hostname = record.hello.hostname = "node-" + std::to_string(row);
    record.hello.os = std::string(500, 'o');
    record.hello.kernel = "6.1.0-18-amd64";
    record.hello.disk_names = {"nvme0n1", "nvme1n1"};
    record.hello.memory_total_bytes = 540'000'000'000 + row;
  }
  store.open(kRows);
  CHECK(store.bytes() < std::size_t{kRows} * 250);
  CHECK(store.copy(999).hello.os.size() == 500);
  for (std::uint32_t row = 0; row < kRows; ++row) store.forget(row);
  CHECK(store.copy(0).hello.hostname.empty());
  store.forget(kRows);
  CHECK(store.bytes() == 0);
}

TEST_CASE("cold store: a forgotten row starts empty, though its record was open, and its place serves the next") {
  ColdStore store(true);
  store.open(5) = full_record("old");
  store.forget(5);
  check_same(store.copy(5), ColdRecord{});
  store.open(6);
  CHECK(store.copy(5).hello.hostname.empty());
  store.open(5).hello.hostname = "new";
  store.open(6);
  CHECK(store.copy(5).hello.hostname == "new");
  CHECK(store.copy(5).accelerators.empty());
  store.forget(100'000'000);  // never written: nothing to free
}

TEST_CASE("cold store: without everything only what the map's rules need is kept") {
  ColdStore store(false);
  store.open(1) = full_record("gpu-17");
  store.open(2);
  const auto kept = store.copy(1);
  CHECK(kept.old_runs.size() == 2);
  CHECK(kept.new_shapes_ms.size() == 2);
  CHECK(kept.goodbye == "stopped");
  CHECK(kept.hello.hostname.empty());
  CHECK(kept.accelerators.empty());
}
