// Nodes, read while the map goes on: each row with its revision.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/map/row_filter.hpp"
#include "controller/sql/node_walk.hpp"
#include "controller/sql/ordered_places.hpp"
#include "controller/sql/place_columns.hpp"
#include "controller/sql/tables.hpp"

namespace capmap {
namespace {

constexpr NodeParts kBrief{.briefs = true, .numbers = false, .rows = false}, kNumbers{.briefs = true, .numbers = true, .rows = false},
    kCold{.briefs = true, .numbers = false, .rows = true};

/// Columns that are texts and functions of one part of a node's place.
constexpr std::array<std::pair<const char*, PlaceDomain>, 21> kDomains = {{{"site", PlaceDomain::kSite},
                                                                           {"site_name", PlaceDomain::kSite},
                                                                           {"region", PlaceDomain::kSite},
                                                                           {"region_2", PlaceDomain::kSite},
                                                                           {"region_4", PlaceDomain::kSite},
                                                                           {"hub", PlaceDomain::kSite},
                                                                           {"hub_cluster", PlaceDomain::kSite},
                                                                           {"owner_class", PlaceDomain::kSite},
                                                                           {"service", PlaceDomain::kSite},
                                                                           {"industry", PlaceDomain::kSite},
                                                                           {"public_compute", PlaceDomain::kSite},
                                                                           {"pool", PlaceDomain::kPool},
                                                                           {"pool_name", PlaceDomain::kPool},
                                                                           {"hardware", PlaceDomain::kHardware},
                                                                           {"architecture", PlaceDomain::kHardware},
                                                                           {"cpu_model", PlaceDomain::kHardware},
                                                                           {"accelerator_model", PlaceDomain::kHardware},
                                                                           {"accelerator_vendor", PlaceDomain::kHardware},
                                                                           {"liveness", PlaceDomain::kState},
                                                                           {"service_state", PlaceDomain::kState},
                                                                           {"verdict", PlaceDomain::kState}}};

struct NodeColumn {
  ListColumn<NodeAt> column;
  NodeParts needs;
  bool of_place = false;  ///< it tells no more of the node than its place and its hardware
};

std::string labels_text(const std::vector<Label>& labels) {
  if (labels.empty()) return {};
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [key, value] : labels) json[key] = value;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

/// Lines for a person, as one; what is beyond some thousand characters is left out, with a mark.
template <class List, class Words>
std::string joined(const List& list, Words words) {
  constexpr std::size_t kMostBytes = 8'192;
  std::string text;
  for (const auto& one : list) {
    text += (text.empty() ? "" : "; ") + words(one);
    if (text.size() > kMostBytes) return text.substr(0, kMostBytes) + " …";
  }
  return text;
}

class NodeColumnsOf {
 public:
  explicit NodeColumnsOf(const SqlScene& scene) : scene_(scene) {}

  std::vector<NodeColumn> take() {
    add(
        "id", "TEXT", "n-… id", kBrief, [](const SqlScene&, const NodeAt& at, SqlValue& out) { out.text(to_text(at.brief->id)); }, true);
    for (auto& column : place_columns<NodeAt>(scene_, place_of, [](const NodeAt& at) { return at.brief->counted; }))
      columns_.push_back({.column = std::move(column), .needs = kBrief, .of_place = true});
    brief();
    hardware();
    numbers();
    texts();
    return std::move(columns_);
  }

 private:
  template <class Put>
  void add(const char* name, const char* type, const char* what, const NodeParts& needs, Put put, bool key = false) {
    columns_.push_back({.column = {.words = {.name = name, .type = type, .what = what, .key = key},
                                   .put = [&scene = scene_, put](const NodeAt& at, SqlValue& out) { put(scene, at, out); }},
                        .needs = needs});
  }

  void brief() {
    add("revision", "INTEGER", "of the map when the row changed last", kBrief,
        [](const SqlScene&, const NodeAt& at, SqlValue& out) { out.count(at.brief->revision); });
    add("age_ms", "INTEGER", "since it was heard; null: not since this controller started", kBrief,
        [](const SqlScene& scene, const NodeAt& at, SqlValue& out) {
          const auto& heard_ms = at.brief->last_heard_boot_ms;
          heard_ms ? out.count(scene.now_boot_ms() - std::min(scene.now_boot_ms(), *heard_ms)) : out.null();
        });
    add("interval_ms", "INTEGER", "given to it", kBrief,
        [](const SqlScene&, const NodeAt& at, SqlValue& out) { out.whole(at.brief->interval_ms); });
  }

  void shape(const char* name, const char* what, std::optional<std::uint64_t> (*figure)(const HardwareRow& row)) {
    add(name, "INTEGER", what, kBrief, [figure](const SqlScene& scene, const NodeAt& at, SqlValue& out) {
      const auto* const row = scene.hardware(at.brief->hardware);
      row == nullptr ? out.null() : out.count(figure(*row));
    });
    columns_.back().of_place = true;
  }

