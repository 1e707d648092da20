// What a node says once: hello, its shape, goodbye.
#include <algorithm>
#include <utility>

#include "common/shape.hpp"
#include "controller/map/map_state.hpp"

namespace capmap {
namespace {

constexpr std::size_t kOldRuns = 8;
constexpr std::uint64_t kHourMs = 3'600'000;
constexpr std::uint64_t kBytesPerMib = 1ULL << 20;

void keep_hello(NodeTable& nodes, RowIndex row, const Hello& hello, std::uint64_t now_unix_ms) {
  auto& cold = nodes.cold(row);
  cold.hello = hello;
  cold.hello.fingerprints.clear();  // kept by GuestTable
  cold.hello.guest_fingerprints.reset();
  cold.hello.machine = {};  // kept by DoubleTable
  cold.clock_skew_ms.reset();
  if (hello.time_unix_ms) cold.clock_skew_ms = static_cast<std::int64_t>(*hello.time_unix_ms - now_unix_ms);
  auto& place = nodes.place(row);
  place.set(Place::kMemoryKnown, hello.memory_total_bytes.has_value());
  nodes.levels(row).memory_total_mib =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(hello.memory_total_bytes.value_or(0) / kBytesPerMib, UINT32_MAX));
  place.set(Place::kPusKnown, hello.pus_allowed.has_value());
  nodes.talk(row).pus_allowed = static_cast<std::uint16_t>(std::min<std::uint32_t>(hello.pus_allowed.value_or(0), UINT16_MAX));
}

}  // namespace

Answer CapacityMap::State::take(RowIndex row, const Hello& hello, std::uint64_t now_unix_ms) {
  const auto stand = standing(row, hello.envelope);
  // A run that was rolled back with its machine, or spoke before a shorter-lived one, may come back once nobody else speaks.
  const bool refused = clones.refused(row, hello.envelope.run_id);
  const bool starts = !refused && (stand == Standing::kUnknownRun || (stand != Standing::kNext && silent_beyond_ttl(row)));
  if (conduct.has(row) && !refused) clones.said(row, hello.envelope.run_id, hello.hostname, hello.product, now_unix_ms);
  if (!starts && stand != Standing::kNext) return out_of_turn(row, hello.envelope, stand);
  const auto before = numbers(row);
  auto& place = nodes.place(row);
  note_name(row, hello, now_unix_ms);
  if (starts) start_session(row, hello.envelope);
  if (starts) past.restarted(row);
  hello_starts = starts;
  if (hello.shape_id != named_shape(row)) forget_usage(row);
  if (!benchmarks.empty()) benchmarks.answered(row, nodes.cold(row).hello, hello);
  keep_hello(nodes, row, hello, now_unix_ms);
  if (starts && conduct.has(row)) clones.said(row, hello.envelope.run_id, hello.hostname, hello.product, now_unix_ms);
  place.set(Place::kCounted, true);
  bind(row, shapes.find(hello.shape_id).value_or(0));
  hello_starts = false;
  place.set(Place::kNamedInFull, place.shape != 0 && shapes.prefix_shared(place.shape));
  accept(row, hello.envelope);
  settle(row, before);
  note_guests(row, hello, starts);
  note_machine(row, hello.machine, now_unix_ms);
  auto result = answer(row);
  result.need_usage = true;
  return result;
}

Answer CapacityMap::State::take(RowIndex row, const ShapeMessage& message) {
  if (const auto stand = standing(row, message.envelope); stand != Standing::kNext) return out_of_turn(row, message.envelope, stand);
  const auto before = numbers(row);
  accept(row, message.envelope);
  std::string refused;
  if (nodes.place(row).shape == 0) refused = learn_shape(row, message.shape);
  settle(row, before);
  auto result = answer(row);
  result.refused = std::move(refused);
  if (!result.refused.empty()) result.need_shape = false;  // not again at once: the next heartbeat asks
  result.need_hello = result.need_hello || result.refused == "unknown_shape";
  return result;
}

