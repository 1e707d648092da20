// Accelerators, disks and NICs of nodes, each a row: what it is by the shape, what becomes of it by its node.
#include <algorithm>
#include <array>
#include <cstdio>

#include "common/coarse_rate.hpp"
#include "controller/map/hardware_words.hpp"
#include "controller/map/rollup.hpp"
#include "controller/sql/node_walk.hpp"
#include "controller/sql/place_columns.hpp"
#include "controller/sql/tables.hpp"

namespace capmap {
namespace {

constexpr std::array<const char*, 3> kParts = {"accelerator", "disk", "nic"};
constexpr std::uint32_t kMostOfAPart = 1'024;  ///< of one node, as /v1/nodes/{id} lists them

struct DeviceAt {
  NodeAt node;
  const HardwareRow* hardware = nullptr;
  std::size_t part = 0, kind = 0;  ///< of kParts; the shape's row of that part
  std::uint32_t number = 0;        ///< among the node's devices of that part
};

template <class Row>
const Row* row_at(const std::vector<Row>& rows, const DeviceAt& at, std::size_t part) {
  return at.part == part && at.kind < rows.size() ? &rows[at.kind] : nullptr;
}
const AcceleratorShape* accelerator(const DeviceAt& at) {
  return row_at(at.hardware->shape.accelerators, at, 0);
}
const DiskShape* disk(const DeviceAt& at) {
  return row_at(at.hardware->shape.disks, at, 1);
}
const NicShape* nic(const DeviceAt& at) {
  return row_at(at.hardware->shape.nics, at, 2);
}

/// As its node names it; empty: it does not.
std::string_view name_of(const DeviceAt& at) {
  const std::array<const std::vector<std::string>*, 3> names = {&at.node.row->accelerator_addresses, &at.node.row->disk_names,
                                                                &at.node.row->nic_names};
  return at.number < names[at.part]->size() ? std::string_view((*names[at.part])[at.number]) : std::string_view();
}

const AcceleratorUse* use_of(const DeviceAt& at) {
  const auto name = at.part == 0 ? name_of(at) : std::string_view();
  const auto& uses = at.node.row->usage.accelerators;
  const auto found = std::ranges::find(uses, name, &AcceleratorUse::pci_address);
  return name.empty() || found == uses.end() ? nullptr : &*found;
}

std::optional<std::uint32_t> traffic(const DeviceAt& at, std::size_t part, std::uint8_t DeviceTraffic::*direction) {
  const auto& devices = part == 1 ? at.node.row->usage.disk_traffic : at.node.row->usage.nic_traffic;
  if (at.part != part || at.number >= devices.size()) return std::nullopt;
  return rate_of_coarse(devices[at.number].*direction);
}

struct DeviceColumn {
  ListColumn<DeviceAt> column;
  bool cold = false;  ///< only the node's own record tells it
};

class DeviceColumnsOf {
 public:
  explicit DeviceColumnsOf(const SqlScene& scene) : scene_(scene) {}

  std::vector<DeviceColumn> take() {
    add(
        "node", "TEXT", "n-… id", [](const DeviceAt& at, SqlValue& out) { out.text(to_text(at.node.brief->id)); }, true);
    const auto place = [](const DeviceAt& at) { return place_of(at.node); };
    const auto counted = [](const DeviceAt& at) { return at.node.brief->counted; };
    for (auto& column : place_columns<DeviceAt>(scene_, place, counted)) columns_.push_back({.column = std::move(column)});
    add("revision", "INTEGER", "of the map when its node's row changed last",
        [](const DeviceAt& at, SqlValue& out) { out.count(at.node.brief->revision); });
    of_shapes();
    of_nodes();
    return std::move(columns_);
  }

 private:
  template <class Put>
  void add(const char* name, const char* type, const char* what, Put put, bool key = false, bool cold = false) {
    columns_.push_back({.column = {.words = {.name = name, .type = type, .what = what, .key = key}, .put = std::move(put)}, .cold = cold});
  }
  template <class Put>
  void cold(const char* name, const char* type, const char* what, Put put) {
    add(name, type, what, std::move(put), false, true);
  }

