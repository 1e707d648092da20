#include <algorithm>
#include <type_traits>
#include <utility>

#include "common/shape.hpp"
#include "controller/map/map_state.hpp"

namespace capmap {
namespace {

constexpr std::size_t kOldRuns = 8;
constexpr std::uint64_t kHourMs = 3'600'000;
constexpr std::uint64_t kBytesPerMib = 1ULL << 20;
constexpr std::uint64_t kHeardMask = (1ULL << 48) - 1;
constexpr std::uint8_t kAcceleratorsBit = kReadingCount;  ///< in Place::insane, after the readings

void keep_hello(NodeTable& nodes, RowIndex row, const Hello& hello, std::uint64_t now_unix_ms) {
  auto& cold = nodes.cold(row);
  cold.hello = hello;
  cold.clock_skew_ms.reset();
  if (hello.time_unix_ms) cold.clock_skew_ms = static_cast<std::int64_t>(*hello.time_unix_ms - now_unix_ms);
  auto& place = nodes.place(row);
  place.set(Place::kMemoryKnown, hello.memory_total_bytes.has_value());
  nodes.levels(row).memory_total_mib =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(hello.memory_total_bytes.value_or(0) / kBytesPerMib, UINT32_MAX));
  place.set(Place::kPusKnown, hello.pus_allowed.has_value());
  nodes.talk(row).pus_allowed = static_cast<std::uint16_t>(std::min<std::uint32_t>(hello.pus_allowed.value_or(0), UINT16_MAX));
}

/// Each device once: unhealthy before anything else, then used or free where its use is known.
Devices count_devices(const std::vector<AcceleratorUse>& devices) {
  Devices counts;
  for (const auto& device : devices) {
    if (device.healthy == false) {
      ++counts.unhealthy;
    } else if (device.used) {
      ++(*device.used ? counts.used : counts.free);
    }
  }
  return counts;
}

}  // namespace

Answer CapacityMap::State::apply(const NodeId& node, const AgentMessage& message, std::uint64_t now_unix_ms) {
  Answer result;
  if (const auto row = nodes.find(node)) {
    result = std::visit(
        [&](const auto& kind) {
          if constexpr (std::is_same_v<std::decay_t<decltype(kind)>, Hello>) {
            return take(*row, kind, now_unix_ms);
          } else {
            return take(*row, kind);
          }
        },
        message);
  } else {
    result.refused = "unknown_node";
  }
  if (result.refused.empty()) {
    ++counters.applied;
  } else {
    ++counters.refused[result.refused];
  }
  return result;
}

Answer CapacityMap::State::take(RowIndex row, const Hello& hello, std::uint64_t now_unix_ms) {
  const auto stand = standing(row, hello.envelope);
  // A run that was rolled back with its machine, or spoke before a shorter-lived one, may come back once nobody else speaks.
  const bool starts = stand == Standing::kUnknownRun || (stand != Standing::kNext && silent_beyond_ttl(row));
  if (!starts && stand != Standing::kNext) return out_of_turn(row, stand);
  const auto before = numbers(row);
  auto& place = nodes.place(row);
  if (starts) start_session(row, hello.envelope);
  if (hello.shape_id != nodes.cold(row).hello.shape_id) forget_usage(row);
  keep_hello(nodes, row, hello, now_unix_ms);
  place.set(Place::kCounted, true);
  bind(row, shapes.find(hello.shape_id).value_or(0));
  place.set(Place::kNamedInFull, place.shape != 0 && shapes.prefix_shared(place.shape));
  accept(row, hello.envelope);
  settle(row, before);
  auto result = answer(row);
  result.need_usage = true;
  return result;
}

Answer CapacityMap::State::take(RowIndex row, const ShapeMessage& message) {
  if (const auto stand = standing(row, message.envelope); stand != Standing::kNext) return out_of_turn(row, stand);
  const auto before = numbers(row);
  accept(row, message.envelope);
  std::string refused;
  if (nodes.place(row).shape == 0) refused = learn_shape(row, message.shape);
  settle(row, before);
  auto result = answer(row);
  result.refused = std::move(refused);
  if (!result.refused.empty()) result.need_shape = false;  // not again at once: the next heartbeat asks
  result.need_hello = result.refused == "unknown_shape";
  return result;
}

