// Child controllers: which run of one is spoken with, what its messages do, and what it is answered.
#include <algorithm>
#include <utility>

#include "common/shape.hpp"
#include "controller/map/map_state.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kHourMs = 3'600'000;
/// A child that does not say how many nodes it has is taken to have named them all so long after its last hello, while it speaks.
constexpr std::uint64_t kNamingMs = 600'000;
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

/// Who is not named by now goes.
void finish_naming(ChildLink& child) {
  if (child.complete) return;
  child.complete = true;
  if (child.unnamed_nodes > 0) child.sweep_from = 0;
}

}  // namespace

std::vector<ShapeId> WaitingShapes::next(std::size_t limit) {
  std::vector<ShapeId> out;
  for (std::size_t i = 0; i < std::min(limit, ids_.size()); ++i) {
    auto at = ids_.upper_bound(asked_);
    if (at == ids_.end()) at = ids_.begin();
    asked_ = *at;
    out.push_back(asked_);
  }
  return out;
}

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
  if (!made) withdraw(link);
}

ChildAckOut CapacityMap::State::answer(const ChildReport& report, std::uint64_t now_unix_ms) {
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
    sweep(child);
    if (child.run_id == envelope.run_id) {
      ack.session = child.session;
      ack.applied_seq = child.seq;
      ack.nodes = child.numbered;
      ack.refused_nodes = child.refused_nodes;
      ack.need_shapes = child.waiting.next(kMaxNeedShapes);
    }
  }
  ++(refused == nullptr ? counters.applied : counters.refused[refused]);
  return {.route = report.route, .ack = std::move(ack)};
}

const char* CapacityMap::State::take(ChildLink& child, const BatchHello& hello) {
  if (const auto* why = child_out_of_turn(child, hello.envelope, hello.first == 0)) return why;
  if (child.run_id != hello.envelope.run_id) begin_run(child, hello.envelope.run_id);
  child.seq = hello.envelope.seq;
  if (hello.first > child.numbered) return "unknown_number";
  if (child.numbered > UINT32_MAX - kMaxBatchNodes) return "too_many_nodes";
  for (std::size_t i = child.numbered - hello.first; i < hello.nodes.size(); ++i) {  // those before are numbered already
    child.named_ms = now_ms;
    const auto* const why = name_node(child, hello.nodes[i]);
    ++child.numbered;
    if (why == nullptr) continue;
    ++child.refused_nodes;
    ++counters.refused[why];
  }
  child.all_nodes = hello.all_nodes;
  if (child.all_nodes && child.numbered >= *child.all_nodes) finish_naming(child);
  return nullptr;
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
  if (!child.waiting.take(unpacked->id)) return "unknown_shape";
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
  if (end > child.numbered) return "unknown_number";
  if (!child.all_nodes && now_ms >= child.named_ms + kNamingMs) finish_naming(child);
  take_states(child, states, now_ms - std::min<std::uint64_t>(states.heard_ago_ms, now_ms));
  return nullptr;
}

}  // namespace capmap