  void hardware() {
    shape("packages", "", [](const HardwareRow& row) -> std::optional<std::uint64_t> { return row.shape.cpu.packages; });
    shape("cores", "", [](const HardwareRow& row) -> std::optional<std::uint64_t> { return row.shape.cpu.cores; });
    shape("pus", "", [](const HardwareRow& row) -> std::optional<std::uint64_t> { return row.shape.cpu.pus; });
    shape("memory_bytes", "by shape", [](const HardwareRow& row) { return row.shape.memory_bytes; });
    shape("accelerators", "", [](const HardwareRow& row) -> std::optional<std::uint64_t> {
      std::uint64_t count = 0;
      for (const auto& device : row.shape.accelerators) count += device.count;
      return count;
    });
    shape("disks_bytes", "null: the size of one is not known", [](const HardwareRow& row) -> std::optional<std::uint64_t> {
      std::uint64_t bytes = 0;
      for (const auto& disk : row.shape.disks) {
        if (!disk.bytes) return std::nullopt;
        bytes += *disk.bytes * disk.count;
      }
      return bytes;
    });
  }

  void numbers() {
    constexpr std::array<const char*, kReadingCount> kNames = {"cpu_busy_millicores",   "memory_used_mib",   "storage_used_mb",
                                                               "storage_read_kbs",      "storage_write_kbs", "network_receive_kbps",
                                                               "network_transmit_kbps", "power_watts"};
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      add(kNames[i], "INTEGER", "", kNumbers,
          [i](const SqlScene&, const NodeAt& at, SqlValue& out) { out.count(at.numbers->readings[i]); });
    }
    const auto free = [this](const char* name, std::optional<std::uint64_t> Contribution::*member) {
      add(name, "INTEGER", "", kNumbers, [member](const SqlScene&, const NodeAt& at, SqlValue& out) { out.count(at.numbers->*member); });
    };
    free("cpu_free_millicores", &Contribution::cpu_free_millicores);
    free("memory_free_mib", &Contribution::memory_free_mib);
    free("storage_free_mb", &Contribution::storage_free_mb);
    const auto devices = [this](const char* name, std::uint32_t Contribution::*member) {
      add(name, "INTEGER", "", kNumbers, [member](const SqlScene&, const NodeAt& at, SqlValue& out) {
        at.brief->hardware == kNoHardware ? out.null() : out.whole(at.numbers->*member);
      });
    };
    devices("accelerators_used", &Contribution::accelerators_used);
    devices("accelerators_free", &Contribution::accelerators_free);
    devices("accelerators_unhealthy", &Contribution::accelerators_unhealthy);
    devices("accelerators_use_unknown", &Contribution::accelerators_use_unknown);
  }

  void texts() {
    const auto text = [this](const char* name, const char* what, std::string NodeRow::*member) {
      add(name, "TEXT", what, kCold, [member](const SqlScene&, const NodeAt& at, SqlValue& out) { out.text_or_null(at.row->*member); });
    };
    text("hostname", "", &NodeRow::hostname);
    text("os", "", &NodeRow::os);
    text("kernel", "", &NodeRow::kernel);
    text("agent_version", "", &NodeRow::agent_version);
    text("virtualization", "", &NodeRow::virtualization);
    text("maker", "", &NodeRow::maker);
    text("product", "", &NodeRow::product);
    add("labels", "TEXT", "JSON: labels ->> 'rack'", kCold,
        [](const SqlScene&, const NodeAt& at, SqlValue& out) { out.text_or_null(labels_text(at.row->labels)); });
    add("counted_in", "TEXT", "n-… id of the node in whose figures it is", kCold,
        [](const SqlScene&, const NodeAt& at, SqlValue& out) { at.row->counted_in ? out.text(to_text(*at.row->counted_in)) : out.null(); });
    add("memory_total_bytes", "INTEGER", "MemTotal", kCold,
        [](const SqlScene&, const NodeAt& at, SqlValue& out) { out.count(at.row->memory_total_bytes); });
    add("pus_allowed", "INTEGER", "", kCold, [](const SqlScene&, const NodeAt& at, SqlValue& out) { out.count(at.row->pus_allowed); });
    add("clock_skew_ms", "INTEGER", "its clock minus ours", kCold,
        [](const SqlScene&, const NodeAt& at, SqlValue& out) { at.row->clock_skew_ms ? out.whole(*at.row->clock_skew_ms) : out.null(); });
    add("ordered_state", "TEXT", "service state an admin ordered, also where that has not begun", kCold,
        [](const SqlScene&, const NodeAt& at, SqlValue& out) {
          put_word(out, at.row->order ? kServiceStateNames[static_cast<std::size_t>(at.row->order->state)] : nullptr);
        });
    add("problems", "INTEGER", "lines of problems", kCold,
        [](const SqlScene&, const NodeAt& at, SqlValue& out) { out.count(std::uint64_t{at.row->problems.size()}); });
    add("problem_text", "TEXT", "", kCold, [](const SqlScene&, const NodeAt& at, SqlValue& out) {
      out.text_or_null(joined(at.row->problems, [](const Problem& one) { return one.probe + ": " + one.what; }));
    });
    add("verdict_reasons", "TEXT", "", kCold, [](const SqlScene&, const NodeAt& at, SqlValue& out) {
      out.text_or_null(joined(texts_of(at.row->findings), [](const std::string& one) { return one; }));
    });
  }