Answer CapacityMap::State::take(RowIndex row, const Heartbeat& heartbeat) {
  if (const auto stand = standing(row, heartbeat.envelope); stand != Standing::kNext) return out_of_turn(row, stand);
  const auto before = numbers(row);
  accept(row, heartbeat.envelope);
  auto result = answer(row);
  if (prefix_agrees(row, heartbeat.shape_prefix, result) && !take_readings(row, heartbeat.moved)) result.refused = "insane_reading";
  settle(row, before);
  return result;
}

Answer CapacityMap::State::take(RowIndex row, const UsageMessage& message) {
  if (const auto stand = standing(row, message.envelope); stand != Standing::kNext) return out_of_turn(row, stand);
  const auto before = numbers(row);
  accept(row, message.envelope);
  auto result = answer(row);
  if (prefix_agrees(row, message.shape_prefix, result)) {
    forget_usage(row);
    nodes.place(row).set(Place::kUsageTaken, true);
    nodes.cold(row).usage_problems = message.usage.problems;
    const bool readings_good = take_readings(row, message.usage.readings);
    const bool accelerators_good = take_accelerators(row, message.usage.accelerators);
    if (!readings_good || !accelerators_good) result.refused = "insane_reading";
    result.need_usage = false;
  }
  settle(row, before);
  return result;
}

Answer CapacityMap::State::take(RowIndex row, const Bye& bye) {
  if (const auto stand = standing(row, bye.envelope); stand != Standing::kNext) return out_of_turn(row, stand);
  const auto before = numbers(row);
  accept(row, bye.envelope);
  set_liveness(row, Liveness::kLost);
  nodes.cold(row).goodbye = bye.reason;
  settle(row, before);
  auto result = answer(row);
  result.need_shape = result.need_usage = false;
  return result;
}

CapacityMap::State::Standing CapacityMap::State::standing(RowIndex row, const Envelope& envelope) const {
  const auto& talk = nodes.talk(row);
  if (talk.run_id == envelope.run_id && talk.session != 0) return envelope.seq > talk.seq ? Standing::kNext : Standing::kOldSeq;
  const auto& old_runs = nodes.cold(row).old_runs;
  const bool old = std::find(old_runs.begin(), old_runs.end(), envelope.run_id) != old_runs.end();
  return old ? Standing::kOldRun : Standing::kUnknownRun;
}

Answer CapacityMap::State::out_of_turn(RowIndex row, Standing stand) const {
  const auto& talk = nodes.talk(row);
  switch (stand) {
    case Standing::kOldSeq:
      return {.session = talk.session, .applied_seq = talk.seq, .need_hello = silent_beyond_ttl(row), .refused = "old_seq"};
    case Standing::kOldRun: return {.session = talk.session, .need_hello = silent_beyond_ttl(row), .refused = "old_session"};
    default: return {.need_hello = true, .refused = "unknown_run"};
  }
}

void CapacityMap::State::start_session(RowIndex row, const Envelope& envelope) {
  auto& talk = nodes.talk(row);
  auto& old_runs = nodes.cold(row).old_runs;
  std::erase(old_runs, envelope.run_id);
  if (talk.session != 0 && talk.run_id != envelope.run_id) old_runs.push_back(talk.run_id);
  if (old_runs.size() > kOldRuns) old_runs.erase(old_runs.begin());
  talk.run_id = envelope.run_id;
  ++talk.session;
  forget_usage(row);
}

void CapacityMap::State::accept(RowIndex row, const Envelope& envelope) {
  auto& talk = nodes.talk(row);
  auto& place = nodes.place(row);
  talk.seq = envelope.seq;
  talk.heard_ms = now_ms & kHeardMask;
  place.set(Place::kHeard, true);
  if (place.liveness == Liveness::kLost) nodes.cold(row).goodbye.reset();
  set_liveness(row, Liveness::kFresh);
  if (place.shape != 0) return;
  if (const auto shape = shapes.find(nodes.cold(row).hello.shape_id)) bind(row, *shape);
}

