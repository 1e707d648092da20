#pragma once
#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/shape.hpp"
#include "controller/map/capacity_map.hpp"
#include "controller/map/conduct.hpp"
#include "controller/map/shape_past.hpp"
#include "tests/property/naive_node.hpp"

namespace capmap::test {

/// The capacity map as one would write it without a thought for cost: a record a node, everything else made from all records when
/// asked. Shapes are kept for ever, so a test stays within a day.
class NaiveMap {
 public:
  using Node = NaiveNode;

  explicit NaiveMap(std::uint64_t start_ms) : start_ms_(start_ms) {}

  void add_node(const KnownNode& known, bool at_start);
  Answer apply(const NodeId& id, const AgentMessage& message, std::uint64_t now_ms);
  bool set_service(const NodeId& id, const ServiceOrder& order) {
    const auto found = std::ranges::find(nodes_, id, &Node::id);
    if (found != nodes_.end()) found->order = order;
    return found != nodes_.end();
  }
  void advance_service(std::uint64_t now_unix_ms) {
    for (auto& node : nodes_) node.service = node.order.at(now_unix_ms);
  }
  bool remove_node(const NodeId& id) {
    return std::erase_if(nodes_, [&](const Node& node) {
             if (node.id == id) conduct_.forget(node.number);
             return node.id == id;
           }) > 0;
  }
  void advance(std::uint64_t now_ms);
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  /// All cells, ordered, with the indexes that `view` gives sites and hardware.
  [[nodiscard]] std::vector<Cell> cells(const MapView& view) const;

 protected:
  void hello(Node& node, const Hello& hello, std::uint64_t now_ms);
  void bind(Node& node);
  void bind(Node& node, bool starts, std::uint64_t now_ms) {
    bind(node);
    follow_past(node, starts, now_ms);
  }
  void follow_past(Node& node, bool starts, std::uint64_t now_ms);
  void look_at_flips(Node& node, std::uint64_t now_ms);
  void look_at_conduct(Node& node, std::uint64_t now_ms) {
    node.conduct = conduct_.marks(node.number, now_ms, kTtlMs);
    node.held = node.held || node.conduct.clone;  // nobody settles it here
  }
  void take(Node& node, const Readings& readings, Answer& answer) const;
  void take(Node& node, const std::vector<AcceleratorUse>& devices, Answer& answer) const;
  bool may_teach(Node& node, std::uint64_t now_ms) const;
  void learn(Node& node, const EncodedShape& encoded, std::uint64_t now_ms, Answer& answer);
  static bool sane(const Node& node, std::size_t field, std::uint64_t value);

