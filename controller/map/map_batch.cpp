// States of many nodes at once. Most only move readings: these are added up cell by cell, and each cell is touched once for all its nodes
// that follow each other. Whatever else changes goes the way of every message: numbers(), the row, settle().
#include <algorithm>

#include "controller/map/map_state.hpp"

namespace capmap {
namespace {

static_assert(kBatchReadings == kReadingCount, "the columns of a batch stand in the order of a row's readings");
constexpr std::uint64_t kHeardMask = (1ULL << 48) - 1, kMillicores = 1'000, kMibPerGib = 1'024, kBytesPerMb = 1'000'000;

Liveness liveness_of(BatchLiveness said) {
  switch (said) {
    case BatchLiveness::kFresh: return Liveness::kFresh;
    case BatchLiveness::kStale: return Liveness::kStale;
    default: return Liveness::kLost;  // nobody vouches for them
  }
}

/// What is asked of each row before it may go the short way, and the sums of those of one cell that follow each other.
template <class State>
class ShortWay {
 public:
  ShortWay(State& map, const BatchStates& states, std::uint64_t heard_ms) : map_(map), states_(states), heard_ms_(heard_ms) {
    for (std::size_t i = 0; i < kBatchReadings; ++i) {
      if (!states.readings[i].empty()) columns_ |= 1U << i;
    }
    open_ = states.liveness == BatchLiveness::kFresh && !states.full && states.accelerators_used.empty();
    shift_.heard_ms = heard_ms;
  }

  /// False: nothing was done, the row needs the long way. Call flush() first then.
  bool take(RowIndex row, std::size_t at);
  void flush() {
    if (slot_ != 0) map_.cells.shift_sums(slot_, shift_);
    slot_ = 0;
    shift_ = {};
    shift_.heard_ms = heard_ms_;
  }

 private:
  [[nodiscard]] bool only_moves(const Place& place, const Talk& talk) const {
    return place.cell != 0 && place.liveness == Liveness::kFresh && place.insane == 0 && place.shape != 0 && place.is(Place::kUsageTaken) &&
           place.is(Place::kHeard) && place.interval_ds == map_.interval_ds() && (place.known & columns_) == columns_ &&
           talk.heard_ms <= heard_ms_;
  }
  [[nodiscard]] bool believable(RowIndex row, std::size_t at) const;
  void move_free(RowIndex row, std::size_t at);