Answer CapacityMap::State::answer(RowIndex row) {
  const auto& talk = nodes.talk(row);
  const auto& place = nodes.place(row);
  return {.session = talk.session,
          .applied_seq = talk.seq,
          .need_shape = place.shape == 0 && may_teach_shape(row),
          .need_usage = !place.is(Place::kUsageTaken),
          .refused = {}};
}

bool CapacityMap::State::prefix_agrees(RowIndex row, std::uint64_t said, Answer& result) {
  const auto& place = nodes.place(row);
  const auto named = place.shape != 0 ? shapes.prefix(place.shape) : shape_prefix(nodes.cold(row).hello.shape_id);
  if (said != named) {
    result.need_hello = true;
    result.refused = "unknown_shape";
    return false;
  }
  if (place.shape != 0 && !place.is(Place::kNamedInFull)) result.need_hello = shapes.prefix_shared(place.shape);
  return true;
}

bool CapacityMap::State::may_teach_shape(RowIndex row) {
  auto& taught_ms = nodes.cold(row).new_shapes_ms;
  std::erase_if(taught_ms, [this](std::uint64_t at_ms) { return now_ms >= at_ms + kHourMs; });
  return taught_ms.size() < options.max_new_shapes_per_hour;
}

std::string CapacityMap::State::learn_shape(RowIndex row, const EncodedShape& encoded) {
  auto& cold = nodes.cold(row);
  if (!may_teach_shape(row)) return "too_many_shapes";
  auto unpacked = unpack_shape(encoded);
  if (!unpacked) return "bad_shape";
  if (unpacked->id != cold.hello.shape_id) return "unknown_shape";
  canonicalize(unpacked->shape);
  cold.new_shapes_ms.push_back(now_ms);
  bind(row, shapes.intern(unpacked->id, std::move(unpacked->shape), now_ms));
  count_shapes();
  return {};
}

bool CapacityMap::State::take_readings(RowIndex row, const Readings& readings) {
  auto& place = nodes.place(row);
  const auto held = reading_limits(row);
  bool good = true;
  for (std::size_t i = 0; i < kReadingCount; ++i) {
    const auto& value = readings.*kReadingFields[i];
    if (!value) continue;
    const auto bit = static_cast<std::uint8_t>(1U << i);
    auto why = doubt_reading(i, *value, held);
    place.known = static_cast<std::uint8_t>(why ? place.known & ~bit : place.known | bit);
    if (!why) nodes.levels(row).readings[i] = *value;
    good = good && !why;
    note_insane(row, i, std::move(why));
  }
  return good;
}

bool CapacityMap::State::take_accelerators(RowIndex row, const std::vector<AcceleratorUse>& devices) {
  auto why = doubt_accelerators(devices, reading_limits(row));
  const bool good = !why;
  nodes.devices(row) = good ? count_devices(devices) : Devices{};
  auto& cold = nodes.cold(row);
  if (!good) {
    cold.accelerators.clear();
  } else if (&devices != &cold.accelerators) {
    cold.accelerators = devices;
  }
  note_insane(row, kAcceleratorsBit, std::move(why));
  return good;
}

void CapacityMap::State::note_insane(RowIndex row, std::size_t bit, std::optional<std::string> why) {
  auto& place = nodes.place(row);
  const auto mask = static_cast<std::uint8_t>(1U << bit);
  if (!why && (place.insane & mask) == 0) return;
  place.insane = static_cast<std::uint8_t>(why ? place.insane | mask : place.insane & ~mask);
  auto& reasons = nodes.cold(row).insane_reasons;
  std::erase_if(reasons, [bit](const auto& reason) { return reason.first == bit; });
  if (why) reasons.emplace_back(static_cast<std::uint8_t>(bit), std::move(*why));
}

}  // namespace capmap