  const SqlScene& scene_;
  std::vector<NodeColumn> columns_;
};

class NodesTable final : public SqlTable {
 public:
  NodesTable(const SqlScene& scene, PinnedNodes& nodes) : scene_(scene), nodes_(nodes) {
    for (auto& [column, needs, of_place] : NodeColumnsOf(scene).take()) {
      const auto* const domain =
          std::ranges::find(kDomains, column.words.name, [](const auto& one) { return std::string_view(one.first); });
      domains_.push_back(domain == kDomains.end() ? PlaceDomain::kNone : domain->second);
      words_.push_back(std::move(column.words));
      puts_.push_back(std::move(column.put));
      needs_.push_back(needs);
      of_place_.push_back(of_place);
    }
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (words_[i].name == "site") site_ = i;
      if (words_[i].name == "region") region_ = i;
      if (words_[i].name == "liveness") liveness_ = i;
    }
  }
  [[nodiscard]] std::span<const SqlColumn> columns() const override { return words_; }
  [[nodiscard]] double rows() const override { return 1.0 + scene_.view().known_nodes; }
  Result<std::optional<std::uint64_t>> count() override {
    std::uint64_t count = 0;
    for (std::size_t chunk = 0;;) {
      const auto step = nodes_.at({}, chunk, {});
      if (!step) return step.error();
      if (!step->rows) return std::optional(count);
      count += step->rows->count;
      chunk += step->chunks;
    }
  }
  [[nodiscard]] double rows_of(std::size_t column) const override {
    if (column == 0) return 1;
    return column == liveness_ ? rows() / 4 : 1 + rows() / static_cast<double>(scene_.view().sites.size() + 1);
  }
  /// By anything but the id each row is looked at by the map, and those that fit are copied.
  [[nodiscard]] double cost_of(std::size_t column) const override { return column == 0 ? 20 : rows() / 8 + rows_of(column); }

  [[nodiscard]] bool orders(const SqlWanted& wanted) const override {
    for (std::size_t i = 0; i < of_place_.size(); ++i) {
      if (wanted.uses(i) && !of_place_[i]) return false;
    }
    std::vector<PlaceDomain> domains;
    for (const auto column : wanted.order) domains.push_back(domains_[column]);
    return OrderedPlaces::fits(scene_, domains);
  }

  std::unique_ptr<SqlScan> scan(const SqlWanted& wanted) override {
    NodeParts parts;
    for (std::size_t i = 0; i < needs_.size(); ++i) {
      if (!wanted.uses(i)) continue;
      parts.briefs |= needs_[i].briefs;
      parts.numbers |= needs_[i].numbers;
      parts.rows |= needs_[i].rows;
    }
    const NodeKeys keys{
        .id = wanted.equal(0), .site = wanted.equal(site_), .region = wanted.equal(region_), .liveness = wanted.equal(liveness_)};
    if (wanted.order.empty()) return std::make_unique<Scan<NodeWalk>>(*this, NodeWalk(nodes_, scene_, keys, parts));
    std::vector<PlaceOrder> order;
    for (const auto column : wanted.order) order.push_back({.domain = domains_[column], .put = puts_[column]});
    return std::make_unique<Scan<OrderedPlaces>>(*this, OrderedPlaces(scene_, NodeWalk(nodes_, scene_, keys, kBrief), order));
  }

 private:
  template <class Walk>
  class Scan final : public SqlScan {
   public:
    Scan(const NodesTable& table, Walk walk) : table_(table), walk_(std::move(walk)) {}
    bool next() override { return walk_.next(); }
    [[nodiscard]] const std::optional<Error>& failed() const override { return walk_.failed(); }
    void value(std::size_t column, SqlValue& out) const override { table_.puts_[column](walk_.at(), out); }
    [[nodiscard]] std::int64_t row() const override { return walk_.row(); }

   private:
    const NodesTable& table_;
    Walk walk_;
  };

  const SqlScene& scene_;
  PinnedNodes& nodes_;
  std::vector<SqlColumn> words_;
  std::vector<std::function<void(const NodeAt&, SqlValue&)>> puts_;
  std::vector<NodeParts> needs_;
  std::vector<bool> of_place_;
  std::vector<PlaceDomain> domains_;
  std::size_t site_ = 0, region_ = 0, liveness_ = 0;
};

}  // namespace

std::unique_ptr<SqlTable> nodes_table(const SqlScene& scene, PinnedNodes& nodes) {
  return std::make_unique<NodesTable>(scene, nodes);
}

}  // namespace capmap
