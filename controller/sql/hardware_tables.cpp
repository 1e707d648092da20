// Kinds of hardware, and the chip table that rates them.
#include <algorithm>
#include <string>

#include "controller/map/hardware_words.hpp"
#include "controller/map/rollup.hpp"
#include "controller/sql/column_list.hpp"
#include "controller/sql/place_columns.hpp"
#include "controller/sql/tables.hpp"

namespace capmap {
namespace {

struct HardwareAt {
  std::uint32_t index = 0;
  const HardwareRow* row = nullptr;
  std::uint64_t nodes = 0;
};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

void add_cpu(ColumnList<HardwareAt>& columns) {
  using V = SqlValue;
  columns.add("architecture", "TEXT", "",
              [](const HardwareAt& at, V& out) { put_word(out, known_word(at.row->shape.cpu.architecture, kArchitectureWords)); });
  columns.add("cpu_vendor", "TEXT", "as the CPU says it",
              [](const HardwareAt& at, V& out) { out.lasting_or_null(at.row->shape.cpu.vendor); });
  columns.add("cpu_model", "TEXT", "", [](const HardwareAt& at, V& out) { out.lasting_or_null(at.row->shape.cpu.model); });
  columns.add("microarchitecture", "TEXT", "", [](const HardwareAt& at, V& out) {
    at.row->microarchitecture ? out.lasting_or_null(*at.row->microarchitecture) : out.null();
  });
  const auto figure = [&columns](const char* name, std::optional<std::uint32_t> CpuShape::*member) {
    columns.add(name, "INTEGER", "of a node", [member](const HardwareAt& at, V& out) { out.count(at.row->shape.cpu.*member); });
  };
  figure("packages", &CpuShape::packages);
  figure("dies", &CpuShape::dies);
  figure("cores", &CpuShape::cores);
  figure("pus", &CpuShape::pus);
  figure("numa_nodes", &CpuShape::numa_nodes);
  columns.add("base_mhz", "INTEGER", "of the kind of core it has most of", [](const HardwareAt& at, V& out) {
    const auto& kinds = at.row->shape.cpu.core_kinds;
    kinds.empty() ? out.null() : out.count(kinds.front().base_mhz);
  });
  columns.add("isa", "TEXT", "words with a blank between",
              [](const HardwareAt& at, V& out) { out.text_or_null(joined(at.row->shape.cpu.isa)); });
  columns.add("memory_bytes", "INTEGER", "of a node", [](const HardwareAt& at, V& out) { out.count(at.row->shape.memory_bytes); });
}

void add_parts(ColumnList<HardwareAt>& columns, const SqlScene& scene) {
  using V = SqlValue;
  const auto words = [&](const char* name, Dimension dimension) {
    columns.add(name, "TEXT", "several with + between",
                [&scene, dimension](const HardwareAt& at, V& out) { out.lasting_or_null(scene.text(dimension, {.hardware = at.index})); });
  };
  words("accelerator_model", Dimension::kAcceleratorModel);
  words("accelerator_vendor", Dimension::kAcceleratorVendor);
  words("accelerator_kind", Dimension::kAcceleratorKind);
  const auto figure = [&](const char* name, std::size_t of, const char* what) {
    columns.add(name, "INTEGER", what,
                [&scene, of](const HardwareAt& at, V& out) { out.count(static_cast<std::uint64_t>(scene.figure(of, at.index))); });
  };
  figure("accelerators", kAccelerators, "of a node");
  figure("other_storage_bytes", kStorageBytes, "of a node's disks");
  figure("nvme_bytes", kStorageBytes + 1, "likewise");
  figure("ssd_bytes", kStorageBytes + 2, "likewise");
  figure("hdd_bytes", kStorageBytes + 3, "likewise");
  figure("remote_bytes", kStorageBytes + 4, "likewise");
  figure("nics", kNics, "of a node");
  figure("rdma_nics", kRdmaNics, "of a node");
  figure("nic_mbps", kNicMbps, "of a node");
}

void add_peaks(ColumnList<HardwareAt>& columns) {
  for (const auto& [part, peak] : {std::pair{"cpu_", &PeakRating::cpu}, std::pair{"accelerator_", &PeakRating::accelerators}}) {
    for (std::size_t i = 0; i < kPrecisionCount; ++i) {
      columns.add(part + std::string(kPrecisionNames[i]) + "_mflops", "INTEGER", "nominal, of a node; null: none is rated",
                  [peak = peak, i](const HardwareAt& at, SqlValue& out) { out.count((at.row->peak.*peak)[i]); });
    }
  }
  columns.add("unrated", "TEXT", "what is not rated, and why", [](const HardwareAt& at, SqlValue& out) {
    std::string text;
    for (const auto& part : at.row->peak.unrated) text += (text.empty() ? "" : "; ") + part.what + ": " + part.why;
    out.text_or_null(text);
  });
}

std::vector<HardwareAt> seen_hardware(const SqlScene& scene) {
  const auto& view = scene.view();
  std::vector<std::uint64_t> nodes(view.hardware.size());
  for (std::size_t block = 0; block < view.cells.block_count(); ++block) {
    const auto& keys = view.cells.keys(block);
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      const bool counts = keys.nodes[i] != 0 && scene.sees(keys.site(i)) && is_installed(keys.key(i));
      if (counts && keys.hardware[i] < nodes.size()) nodes[keys.hardware[i]] += keys.nodes[i];
    }
  }
  std::vector<HardwareAt> rows;
  for (std::uint32_t i = 0; i < view.hardware.size(); ++i) {
    if (view.hardware[i] && scene.sees_hardware(i)) rows.push_back({.index = i, .row = view.hardware[i].get(), .nodes = nodes[i]});
  }
  return rows;
}

}  // namespace