Answer CapacityMap::State::take(RowIndex row, const Bye& bye) {
  if (const auto stand = standing(row, bye.envelope); stand != Standing::kNext) return out_of_turn(row, bye.envelope, stand);
  const auto before = numbers(row);
  accept(row, bye.envelope);
  set_liveness(row, Liveness::kLost);
  nodes.cold(row).goodbye = bye.reason;
  settle(row, before);
  auto result = answer(row);
  result.need_hello = result.need_shape = result.need_usage = false;
  return result;
}

void CapacityMap::State::start_session(RowIndex row, const Envelope& envelope) {
  auto& talk = nodes.talk(row);
  auto& old_runs = nodes.cold(row).old_runs;
  std::erase(old_runs, envelope.run_id);
  if (talk.session != 0 && talk.run_id != envelope.run_id) {
    if (talk.run_id != 0) old_runs.push_back(talk.run_id);
    const auto& was = nodes.cold(row).hello;
    if (talk.run_id != 0) clones.said(row, talk.run_id, was.hostname, was.product, unix_ms);
    conduct.run_changed(row, envelope.run_id, now_ms);
  }
  if (old_runs.size() > kOldRuns) old_runs.erase(old_runs.begin());
  talk.run_id = envelope.run_id;
  talk.seq = 0;  // its numbers begin anew
  ++talk.session;
  forget_usage(row);
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
  const auto shape = shapes.intern(unpacked->id, std::move(unpacked->shape), now_ms);
  if (shapes.hardware(shape) == kNoHardware) ++counters.refused["too_much_hardware"];
  bind(row, shape);
  count_shapes();
  return {};
}

bool CapacityMap::State::restore_shape(const EncodedShape& encoded) {
  auto unpacked = unpack_shape(encoded);
  if (!unpacked) return false;
  canonicalize(unpacked->shape);
  shapes.intern(unpacked->id, std::move(unpacked->shape), now_ms);
  count_shapes();
  return true;
}

void CapacityMap::State::bind(RowIndex row, ShapeIndex shape) {
  auto& place = nodes.place(row);
  note_past(row, shape);
  shapes.bind(shape);
  shapes.unbind(place.shape, now_ms);
  place.shape = shape & kMostShapes;
  auto& cold = nodes.cold(row);
  if (!nodes.cold_store().everything()) {  // to the MiB, which is all that is kept then
    if (place.is(Place::kMemoryKnown)) cold.hello.memory_total_bytes = nodes.levels(row).memory_total_mib * kBytesPerMib;
    if (place.is(Place::kPusKnown)) cold.hello.pus_allowed = static_cast<std::uint32_t>(nodes.talk(row).pus_allowed);
  }
  if (shape != 0) cold.hello.shape_id = {};
  exclude(row, Exclusion::kAbsurdShape, shapes.facts(shape).absurd.has_value());
  judge(row);
  Readings taken;
  for (std::size_t i = 0; i < kReadingCount; ++i) {
    if ((place.known >> i & 1U) != 0) taken.*kReadingFields[i] = nodes.reading(row, i);
  }
  take_readings(row, taken);
  if (!cold.accelerators.empty()) take_accelerators(row, cold.accelerators);
}

void CapacityMap::State::forget_usage(RowIndex row) {
  auto& place = nodes.place(row);
  place.known = 0;
  place.insane = 0;
  place.set(Place::kUsageTaken, false);
  nodes.devices(row) = {};
  auto& cold = nodes.cold(row);
  cold.accelerators.clear();
  cold.file_systems.clear();
  cold.cpu_steal_millicores.reset();
  cold.load_centi.reset();
  cold.disk_traffic.clear();
  cold.nic_traffic.clear();
  cold.usage_problems.clear();
  cold.insane_reasons.clear();
}

}  // namespace capmap
