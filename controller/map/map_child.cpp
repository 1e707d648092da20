// Child controllers: which run of one is spoken with, which row each of its numbers means, and what it is answered.
#include <algorithm>
#include <utility>

#include "common/shape.hpp"
#include "controller/map/map_state.hpp"

namespace capmap {
namespace {

constexpr std::uint32_t kChildSession = UINT32_MAX;  ///< of a row that a child speaks for: no agent gets so far
constexpr std::size_t kOldRuns = 8;
constexpr std::uint64_t kHourMs = 3'600'000, kBytesPerMib = 1ULL << 20;
constexpr std::uint32_t kShapesAnHour = 20'000;  ///< a child may teach

const Envelope& envelope_of(const ChildMessage& message) {
  return std::visit([](const auto& kind) -> const Envelope& { return kind.envelope; }, message);
}

/// Why a message is out of turn, or null. A hello of number 0 begins a run.
const char* child_out_of_turn(const ChildLink& child, const Envelope& envelope, bool begins) {
  if (child.run_id == envelope.run_id) return envelope.seq > child.seq ? nullptr : "old_seq";
  if (std::ranges::find(child.old_runs, envelope.run_id) != child.old_runs.end()) return "old_session";
  return begins ? nullptr : "unknown_run";
}

void begin_run(ChildLink& child, std::uint64_t run_id) {
  if (child.run_id != 0) child.old_runs.push_back(child.run_id);
  if (child.old_runs.size() > kOldRuns) child.old_runs.erase(child.old_runs.begin());
  child.run_id = run_id;
  ++child.session;
  child.rows.clear();
  child.waiting.clear();
  child.refused_nodes = 0;
}

}  // namespace

void CapacityMap::State::add_child(const KnownChild& child, const std::array<std::uint8_t, 16>& mask) {
  const auto [at, made] = child_indexes.try_emplace(child.id, static_cast<std::uint32_t>(children.size()));
  if (made) {
    children.emplace_back();
    children.back().mask = mask;
  }
  auto& link = children[at->second];
  link.known = child;
  link.sites.clear();
  for (const auto& site : child.sites) link.sites.emplace(site, site_index(site));
}

std::vector<ChildAckOut> CapacityMap::State::apply(const ChildBatch& batch, std::uint64_t now_unix_ms) {
  std::vector<ChildAckOut> answers;
  for (const auto& report : batch.reports) {
    const auto& envelope = envelope_of(report.message);
    BatchAck ack{.epoch = options.epoch,
                 .run_id = envelope.run_id,
                 .time_unix_ms = now_unix_ms,
                 .next_interval_ms = options.interval_ms,
                 .need_shapes = {}};
    const auto known = child_indexes.find(report.child);
    const char* refused = "unknown_child";
    if (known != child_indexes.end()) {
      auto& child = children[known->second];
      refused = std::visit([&](const auto& kind) { return take(child, kind); }, report.message);
      if (child.run_id == envelope.run_id) {
        ack.session = child.session;
        ack.applied_seq = child.seq;
        ack.nodes = static_cast<std::uint32_t>(child.rows.size());
        ack.refused_nodes = child.refused_nodes;
        for (auto at = child.waiting.begin(); at != child.waiting.end() && ack.need_shapes.size() < kMaxNeedShapes; ++at) {
          ack.need_shapes.push_back(*at);
        }
      }
    }
    ++(refused == nullptr ? counters.applied : counters.refused[refused]);
    answers.push_back({.route = report.route, .ack = std::move(ack)});
  }
  return answers;
}

const char* CapacityMap::State::take(ChildLink& child, const BatchHello& hello) {
  if (const auto* why = child_out_of_turn(child, hello.envelope, hello.first == 0)) return why;
  if (child.run_id != hello.envelope.run_id) begin_run(child, hello.envelope.run_id);
  child.seq = hello.envelope.seq;
  if (hello.first > child.rows.size()) return "unknown_number";
  for (std::size_t i = child.rows.size() - hello.first; i < hello.nodes.size(); ++i) {  // those before are numbered already
    const auto row = child_row(child, hello.nodes[i]);
    if (row == ChildLink::kRefused) {
      ++child.refused_nodes;
      ++counters.refused["foreign_site"];
    }
    child.rows.push_back(row);
  }
  return nullptr;
}

RowIndex CapacityMap::State::child_row(ChildLink& child, const BatchNode& node) {
  const auto site = child.sites.find(node.site);
  if (site == child.sites.end()) return ChildLink::kRefused;
  NodeId id = node.id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] ^= child.mask[i];
  const auto found = nodes.find(id);
  const RowIndex row = found ? *found : nodes.add(id);
  if (!found) ++by_liveness[static_cast<std::size_t>(nodes.place(row).liveness)];
  const auto before = numbers(row);
  auto& place = nodes.place(row);
  auto& talk = nodes.talk(row);
  place.site = site->second;
  place.interval_ds = interval_ds();
  place.set(Place::kCounted, true);
  place.set(Place::kMemoryKnown, node.memory_total_mib.has_value());
  place.set(Place::kPusKnown, node.pus_allowed.has_value());
  nodes.levels(row).memory_total_mib = node.memory_total_mib.value_or(0);
  talk.pus_allowed = static_cast<std::uint16_t>(std::min<std::uint32_t>(node.pus_allowed.value_or(0), UINT16_MAX));
  talk.session = kChildSession;
  talk.run_id = child.run_id;
  auto& cold = nodes.cold(row);
  cold.joined_hostname = to_text(node.id);
  cold.hello.hostname = child.known.name;
  cold.hello.memory_total_bytes.reset();
  if (node.memory_total_mib) cold.hello.memory_total_bytes = *node.memory_total_mib * kBytesPerMib;
  cold.hello.pus_allowed = node.pus_allowed;
  cold.hello.shape_id = node.shape;
  forget_usage(row);
  const auto shape = shapes.find(node.shape);
  bind(row, shape.value_or(0));
  if (!shape) child.waiting.insert(node.shape);
  if (!found) set_liveness(row, Liveness::kResyncing);
  settle(row, before);
  return row;
}

