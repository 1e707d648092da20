#include "tests/support/small_view.hpp"

#include <string>

#include "tests/support/catalog_chips.hpp"
#include "tests/support/catalog_descriptors.hpp"
#include "tests/support/catalog_regions.hpp"

namespace capmap::support {

std::shared_ptr<MapView> small_view(std::uint64_t at_boot_ms) {
  auto view = std::make_shared<MapView>();
  view->revision = 41;
  view->epoch = 0xABCDEF;
  view->at_boot_ms = at_boot_ms;
  view->at_unix_ms = 1'790'000'000'123;
  view->catalog_version = "7";
  view->known_nodes = 5;
  view->resync_over = true;
  view->regions = catalog_regions();
  view->descriptors = catalog_descriptors();
  view->chips = catalog_chips();
  auto declared = std::make_shared<Site>();
  declared->id.bytes[0] = 1;
  declared->name = "北京 \"one\"";
  declared->region = "110108";
  declared->declared.figures[static_cast<std::size_t>(Declared::kNodes)] = 5;
  declared->declared.figures[static_cast<std::size_t>(Declared::kMemoryBytes)] = 1ULL << 41;
  declared->declared.figures[static_cast<std::size_t>(Declared::kPowerWatts)] = 9'000;
  declared->declared.accelerators_by_model["Example NPU"] = 30;
  auto bare = std::make_shared<Site>();
  bare->id.bytes[0] = 2;
  bare->name = "bare";
  view->sites = {nullptr, declared, bare};

  auto hardware = std::make_shared<HardwareRow>();
  CpuShape& cpu = hardware->shape.cpu;
  cpu.architecture = Architecture::kX86_64;
  cpu.model = "Example 9000";
  cpu.packages = 2;
  cpu.cores = 48;
  cpu.pus = 96;
  hardware->shape.memory_bytes = 1ULL << 40;
  hardware->shape.accelerators = {
      {.kind = AcceleratorKind::kNpu, .vendor_id = 0x19e5, .device_id = 0xd802, .memory_bytes = 1ULL << 36, .count = 8}};
  hardware->shape.disks = {{.media = Media::kNvme, .model = "M1", .bytes = 3'840'000'000'000, .count = 2},
                           {.media = Media::kHdd, .model = {}, .bytes = std::nullopt, .count = 1}};
  hardware->shape.nics = {{.type = NicType::kRoce, .speed_mbps = 100'000, .rdma = true, .count = 2}};
  hardware->accelerator_names = {"Example NPU"};
  hardware->peak.cpu[static_cast<std::size_t>(Precision::kFp64)] = 3'000'000;
  hardware->peak.unrated = {{.what = "Example NPU", .why = "not in the chip table", .count = 8}};
  hardware->parts = {.cpu = {}, .devices = {{.entry = {}, .unrated = "not in the chip table"}}};
  view->hardware = {nullptr, hardware};

  Cell fresh;
  fresh.key = {.site = 1, .hardware = 1, .liveness = Liveness::kFresh};
  fresh.nodes = 3;
  fresh.cpu_busy_millicores = {.sum = 30'000, .known = 3};
  fresh.cpu_free_millicores = {.sum = 258'000, .known = 3};
  fresh.power_watts = {.sum = 1'250, .known = 2};
  fresh.accelerators_used = 4;
  fresh.accelerators_free = 20;
  fresh.heard_ms_sum = 3 * (at_boot_ms - 2'000);
  fresh.heard_nodes = 3;
  fresh.oldest_heard_ms = (at_boot_ms - 2'000) / 5'000 * 5'000;
  Cell unknown;
  unknown.key = {.site = 1, .hardware = kNoHardware, .liveness = Liveness::kFresh};
  unknown.nodes = 1;
  Cell lost;
  lost.key = {.site = 2, .hardware = 1, .liveness = Liveness::kLost};
  lost.nodes = 1;
  view->cells = {unknown, fresh, lost};
  view->guests = std::make_shared<const std::vector<GuestInHost>>(1, GuestInHost{.site = 1, .guest = NodeId{{5}}, .host = NodeId{{6}}});
  return view;
}

NodeRow node_row(std::uint8_t i) {
  NodeRow row;
  row.id.bytes[15] = i;
  row.slot = i % 4U;
  row.site = 1;
  row.hardware = 1;
  row.liveness = i % 2 == 0 ? Liveness::kFresh : Liveness::kLost;
  row.counted = true;
  row.os = i < 4 ? "Debian 12" : "Debian 11";
  row.hostname = "node-" + std::to_string(i) + "\xff";  // names come from outside and need not be UTF-8
  row.last_heard_boot_ms = 999'000;
  row.disk_names = {"nvme0n1", "nvme1n1", "sda"};
  row.accelerator_addresses = {"0000:17:00.0"};
  AcceleratorUse& use = row.usage.accelerators.emplace_back();
  use.pci_address = "0000:17:00.0";
  use.used = true;
  use.busy_permille = 700;
  row.usage.readings.cpu_busy_millicores = 10'000;
  row.cpu_free_millicores = 86'000;
  row.devices.used = 1;
  row.accelerators_use_unknown = 7;
  row.labels = {{"rack", i < 2 ? "r1" : "r2"}};
  if (i == 9) row.labels.clear();
  row.problems = {{.probe = "storage", .what = "sda: no size"}};
  return row;
}

}  // namespace capmap::support