  void of_shapes() {
    add(
        "part", "TEXT", "accelerator, disk or nic", [](const DeviceAt& at, SqlValue& out) { out.lasting(kParts[at.part]); }, true);
    add("number", "INTEGER", "among its node's of that part", [](const DeviceAt& at, SqlValue& out) { out.whole(at.number); });
    add("kind", "TEXT", "gpu, npu, fpga, other; nvme, ssd, hdd, remote; ethernet, infiniband, roce", [](const DeviceAt& at, SqlValue& out) {
      if (const auto* const one = accelerator(at)) return put_word(out, known_word(one->kind, kAcceleratorKindWords));
      if (const auto* const one = disk(at)) return put_word(out, known_word(one->media, kMediaWords));
      const auto* const one = nic(at);
      put_word(out, one == nullptr ? nullptr : known_word(one->type, kNicTypeWords));
    });
    add("vendor", "TEXT", "of an accelerator", [](const DeviceAt& at, SqlValue& out) {
      const auto* const one = accelerator(at);
      one == nullptr ? out.null() : out.text_or_null(vendor_text(*one));
    });
    add("model", "TEXT", "", [](const DeviceAt& at, SqlValue& out) {
      if (const auto* const one = disk(at)) return out.lasting_or_null(one->model);
      accelerator(at) == nullptr ? out.null() : out.lasting_or_null(at.hardware->accelerator_names[at.kind]);
    });
    add("pci_id", "TEXT", "of an accelerator", [](const DeviceAt& at, SqlValue& out) {
      const auto* const one = accelerator(at);
      if (one == nullptr) return out.null();
      std::array<char, 12> text{};
      std::snprintf(text.data(), text.size(), "%04x:%04x", unsigned{one->vendor_id}, unsigned{one->device_id});
      out.text(text.data());
    });
    add("bytes", "INTEGER", "memory of an accelerator, size of a disk", [](const DeviceAt& at, SqlValue& out) {
      if (const auto* const one = accelerator(at)) return out.count(one->memory_bytes);
      const auto* const one = disk(at);
      one == nullptr ? out.null() : out.count(one->bytes);
    });
    add("dies", "INTEGER", "of an accelerator", [](const DeviceAt& at, SqlValue& out) {
      const auto* const one = accelerator(at);
      one == nullptr ? out.null() : out.whole(one->dies);
    });
    add("speed_mbps", "INTEGER", "of a NIC", [](const DeviceAt& at, SqlValue& out) {
      const auto* const one = nic(at);
      one == nullptr ? out.null() : out.count(one->speed_mbps);
    });
    add("rdma", "INTEGER", "of a NIC", [](const DeviceAt& at, SqlValue& out) {
      const auto* const one = nic(at);
      one == nullptr ? out.null() : out.truth(one->rdma);
    });
  }

  template <class Member>
  void use(const char* name, Member AcceleratorUse::*member, const char* what) {
    cold(name, "INTEGER", what, [member](const DeviceAt& at, SqlValue& out) {
      const auto* const one = use_of(at);
      if (one == nullptr) return out.null();
      if constexpr (std::is_same_v<Member, std::optional<bool>>) {
        out.truth(one->*member);
      } else {
        out.count(one->*member);
      }
    });
  }

  void of_nodes() {
    cold("hostname", "TEXT", "", [](const DeviceAt& at, SqlValue& out) { out.text_or_null(at.node.row->hostname); });
    cold("name", "TEXT", "PCI address of an accelerator, the kernel's name of the others",
         [](const DeviceAt& at, SqlValue& out) { out.text_or_null(name_of(at)); });
    use("used", &AcceleratorUse::used, "1: in use; null: not told");
    use("healthy_device", &AcceleratorUse::healthy, "0: its driver says it is not");
    use("memory_used_mib", &AcceleratorUse::memory_used_mib, "");
    use("busy_permille", &AcceleratorUse::busy_permille, "");
    use("power_watts", &AcceleratorUse::power_watts, "");
    use("temperature_celsius", &AcceleratorUse::temperature_celsius, "");
    use("partitions", &AcceleratorUse::partitions, "it is cut into so many");
    cold("power_limit_watts", "INTEGER", "", [](const DeviceAt& at, SqlValue& out) {
      const auto& limits = at.node.row->accelerator_power_limit_watts;
      at.part == 0 && at.number < limits.size() ? out.count(limits[at.number]) : out.null();
    });
    const auto rate = [this](const char* name, std::size_t part, std::uint8_t DeviceTraffic::*direction) {
      cold(name, "INTEGER", "", [part, direction](const DeviceAt& at, SqlValue& out) { out.count(traffic(at, part, direction)); });
    };
    rate("read_kbs", 1, &DeviceTraffic::out);
    rate("write_kbs", 1, &DeviceTraffic::in);
    rate("receive_kbps", 2, &DeviceTraffic::in);
    rate("transmit_kbps", 2, &DeviceTraffic::out);
  }

  const SqlScene& scene_;
  std::vector<DeviceColumn> columns_;
};

/// The devices of one node after the other.
class DeviceWalk {
 public:
  DeviceWalk(const SqlScene& scene, NodeWalk walk, const std::string* part) : scene_(scene), walk_(std::move(walk)) {
    if (part == nullptr) return;
    first_part_ = static_cast<std::size_t>(std::ranges::find(kParts, *part) - kParts.begin());
    past_part_ = std::min(first_part_ + 1, kParts.size());
  }