  static constexpr std::uint32_t kIntervalMs = 10'000, kTtlMs = 60'000;
  std::uint64_t start_ms_;
  std::vector<Node> nodes_;
  RowIndex numbers_ = 0;
  ShapePast past_;        ///< likewise
  ConductNotes conduct_;  ///< the map's own, which has tests of its own; here: that cells follow it
  std::map<ShapeId, Shape> shapes_;
};

using Field = std::optional<std::uint32_t> Readings::*;
inline constexpr std::array<Field, 8> kFields = {
    &Readings::cpu_busy_millicores, &Readings::memory_used_mib,      &Readings::storage_used_mb,       &Readings::storage_read_kbs,
    &Readings::storage_write_kbs,   &Readings::network_receive_kbps, &Readings::network_transmit_kbps, &Readings::power_watts};

inline void NaiveMap::add_node(const KnownNode& known, bool at_start) {
  for (auto& node : nodes_) {
    if (node.id != known.id) continue;
    node.site = known.site;
    node.pool = known.pool;
    return;
  }
  Node node;
  node.id = known.id;
  node.site = known.site;
  node.pool = known.pool;
  node.counted = at_start;
  node.number = ++numbers_;
  nodes_.push_back(node);
}

inline Answer NaiveMap::apply(const NodeId& id, const AgentMessage& message, std::uint64_t now_ms) {
  Answer answer;
  const auto found = std::find_if(nodes_.begin(), nodes_.end(), [&](const Node& node) { return node.id == id; });
  if (found == nodes_.end()) {
    answer.refused = "unknown_node";
    return answer;
  }
  Node& node = *found;
  const auto& envelope = std::visit([](const auto& kind) -> const Envelope& { return kind.envelope; }, message);
  const bool same_run = node.session > 0 && node.run_id == envelope.run_id;
  const bool old_run = !same_run && std::count(node.old_runs.begin(), node.old_runs.end(), envelope.run_id) > 0;
  const bool old_seq = same_run && envelope.seq <= node.seq;
  const bool silent = !node.heard_ms || now_ms - *node.heard_ms > 60'000;
  const auto* const said_hello = std::get_if<Hello>(&message);
  const bool refused = old_run || old_seq || (!same_run && said_hello == nullptr);
  if (refused && !(said_hello != nullptr && silent)) {
    if (old_seq) conduct_.old_seq(node.number, now_ms);
    if (old_run) conduct_.old_run(node.number, envelope.run_id, envelope.seq, now_ms, kIntervalMs);
    look_at_conduct(node, now_ms);
    answer.refused = old_seq ? "old_seq" : old_run ? "old_session" : "unknown_run";
    answer.session = old_seq || old_run ? node.session : 0;
    answer.applied_seq = old_seq ? node.seq : 0;
    answer.need_hello = old_seq || old_run ? silent : true;
    return answer;
  }
  if (said_hello != nullptr) hello(node, *said_hello, now_ms);
  conduct_.next(node.number, envelope.run_id, now_ms, kIntervalMs);
  look_at_conduct(node, now_ms);
  node.seq = envelope.seq;
  node.heard_ms = now_ms;
  node.said_bye = std::holds_alternative<Bye>(message);
  node.liveness = node.said_bye ? Liveness::kLost : Liveness::kFresh;
  if (!node.shape) bind(node, false, now_ms);
  answer.session = node.session;
  answer.applied_seq = node.seq;
  if (const auto* shape = std::get_if<ShapeMessage>(&message); shape != nullptr && !node.shape) learn(node, shape->shape, now_ms, answer);
  if (const auto* beat = std::get_if<Heartbeat>(&message)) {
    if (beat->shape_prefix == shape_prefix(node.named)) {
      take(node, beat->moved, answer);
    } else {
      answer.refused = "unknown_shape";
    }
  }
  if (const auto* use = std::get_if<UsageMessage>(&message)) {
    look_at_flips(node, now_ms);
    if (use->shape_prefix == shape_prefix(node.named)) {
      node.readings = {};
      node.insane.clear();
      node.usage_taken = true;
      take(node, use->usage.readings, answer);
      take(node, use->usage.accelerators, answer);
    } else {
      answer.refused = "unknown_shape";
    }
  }
  answer.need_hello = answer.refused == "unknown_shape";
  answer.need_usage = !node.said_bye && (!node.usage_taken || said_hello != nullptr);
  const bool shape_refused = std::holds_alternative<ShapeMessage>(message) && !answer.refused.empty();
  answer.need_shape = !node.said_bye && !shape_refused && !node.shape && may_teach(node, now_ms);
  return answer;
}

inline void NaiveMap::look_at_flips(Node& node, std::uint64_t now_ms) {
  std::erase_if(node.renamed_ms, [&](std::uint64_t at) { return now_ms - at >= 3'600'000; });
  node.flips = node.renamed_ms.size() > 4;
  past_.expire(node.number, now_ms);
  node.past = !past_.findings(node.number).empty();
}

inline void NaiveMap::hello(Node& node, const Hello& hello, std::uint64_t now_ms) {
  if (node.session > 0 && node.named != hello.shape_id) node.renamed_ms.push_back(now_ms);
  look_at_flips(node, now_ms);
  const bool starts = node.session == 0 || node.run_id != hello.envelope.run_id || hello.envelope.seq <= node.seq;
  if (starts) {
    std::erase(node.old_runs, hello.envelope.run_id);
    if (node.session > 0 && node.run_id != hello.envelope.run_id) {
      node.old_runs.push_back(node.run_id);
      conduct_.run_changed(node.number, hello.envelope.run_id, now_ms);
    }
    if (node.old_runs.size() > 8) node.old_runs.erase(node.old_runs.begin());
    node.run_id = hello.envelope.run_id;
    ++node.session;
  }
  if (starts || node.named != hello.shape_id) {
    node.readings = {};
    node.devices.clear();
    node.insane.clear();
    node.usage_taken = false;
  }
  node.counted = true;
  node.named = hello.shape_id;
  node.memory_total_bytes = hello.memory_total_bytes;
  node.pus_allowed = hello.pus_allowed;
  node.shape.reset();
  if (starts) past_.restarted(node.number);
  bind(node, starts, now_ms);
}

/// Its hardware is another one, or known again.
inline void NaiveMap::follow_past(Node& node, bool starts, std::uint64_t now_ms) {
  const auto hardware = [](const Shape& shape) {
    std::uint64_t cards = 0;
    for (const auto& device : shape.accelerators) cards += device.count;
    return ShapePast::Hardware{.memory_bytes = shape.memory_bytes,
                               .cards = static_cast<std::uint32_t>(std::min<std::uint64_t>(cards, 65'535))};
  };
  const auto now_bound = node.shape ? std::optional(node.named) : std::nullopt;
  if (now_bound != node.bound) {
    if (node.bound) past_.was(node.number, hardware(shapes_.at(*node.bound)), starts, false);
    if (node.shape) past_.is(node.number, hardware(*node.shape), now_ms);
    node.bound = now_bound;
  }
  node.past = !past_.findings(node.number).empty();
}

/// What was said before is held against the shape it now has.
inline void NaiveMap::bind(Node& node) {
  const auto known = shapes_.find(node.named);
  if (known != shapes_.end()) node.shape = known->second;
  Answer ignored;
  take(node, Readings(node.readings), ignored);
  if (!node.devices.empty()) take(node, std::vector(node.devices), ignored);
}

inline bool NaiveMap::sane(const Node& node, std::size_t field, std::uint64_t value) {
  const auto shape_pus = node.shape ? node.shape->cpu.pus : std::nullopt;
  const auto shape_memory = node.shape ? node.shape->memory_bytes : std::nullopt;
  if (field == 0 && (shape_pus || node.pus_allowed)) {
    return value <= std::max<std::uint64_t>(shape_pus.value_or(0), node.pus_allowed.value_or(0)) * 1'100;
  }
  if (field == 7) {
    std::uint64_t most = 65'535;
    if (node.shape && node.shape->cpu.packages) {
      std::uint64_t watts = 1'500 + std::uint64_t{1'000} * *node.shape->cpu.packages;
      for (const auto& device : node.shape->accelerators) watts += std::uint64_t{2'000} * device.count;
      most = std::min(most, watts);
    }
    return value <= most;
  }
  auto memory = node.memory_total_bytes ? node.memory_total_bytes : shape_memory;
  if (shape_memory) memory = std::min(*memory, *shape_memory);
  if (field == 1 && memory) return value <= (*memory >> 20) + 1;
  std::uint64_t disks = 0;
  bool all_sizes_known = true;
  for (const auto& disk : node.shape ? node.shape->disks : std::vector<DiskShape>{}) {
    disks += disk.bytes.value_or(0) * disk.count;
    all_sizes_known = all_sizes_known && disk.bytes;
  }
  return field != 2 || disks == 0 || !all_sizes_known || value * 10 <= disks / 1'000'000 * 11;
}

inline void NaiveMap::take(Node& node, const Readings& readings, Answer& answer) const {
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    const auto& value = readings.*kFields[i];
    if (!value) continue;
    const bool good = sane(node, i, *value);
    node.readings.*kFields[i] = good ? value : std::nullopt;
    if (good) node.insane.erase(i);
    if (good) continue;
    node.insane.insert(i);
    answer.refused = "insane_reading";
  }
}

inline void NaiveMap::take(Node& node, const std::vector<AcceleratorUse>& devices, Answer& answer) const {
  std::set<std::string> addresses;
  for (const auto& device : devices) addresses.insert(device.pci_address);
  const bool good = addresses.size() == devices.size() && (!node.shape || devices.size() <= node.installed_devices());
  node.insane.erase(kFields.size());
  node.devices = good ? devices : std::vector<AcceleratorUse>{};
  if (good) return;
  node.insane.insert(kFields.size());
  answer.refused = "insane_reading";
}

inline bool NaiveMap::may_teach(Node& node, std::uint64_t now_ms) const {
  std::erase_if(node.taught_ms, [&](std::uint64_t at) { return now_ms - at >= 3'600'000; });
  return node.taught_ms.size() < 4;
}

inline void NaiveMap::learn(Node& node, const EncodedShape& encoded, std::uint64_t now_ms, Answer& answer) {
  const auto unpacked = unpack_shape(encoded);
  if (!may_teach(node, now_ms)) {
    answer.refused = "too_many_shapes";
  } else if (!unpacked) {
    answer.refused = "bad_shape";
  } else if (unpacked->id != node.named) {
    answer.refused = "unknown_shape";
  } else {
    node.taught_ms.push_back(now_ms);
    shapes_[unpacked->id] = unpacked->shape;
    canonicalize(shapes_[unpacked->id]);
    bind(node, false, now_ms);
  }
}

inline void NaiveMap::advance(std::uint64_t now_ms) {
  for (auto& node : nodes_) {
    if (!node.heard_ms) {
      if (node.counted && now_ms >= start_ms_ + 90'000) node.liveness = Liveness::kLost;
    } else if (!node.said_bye) {
      const auto age = now_ms - *node.heard_ms;
      const auto by_age = age <= 25'000 ? Liveness::kFresh : age <= 60'000 ? Liveness::kStale : Liveness::kLost;
      node.liveness = std::max(node.liveness, by_age);  // a child may have said worse than its age tells
    }
  }
}

}  // namespace capmap::test
