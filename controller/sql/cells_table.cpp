// Cells, with what stands on their nodes: a figure of their hardware times their nodes.
#include <algorithm>
#include <string>

#include "controller/map/rollup.hpp"
#include "controller/sql/place_columns.hpp"
#include "controller/sql/tables.hpp"

namespace capmap {
namespace {

struct CellAt {
  std::uint32_t block = 0, place = 0;
};

class CellColumnsOf {
 public:
  explicit CellColumnsOf(const SqlScene& scene) : scene_(scene) {
    const auto place = [&scene](const CellAt& at) { return key_at(scene, at); };
    columns_ = place_columns<CellAt>(scene, place, [](const CellAt&) { return true; });
  }

  std::vector<ListColumn<CellAt>> take() {
    add("nodes", "INTEGER", "", [](const SqlScene& scene, const CellAt& at, SqlValue& out) { out.whole(nodes_at(scene, at)); });
    figure("packages", kPackages, "");
    figure("cores", kCores, "");
    figure("pus", kPus, "");
    figure("memory_bytes", kMemoryBytes, "by shape", true);
    figure("memory_unknown_nodes", kMemoryUnknown, "");
    figure("accelerators", kAccelerators, "");
    storage();
    figure("nics", kNics, "");
    figure("rdma_nics", kRdmaNics, "");
    figure("nic_mbps", kNicMbps, "", true);
    figure("hardware_unknown_nodes", kHardwareUnknown, "in none of these figures");
    figure("rated_accelerators", kRated, "with a peak at one precision at least");
    figure("unrated_packages", kUnratedPackages, "");
    figure("unrated_accelerators", kUnratedAccelerators, "");
    figure("unrated_nodes", kUnratedNodes, "with any part unrated");
    for (std::size_t i = 0; i < kPrecisionCount; ++i) {
      figure(std::string("cpu_") + kPrecisionNames[i] + "_mflops", kCpuPeak + i, "nominal, of rated packages", true, kCpuOffered + i);
      figure(std::string("accelerator_") + kPrecisionNames[i] + "_mflops", kAcceleratorPeak + i, "nominal, of rated devices", true,
             kAcceleratorOffered + i);
    }
    use();
    ages();
    return std::move(columns_);
  }

 private:
  static CellKey key_at(const SqlScene& scene, const CellAt& at) { return scene.view().cells.keys(at.block).key(at.place); }
  static std::uint32_t nodes_at(const SqlScene& scene, const CellAt& at) { return scene.view().cells.keys(at.block).nodes[at.place]; }

  template <class Put>
  void add(std::string name, const char* type, const char* what, Put put) {
    columns_.push_back({.words = {.name = std::move(name), .type = type, .what = what},
                        .put = [&scene = scene_, put](const CellAt& at, SqlValue& out) { put(scene, at, out); }});
  }

  /// Whether nothing is known of a figure, so that it is no 0.
  static bool unknown(const SqlScene& scene, std::size_t figure, std::uint32_t hardware) {
    const bool counts_unknown = figure == kHardwareUnknown || figure == kMemoryUnknown || figure == kUnratedNodes;
    if (counts_unknown) return false;
    return hardware == kNoHardware || (figure == kMemoryBytes && scene.figure(kMemoryUnknown, hardware) != 0);
  }

  /// A figure of hardware; null where nothing of it is offered. One that may pass 2^63 is a real number, and a text of all its digits.
  void figure(const std::string& name, std::size_t figure, const char* what, bool wide = false, std::size_t offered = kFigureCount) {
    const auto sum = [figure, offered](const SqlScene& scene, const CellAt& at) -> std::optional<U128> {
      const auto& keys = scene.view().cells.keys(at.block);
      const auto hardware = keys.hardware[at.place];
      if (unknown(scene, figure, hardware) || (offered != kFigureCount && scene.figure(offered, hardware) == 0)) return std::nullopt;
      return scene.figure(figure, hardware) * keys.nodes[at.place];
    };
    if (!wide) {
      add(name, "INTEGER", what, [sum](const SqlScene& scene, const CellAt& at, SqlValue& out) {
        const auto value = sum(scene, at);
        value ? out.count(static_cast<std::uint64_t>(*value)) : out.null();
      });
      return;
    }
    add(name, "REAL", what, [sum](const SqlScene& scene, const CellAt& at, SqlValue& out) {
      const auto value = sum(scene, at);
      value ? out.real(static_cast<double>(*value)) : out.null();
    });
    add(name + "_exact", "TEXT", "all digits of it, for sum_exact()", [sum](const SqlScene& scene, const CellAt& at, SqlValue& out) {
      const auto value = sum(scene, at);
      value ? out.text(decimal(*value)) : out.null();
    });
  }