  bool next() {
    ++row_;
    ++at_.number;
    ++of_kind_;
    while (at_.hardware == nullptr || !settle()) {
      if (!walk_.next()) return false;
      at_ = {.node = walk_.at(), .hardware = scene_.hardware(walk_.at().brief->hardware), .part = first_part_};
      of_kind_ = 0;
    }
    return true;
  }
  [[nodiscard]] const std::optional<Error>& failed() const { return walk_.failed(); }
  [[nodiscard]] const DeviceAt& at() const { return at_; }
  [[nodiscard]] std::int64_t row() const { return row_; }

 private:
  /// How many of the shape's row there are; none: it has no such row.
  [[nodiscard]] std::optional<std::uint32_t> count() const {
    if (const auto* const one = accelerator(at_)) return one->count;
    if (const auto* const one = disk(at_)) return one->count;
    if (const auto* const one = nic(at_)) return one->count;
    return std::nullopt;
  }
  /// From where one would stand to where the next device is. False: the node has no more.
  bool settle() {
    while (at_.part < past_part_) {
      const auto devices = count();
      if (devices && of_kind_ < *devices && at_.number < kMostOfAPart) return true;
      of_kind_ = 0;
      if (devices && at_.number < kMostOfAPart) {
        ++at_.kind;
      } else {
        ++at_.part;
        at_.kind = at_.number = 0;
      }
    }
    return false;
  }

  const SqlScene& scene_;
  NodeWalk walk_;
  std::size_t first_part_ = 0, past_part_ = kParts.size();
  DeviceAt at_;
  std::uint32_t of_kind_ = 0;
  std::int64_t row_ = 0;
};

class DevicesTable final : public SqlTable {
 public:
  DevicesTable(const SqlScene& scene, PinnedNodes& nodes) : scene_(scene), nodes_(nodes) {
    for (auto& one : DeviceColumnsOf(scene).take()) {
      words_.push_back(std::move(one.column.words));
      puts_.push_back(std::move(one.column.put));
      cold_.push_back(one.cold);
    }
    const auto place = [this](const char* name) {
      return static_cast<std::size_t>(std::ranges::find(words_, name, &SqlColumn::name) - words_.begin());
    };
    site_ = place("site");
    region_ = place("region");
    liveness_ = place("liveness");
    part_ = place("part");
  }
  [[nodiscard]] std::span<const SqlColumn> columns() const override { return words_; }
  [[nodiscard]] double rows() const override { return 1 + 8.0 * scene_.view().known_nodes; }
  [[nodiscard]] double rows_of(std::size_t column) const override {
    if (column == 0) return 8;
    return column == liveness_ || column == part_ ? rows() / 3 : 1 + rows() / static_cast<double>(scene_.view().sites.size() + 1);
  }
  [[nodiscard]] double cost_of(std::size_t column) const override { return column == 0 ? 40 : rows() / 16 + rows_of(column); }

  std::unique_ptr<SqlScan> scan(const SqlWanted& wanted) override {
    NodeParts parts{.briefs = true, .numbers = false, .rows = false};
    for (std::size_t i = 0; i < cold_.size(); ++i) parts.rows |= cold_[i] && wanted.uses(i);
    const NodeKeys keys{
        .id = wanted.equal(0), .site = wanted.equal(site_), .region = wanted.equal(region_), .liveness = wanted.equal(liveness_)};
    return std::make_unique<Scan>(*this, DeviceWalk(scene_, NodeWalk(nodes_, scene_, keys, parts), wanted.equal(part_)));
  }

 private:
  class Scan final : public SqlScan {
   public:
    Scan(const DevicesTable& table, DeviceWalk walk) : table_(table), walk_(std::move(walk)) {}
    bool next() override { return walk_.next(); }
    [[nodiscard]] const std::optional<Error>& failed() const override { return walk_.failed(); }
    void value(std::size_t column, SqlValue& out) const override { table_.puts_[column](walk_.at(), out); }
    [[nodiscard]] std::int64_t row() const override { return walk_.row(); }

   private:
    const DevicesTable& table_;
    DeviceWalk walk_;
  };

  const SqlScene& scene_;
  PinnedNodes& nodes_;
  std::vector<SqlColumn> words_;
  std::vector<std::function<void(const DeviceAt&, SqlValue&)>> puts_;
  std::vector<bool> cold_;
  std::size_t site_ = 0, region_ = 0, liveness_ = 0, part_ = 0;
};

}  // namespace

std::unique_ptr<SqlTable> devices_table(const SqlScene& scene, PinnedNodes& nodes) {
  return std::make_unique<DevicesTable>(scene, nodes);
}

}  // namespace capmap