std::unique_ptr<SqlTable> hardware_table(const SqlScene& scene) {
  ColumnList<HardwareAt> columns;
  columns.add(
      "id", "TEXT", "h-… id", [&scene](const HardwareAt& at, SqlValue& out) { out.lasting(scene.hardware_id(at.index)); }, true);
  columns.add("nodes", "INTEGER", "installed", [](const HardwareAt& at, SqlValue& out) { out.count(at.nodes); });
  add_cpu(columns);
  add_parts(columns, scene);
  add_peaks(columns);
  return std::make_unique<ListTable<HardwareAt>>(columns.take(), [&scene] { return seen_hardware(scene); });
}

std::unique_ptr<SqlTable> chips_table(const SqlScene& scene) {
  ColumnList<ChipEntry> columns;
  const auto text = [&columns](const char* name, const char* what, std::string ChipEntry::*member, bool key = false) {
    columns.add(
        name, "TEXT", what, [member](const ChipEntry& at, SqlValue& out) { out.lasting_or_null(at.*member); }, key);
  };
  text("part", "cpu, gpu, npu, fpga or other", &ChipEntry::part);
  text("vendor", "of a processor", &ChipEntry::vendor);
  text("name", "microarchitecture, or model", &ChipEntry::name, true);
  text("covers", "products of a processor, PCI ids of an accelerator", &ChipEntry::covers);
  for (std::size_t i = 0; i < kPrecisionCount; ++i) {
    columns.add(std::string(kPrecisionNames[i]) + "_rate", "INTEGER",
                "MFLOP/s or MOP/s of an accelerator; operations a cycle and core of a processor",
                [i](const ChipEntry& at, SqlValue& out) { out.count(at.rates[i]); });
  }
  columns.add("memory_bytes", "INTEGER", "", [](const ChipEntry& at, SqlValue& out) { out.count(at.memory_bytes); });
  columns.add("bandwidth_mbs", "INTEGER", "", [](const ChipEntry& at, SqlValue& out) { out.count(at.bandwidth_mbs); });
  columns.add("tdp_watts", "INTEGER", "", [](const ChipEntry& at, SqlValue& out) { out.count(at.tdp_watts); });
  columns.add("confidence", "TEXT", "A, B or C", [](const ChipEntry& at, SqlValue& out) { out.text({&at.confidence, 1}); });
  text("unrated", "why a processor has no rate", &ChipEntry::unrated);
  text("notes", "", &ChipEntry::notes);
  text("source", "", &ChipEntry::source);
  return std::make_unique<ListTable<ChipEntry>>(
      columns.take(), [&scene] { return scene.chips() == nullptr ? std::vector<ChipEntry>() : scene.chips()->list(); });
}

}  // namespace capmap
