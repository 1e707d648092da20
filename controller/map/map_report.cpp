// What a node says all the time, from a decoded message to its row and its cell, and the ack that answers it.
#include <algorithm>
#include <type_traits>
#include <utility>

#include "common/accelerator_addresses.hpp"
#include "common/shape.hpp"
#include "controller/map/map_state.hpp"

namespace capmap {
namespace {

constexpr std::uint32_t kSameJitter = 64;
constexpr std::uint64_t kHeardMask = (1ULL << 48) - 1;
constexpr std::uint8_t kAcceleratorsBit = kReadingCount;  ///< in Place::insane, after the readings

const Envelope& envelope_of(const AgentMessage& message) {
  return std::visit([](const auto& kind) -> const Envelope& { return kind.envelope; }, message);
}

/// The interval ± 5%, another one each kSameJitter messages: agents that started together drift apart, and can plan ahead meanwhile.
std::uint32_t jittered(std::uint32_t interval_ms, const Envelope& envelope) {
  const std::uint64_t mixed = (envelope.run_id ^ (std::uint64_t{envelope.seq / kSameJitter} << 32)) * 0x9E37'79B9'7F4A'7C15U;
  const std::uint64_t span = interval_ms / 10;
  return static_cast<std::uint32_t>(interval_ms - span / 2 + (span == 0 ? 0 : (mixed >> 33) % (span + 1)));
}

/// Each device once: unhealthy before anything else, then used or free where its use is known.
Devices count_devices(const std::vector<AcceleratorUse>& devices) {
  Devices counts;
  for (const auto& device : devices) {
    if (device.healthy == false) {
      ++counts.unhealthy;
    } else if (device.used) {
      ++(*device.used ? counts.used : counts.free);  // at most kMaxDevices: see doubt_accelerators
    }
  }
  return counts;
}

}  // namespace

void CapacityMap::State::answer(const Report& report, std::uint64_t now_unix_ms, AckBatch& answers) {
  const auto answer = apply(report.node, report.message, now_unix_ms);
  if (answer.refused == "unknown_node") return;  // removed: silence makes it connect again, and zap tells it why it may not
  const auto& envelope = envelope_of(report.message);
  const auto row = benchmarks.empty() ? std::nullopt : nodes.find(report.node);
  answers.acks.push_back({.route = report.route,
                          .ack = {.epoch = options.epoch,
                                  .run_id = envelope.run_id,
                                  .session = answer.session,
                                  .applied_seq = answer.applied_seq,
                                  .next_interval_ms = jittered(options.interval_ms, envelope),
                                  .need_hello = answer.need_hello,
                                  .need_shape = answer.need_shape,
                                  .need_usage = answer.need_usage,
                                  .benchmark_seconds = row ? benchmarks.seconds_for(*row, now_ms) : 0,
                                  .time_unix_ms = now_unix_ms}});
}

Answer CapacityMap::State::apply(const NodeId& node, const AgentMessage& message, std::uint64_t now_unix_ms) {
  Answer result;
  unix_ms = now_unix_ms;
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
    if (nodes.place(*row).elsewhere && result.refused.empty()) note_alive(*row);
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

Answer CapacityMap::State::take(RowIndex row, const Heartbeat& heartbeat) {
  if (const auto stand = standing(row, heartbeat.envelope); stand != Standing::kNext) return out_of_turn(row, heartbeat.envelope, stand);
  const auto before = numbers(row);
  accept(row, heartbeat.envelope);
  auto result = answer(row);
  if (prefix_agrees(row, heartbeat.shape_prefix, result) && !take_readings(row, heartbeat.moved)) result.refused = "insane_reading";
  settle(row, before);
  return result;
}

Answer CapacityMap::State::take(RowIndex row, const UsageMessage& message) {
  if (const auto stand = standing(row, message.envelope); stand != Standing::kNext) return out_of_turn(row, message.envelope, stand);
  const auto before = numbers(row);
  accept(row, message.envelope);
  auto result = answer(row);
  look_at_exclusions(row);
  if (prefix_agrees(row, message.shape_prefix, result)) {
    forget_usage(row);
    nodes.place(row).set(Place::kUsageTaken, true);
    auto& cold = nodes.cold(row);
    cold.usage_problems = message.usage.problems;
    cold.file_systems = message.usage.file_systems;
    std::ranges::for_each(cold.file_systems, forget_absurd_size);
    if (!nodes.place(row).is(Place::kExcluded)) shared.report(row, nodes.place(row).site, cold.file_systems, now_ms);
    cold.cpu_steal_millicores = message.usage.cpu_steal_millicores;
    cold.load_centi = message.usage.load_centi;
    cold.disk_traffic = message.usage.disk_traffic;
    cold.nic_traffic = message.usage.nic_traffic;
    const bool readings_good = take_readings(row, message.usage.readings);
    const bool accelerators_good =
        take_accelerators(row, message.addresses_as_in_hello ? with_addresses(message.usage.accelerators, cold.hello.accelerator_addresses)
                                                             : message.usage.accelerators);
    if (!readings_good || !accelerators_good) result.refused = "insane_reading";
    result.need_usage = false;
  }
  settle(row, before);
  return result;
}

ServiceState CapacityMap::State::counted_service(RowIndex row) const {
  const auto& place = nodes.place(row);
  if (place.service == ServiceState::kRetired) return place.service;
  if (place.is(Place::kExcluded)) return ServiceState::kQuarantined;
  return place.elsewhere && counts_as_installed(place.service) ? ServiceState::kCountedElsewhere : place.service;
}

void CapacityMap::State::settle(RowIndex row, const Contribution& before) {
  nodes.talk(row).revision = ++revision & ((std::uint64_t{1} << 48U) - 1);
  auto& place = nodes.place(row);
  if (!place.is(Place::kCounted)) return;
  const CellKey key{.site = place.site,
                    .pool = place.pool,
                    .hardware = shapes.hardware(place.shape),
                    .liveness = place.liveness,
                    .service = counted_service(row),
                    .verdict = verdict(row)};
  const auto after = numbers(row);
  if (place.cell == 0) {
    place.cell = cells.add(key, after);
    note_change(row, std::nullopt, key);
    note_verdict(row, std::nullopt, key);
    doubles.touch(row);
    look_at_guests(row);
    return look_at_doubles(row);
  }
  const CellKey was = cells.key(place.cell);
  if (key.verdict == Verdict::kContradicted || was != key) note_verdict(row, was, key);
  if (was == key) return cells.update(place.cell, before, after);
  place.cell = cells.change(place.cell, before, key, after);
  note_change(row, was, key);
  doubles.touch(row);
  // Not counts_as_installed(): whether it is counted elsewhere is what looking at guests decides, and must not begin it again.
  const auto in_totals = [](ServiceState service) { return service != ServiceState::kRetired && service != ServiceState::kQuarantined; };
  if (was.site == key.site && in_totals(was.service) == in_totals(key.service)) return;
  look_at_guests(row);
  look_at_doubles(row);
}

void CapacityMap::State::note_change(RowIndex row, const std::optional<CellKey>& from, const std::optional<CellKey>& to) {
  if (restoring) return changes.skip_to(revision);  // what was known before this start is no news
  changes.add({.revision = revision, .at_boot_ms = now_ms, .node = nodes.id(row), .from = from, .to = to});
}

CapacityMap::State::Standing CapacityMap::State::standing(RowIndex row, const Envelope& envelope) const {
  const auto& talk = nodes.talk(row);
  if (talk.run_id == envelope.run_id && talk.session != 0) return envelope.seq > talk.seq ? Standing::kNext : Standing::kOldSeq;
  const auto& old_runs = nodes.cold(row).old_runs;
  if (!clones.empty() && clones.refused(row, envelope.run_id)) return Standing::kOldRun;
  const bool old = std::find(old_runs.begin(), old_runs.end(), envelope.run_id) != old_runs.end();
  return old ? Standing::kOldRun : Standing::kUnknownRun;
}

Answer CapacityMap::State::out_of_turn(RowIndex row, const Envelope& envelope, Standing stand) {
  note_out_of_turn(row, envelope, stand);
  const auto& talk = nodes.talk(row);
  switch (stand) {
    case Standing::kOldSeq:
      return {.session = talk.session, .applied_seq = talk.seq, .need_hello = silent_beyond_ttl(row), .refused = "old_seq"};
    case Standing::kOldRun:
      if (clones.refused(row, envelope.run_id)) return {.session = talk.session, .refused = "clone_run"};
      return {.session = talk.session, .need_hello = silent_beyond_ttl(row), .refused = "old_session"};
    default: return {.need_hello = true, .refused = "unknown_run"};
  }
}

void CapacityMap::State::note_coming(RowIndex row, const Envelope& envelope) {
  const auto& talk = nodes.talk(row);
  const auto& place = nodes.place(row);
  const auto gap = talk.seq != 0 && envelope.seq > talk.seq ? envelope.seq - talk.seq - 1 : 0;
  if (gap > 0 || !losses.empty()) losses.came(row, gap, now_ms);
  const bool was_away = place.liveness == Liveness::kStale || place.liveness == Liveness::kLost;
  // Who said goodbye was started anew, and who was not heard before has not come back.
  if (was_away && place.is(Place::kHeard) && !(place.liveness == Liveness::kLost && nodes.cold(row).goodbye))
    returns.came_back(row, now_ms);
}

void CapacityMap::State::accept(RowIndex row, const Envelope& envelope) {
  auto& talk = nodes.talk(row);
  auto& place = nodes.place(row);
  note_coming(row, envelope);
  talk.seq = envelope.seq;
  talk.heard_ms = now_ms & kHeardMask;
  place.set(Place::kHeard, true);
  if (place.liveness == Liveness::kLost) nodes.cold(row).goodbye.reset();
  if (!clones.empty()) clones.heard(row, envelope.run_id, unix_ms);
  if (!conduct.empty()) {
    conduct.next(row, envelope.run_id, now_ms, interval_ms(row));
    look_at_conduct(row);
  }
  place.interval_ds = interval_ds();
  set_liveness(row, Liveness::kFresh);
  if (place.shape != 0) return;
  if (const auto shape = shapes.find(nodes.cold(row).hello.shape_id)) bind(row, *shape);
}

Answer CapacityMap::State::answer(RowIndex row) {
  const auto& talk = nodes.talk(row);
  const auto& place = nodes.place(row);
  return {.session = talk.session,
          .applied_seq = talk.seq,
          .need_hello = !conduct.empty() && conduct.ask_for_clock(row, now_ms),
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
  if (place.shape != 0 && !place.is(Place::kNamedInFull) && shapes.prefix_shared(place.shape)) result.need_hello = true;
  return true;
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
    if (!why) nodes.set_reading(row, i, *value);
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
  const unsigned mask = 1U << bit, all = place.insane;
  if (!why && (all & mask) == 0) return;
  place.insane = (why ? all | mask : all & ~mask) & ((1U << (kReadingCount + 1)) - 1);
  auto& reasons = nodes.cold(row).insane_reasons;
  std::erase_if(reasons, [bit](const auto& reason) { return reason.first == bit; });
  if (why) reasons.emplace_back(static_cast<std::uint8_t>(bit), std::move(*why));
}

}  // namespace capmap