const char* CapacityMap::State::take(ChildLink& child, const ShapeMessage& message) {
  if (const auto* why = child_out_of_turn(child, message.envelope, false)) return why;
  child.seq = message.envelope.seq;
  if (now_ms >= child.shapes_since_ms + kHourMs) {
    child.shapes_since_ms = now_ms;
    child.shapes_taught = 0;
  }
  if (child.shapes_taught >= kShapesAnHour) return "too_many_shapes";
  auto unpacked = unpack_shape(message.shape);
  if (!unpacked) return "bad_shape";
  if (child.waiting.erase(unpacked->id) == 0) return "unknown_shape";
  if (shapes.find(unpacked->id)) return nullptr;
  ++child.shapes_taught;
  canonicalize(unpacked->shape);
  const auto shape = shapes.intern(unpacked->id, std::move(unpacked->shape), now_ms);
  if (shapes.hardware(shape) == kNoHardware) ++counters.refused["too_much_hardware"];
  count_shapes();
  return nullptr;  // rows are bound with their next states: in their order, so that neighbours share blocks of cells
}

const char* CapacityMap::State::take(ChildLink& child, const BatchStates& states) {
  if (const auto* why = child_out_of_turn(child, states.envelope, false)) return why;
  child.seq = states.envelope.seq;
  const std::uint64_t end = states.nodes.empty() ? std::uint64_t{states.first} + states.count : std::uint64_t{states.nodes.back()} + 1;
  if (end > child.rows.size()) return "unknown_number";
  take_states(child, states, now_ms - std::min<std::uint64_t>(states.heard_ago_ms, now_ms));
  return nullptr;
}

}  // namespace capmap