  State& map_;
  const BatchStates& states_;
  std::uint64_t heard_ms_;
  std::uint32_t columns_ = 0;  ///< bit: reading of a row
  bool open_ = false;
  CellSlot slot_ = 0;
  CellShift shift_;
};

template <class State>
bool ShortWay<State>::believable(RowIndex row, std::size_t at) const {
  const auto& place = map_.nodes.place(row);
  for (std::size_t i = 0; i < kBatchReadings; ++i) {
    if (states_.readings[i].empty()) continue;
    const auto entry = states_.readings[i][at];
    if (entry == 0) return false;
    // What is below the plainest limit is below the true one; but of a node that says more than its shape has, its own word is no limit.
    if (i == kCpuBusy && place.is(Place::kPusKnown) && entry - 1 <= map_.nodes.talk(row).pus_allowed * kMillicores) continue;
    const bool memory_told = place.is(Place::kMemoryKnown) && !place.is(Place::kFactsContradict);
    if (i == kMemoryUsed && memory_told && entry - 1 <= map_.nodes.levels(row).memory_total_mib) continue;
    if (doubt_reading(i, entry - 1, map_.reading_limits(row))) return false;
  }
  return true;
}

/// What a changed use changes of what is free: by the same rule as contribution_of.
template <class State>
void ShortWay<State>::move_free(RowIndex row, std::size_t at) {
  const auto& place = map_.nodes.place(row);
  const auto& levels = map_.nodes.levels(row);
  Contribution before, after;
  bool moved = false;
  const auto shift = [&](std::size_t reading, std::uint64_t all, std::size_t sum) {
    const std::uint64_t old_free = all - std::min<std::uint64_t>(all, map_.nodes.reading(row, reading));
    const std::uint64_t new_free = all - std::min<std::uint64_t>(all, states_.readings[reading][at] - 1);
    shift_.sums[sum] += static_cast<std::int64_t>(new_free - old_free);
    return std::pair(old_free, new_free);
  };
  const auto one = [&](std::size_t reading, std::uint64_t all, std::uint64_t unit, std::size_t sum, auto field) {
    const auto [old_free, new_free] = shift(reading, all, sum);
    if (power_bucket(old_free / unit) == power_bucket(new_free / unit)) return;
    before.*field = old_free;
    after.*field = new_free;
    moved = true;
  };
  const auto& facts = map_.shapes.facts(place.shape);
  auto pus = facts.pus;
  if (place.is(Place::kPusKnown)) pus = static_cast<std::uint32_t>(map_.nodes.talk(row).pus_allowed);
  if ((columns_ >> kCpuBusy & 1U) != 0 && pus)
    one(kCpuBusy, *pus * kMillicores, kMillicores, kSumCpuFree, &Contribution::cpu_free_millicores);
  if ((columns_ >> kMemoryUsed & 1U) != 0 && place.is(Place::kMemoryKnown)) {
    one(kMemoryUsed, levels.memory_total_mib, kMibPerGib, kSumMemoryFree, &Contribution::memory_free_mib);
  }
  if ((columns_ >> kStorageUsed & 1U) != 0 && facts.disks_bytes) shift(kStorageUsed, *facts.disks_bytes / kBytesPerMb, kSumStorageFree);
  if (moved) map_.cells.shift_free(slot_, before, after);
}

template <class State>
bool ShortWay<State>::take(RowIndex row, std::size_t at) {
  auto& place = map_.nodes.place(row);
  auto& talk = map_.nodes.talk(row);
  if (!open_ || !only_moves(place, talk) || !believable(row, at)) return false;
  if (place.cell != slot_) {
    flush();
    slot_ = place.cell;
  }
  if (!shift_.hear(talk.heard_ms)) {
    flush();
    slot_ = place.cell;
    shift_.hear(talk.heard_ms);
  }
  move_free(row, at);
  for (std::size_t i = 0; i < kBatchReadings; ++i) {
    if (states_.readings[i].empty()) continue;
    const auto value = states_.readings[i][at] - 1;
    shift_.sums[i] += std::int64_t{value} - std::int64_t{map_.nodes.reading(row, i)};
    map_.nodes.set_reading(row, i, value);
  }
  talk.heard_ms = heard_ms_ & kHeardMask;
  talk.revision = map_.revision & kHeardMask;
  return true;
}

}  // namespace

void CapacityMap::State::take_states(ChildLink& child, const BatchStates& states, std::uint64_t heard_ms) {
  ++revision;
  ShortWay short_way(*this, states, heard_ms);
  for (std::size_t i = 0; i < states.count; ++i) {
    const auto number = states.nodes.empty() ? states.first + i : states.nodes[i];
    if (number >= child.rows.size()) break;  // they ascend, and there was no room for those
    const auto row = child.rows[number];
    if (row == ChildLink::kNoRow || short_way.take(row, i)) continue;
    short_way.flush();
    if (states.liveness == BatchLiveness::kGone) {
      drop_row(child, row);
    } else {
      take_state(child, row, states, i, heard_ms);
    }
  }
  short_way.flush();
}

void CapacityMap::State::take_state(ChildLink& child, RowIndex row, const BatchStates& states, std::size_t i, std::uint64_t heard_ms) {
  const auto before = numbers(row);
  auto& place = nodes.place(row);
  auto& talk = nodes.talk(row);
  if (place.shape == 0) {
    const auto named = nodes.cold(row).hello.shape_id;
    const auto shape = shapes.find(named);
    if (!shape) child.waiting.add(named);
    bind(row, shape.value_or(0));
  }
  if (states.full) {
    place.known = 0;
    place.insane = 0;
    nodes.devices(row) = {};
    nodes.cold(row).insane_reasons.clear();
    place.set(Place::kUsageTaken, true);
  }
  // A slow link must not make a node older than the newest word of it; nor a node that is gone younger.
  talk.heard_ms = std::max<std::uint64_t>(place.is(Place::kHeard) ? talk.heard_ms : 0, heard_ms) & kHeardMask;
  place.set(Place::kHeard, true);
  place.interval_ds = interval_ds();
  set_liveness(row, liveness_of(states.liveness));
  Readings readings;
  for (std::size_t k = 0; k < kBatchReadings; ++k) {
    if (states.readings[k].empty()) continue;
    const auto entry = states.readings[k][i];
    const auto bit = 1U << k;
    if (entry == 0) place.known = static_cast<std::uint8_t>(place.known & ~bit);
    if (entry != 0) readings.*kReadingFields[k] = entry - 1;
  }
  if (!take_readings(row, readings)) ++counters.refused["insane_reading"];
  if (!states.accelerators_used.empty()) {
    const Devices said{
        .used = states.accelerators_used[i], .free = states.accelerators_free[i], .unhealthy = states.accelerators_unhealthy[i]};
    const bool fits = place.shape != 0 && std::uint32_t{said.used} + said.free + said.unhealthy <= shapes.facts(place.shape).accelerators;
    nodes.devices(row) = fits ? said : Devices{};
    if (!fits && place.shape != 0) ++counters.refused["insane_reading"];
  }
  settle(row, before);
}

}  // namespace capmap