  void storage() {
    constexpr std::array<const char*, 5> kNames = {"other_storage_bytes", "nvme_bytes", "ssd_bytes", "hdd_bytes", "remote_bytes"};
    for (std::size_t media = 0; media < kNames.size(); ++media) figure(kNames[media], kStorageBytes + media, "of disks", true);
    figure("storage_unknown_disks", kStorageUnknown, "of unknown size");
  }

  /// Sums of readings, each with how many nodes are in it: the others did not say.
  void use() {
    constexpr std::array<const char*, kCellSumCount> kNames = {
        "cpu_busy_millicores",   "memory_used_mib", "storage_used_mb",     "storage_read_kbs", "storage_write_kbs", "network_receive_kbps",
        "network_transmit_kbps", "power_watts",     "cpu_free_millicores", "memory_free_mib",  "storage_free_mb"};
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      add(kNames[i], "INTEGER", "over the nodes that told it", [i](const SqlScene& scene, const CellAt& at, SqlValue& out) {
        const auto& cells = scene.view().cells;
        if (cells.sums(at.block).known(i, at.place, cells.keys(at.block)) == 0) return out.null();
        out.count(cells.sums(at.block).sum(i, at.place));
      });
      add(std::string(kNames[i]) + "_nodes", "INTEGER", "nodes that told it", [i](const SqlScene& scene, const CellAt& at, SqlValue& out) {
        const auto& cells = scene.view().cells;
        out.whole(cells.sums(at.block).known(i, at.place, cells.keys(at.block)));
      });
    }
    constexpr std::array<const char*, kCellCountCount> kDevices = {"accelerators_used", "accelerators_free", "accelerators_use_unknown",
                                                                   "accelerators_unhealthy"};
    for (std::size_t i = 0; i < kDevices.size(); ++i) {
      add(kDevices[i], "INTEGER", "",
          [i](const SqlScene& scene, const CellAt& at, SqlValue& out) { out.whole(scene.view().cells.sums(at.block).count(i)[at.place]); });
    }
    for (std::size_t i = 0; i < kPrecisionCount; ++i) {
      add(std::string("accelerator_free_") + kPrecisionNames[i] + "_mflops", "REAL",
          "nominal, of accelerators_free; null: unrated, or of several models",
          [i](const SqlScene& scene, const CellAt& at, SqlValue& out) {
            const auto& cells = scene.view().cells;
            const auto hardware = cells.keys(at.block).hardware[at.place];
            if (scene.figure(kDeviceOffered + i, hardware) == 0) return out.null();
            const auto free = cells.sums(at.block).count(kCountFree)[at.place];
            out.real(static_cast<double>(scene.figure(kDevicePeak + i, hardware) * free));
          });
    }
  }

  void ages() {
    const auto heard = [](const SqlScene& scene, const CellAt& at) {
      const auto& cells = scene.view().cells;
      return cells.sums(at.block).known(kKnownHeard, at.place, cells.keys(at.block));
    };
    add("heard_nodes", "INTEGER", "heard since this controller started",
        [heard](const SqlScene& scene, const CellAt& at, SqlValue& out) { out.whole(heard(scene, at)); });
    add("age_mean_ms", "INTEGER", "over heard_nodes", [heard](const SqlScene& scene, const CellAt& at, SqlValue& out) {
      const auto nodes = heard(scene, at);
      if (nodes == 0) return out.null();
      const auto mean_ms = scene.view().cells.sums(at.block).heard_ms_sum()[at.place] / nodes;
      out.count(scene.now_boot_ms() - std::min(scene.now_boot_ms(), mean_ms));
    });
    add("age_max_ms", "INTEGER", "rounded up to its slot", [heard](const SqlScene& scene, const CellAt& at, SqlValue& out) {
      if (heard(scene, at) == 0) return out.null();
      const auto oldest_ms = scene.view().cells.sums(at.block).oldest_heard_ms()[at.place];
      out.count(scene.now_boot_ms() - std::min(scene.now_boot_ms(), oldest_ms));
    });
  }

  const SqlScene& scene_;
  std::vector<ListColumn<CellAt>> columns_;
};

std::vector<CellAt> cells_of(const SqlScene& scene) {
  std::vector<CellAt> rows;
  const auto& cells = scene.view().cells;
  rows.reserve(cells.size());
  for (std::uint32_t block = 0; block < cells.block_count(); ++block) {
    const auto& keys = cells.keys(block);
    for (std::uint32_t i = 0; i < kBlockCells; ++i) {
      if (keys.nodes[i] != 0 && scene.sees(keys.site(i))) rows.push_back({.block = block, .place = i});
    }
  }
  return rows;
}
}  // namespace

std::unique_ptr<SqlTable> cells_table(const SqlScene& scene) {
  return std::make_unique<ListTable<CellAt>>(CellColumnsOf(scene).take(), [&scene] { return cells_of(scene); });
}

}  // namespace capmap
