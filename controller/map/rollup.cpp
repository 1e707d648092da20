// From a node's row to its cell, and from cells to groups: who adds a figure adds it on both ways here.
#include "controller/map/rollup.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "common/check.hpp"
#include "controller/map/contribution.hpp"
#include "controller/map/rollup_hardware.hpp"
#include "controller/map/rollup_keys.hpp"

namespace capmap {
namespace {

constexpr std::array<ReadingSum Cell::*, kReadingCount> kSumFields = {
    &Cell::cpu_busy_millicores, &Cell::memory_used_mib,      &Cell::storage_used_mb,       &Cell::storage_read_kbs,
    &Cell::storage_write_kbs,   &Cell::network_receive_kbps, &Cell::network_transmit_kbps, &Cell::power_watts};

constexpr std::uint64_t kMillicores = 1'000;
constexpr std::uint64_t kMibPerGib = 1'024;

template <class Counter>
void add(Counter& counter, std::uint64_t amount) {
  counter = static_cast<Counter>(counter + amount);
}

template <class Counter>
void subtract(Counter& counter, std::uint64_t amount) {
  if (counter < amount) check(false, "a cell would fall below zero");
  counter = static_cast<Counter>(counter - amount);
}

/// Puts one value in the place of another; where nothing changes, nothing is touched.
void shift(ReadingSum& sum, const std::optional<std::uint64_t>& before, const std::optional<std::uint64_t>& after) {
  if (before == after) return;
  if (before) {
    subtract(sum.sum, *before);
    subtract(sum.known, 1);
  }
  if (after) {
    add(sum.sum, *after);
    add(sum.known, 1);
  }
}

void shift(std::uint32_t& count, std::uint32_t before, std::uint32_t after) {
  if (before == after) return;
  subtract(count, before);
  add(count, after);
}

template <std::size_t N>
void shift(std::array<std::uint32_t, N>& histogram, const std::optional<std::size_t>& before, const std::optional<std::size_t>& after) {
  if (before == after) return;
  if (before) subtract(histogram[*before], 1);
  if (after) add(histogram[*after], 1);
}

std::optional<std::size_t> bucket_of(const std::optional<std::uint64_t>& amount, std::uint64_t unit) {
  if (!amount) return std::nullopt;
  return power_bucket(*amount / unit);
}

/// Takes a node out of the slot of when it was heard, or puts it in.
void count_heard(Cell& cell, const std::optional<std::uint64_t>& heard_ms, bool in) {
  if (!heard_ms) return;
  const auto wanted = *heard_ms / kHeardSlotMs[static_cast<std::size_t>(cell.key.liveness)];
  auto& slots = cell.heard_slots;
  auto at = std::lower_bound(slots.begin(), slots.end(), wanted, [](const auto& slot, std::uint64_t value) { return slot.first < value; });
  if (at == slots.end() || at->first != wanted) at = slots.insert(at, {wanted, 0});
  if (in) {
    add(at->second, 1);
    return;
  }
  subtract(at->second, 1);
  if (at->second == 0) slots.erase(at);
}

void add_free(Contribution& part, const NodeTable& nodes, RowIndex row, const HardwareFacts& facts) {
  const auto& place = nodes.place(row);
  const auto& talk = nodes.talk(row);
  auto pus = facts.pus;
  if (place.is(Place::kPusKnown)) pus = static_cast<std::uint32_t>(talk.pus_allowed);
  if (const auto busy = part.readings[kCpuBusy]; busy && pus) {
    const std::uint64_t all = *pus * kMillicores;
    part.cpu_free_millicores = all - std::min<std::uint64_t>(all, *busy);
  }
  if (const auto used = part.readings[kMemoryUsed]; used && place.is(Place::kMemoryKnown)) {
    const std::uint64_t all = nodes.levels(row).memory_total_mib;
    part.memory_free_mib = all - std::min<std::uint64_t>(all, *used);
  }
}

void add_accelerators(Contribution& part, const NodeTable& nodes, RowIndex row, const HardwareFacts& facts) {
  if (nodes.place(row).shape == 0) return;
  const auto devices = facts.accelerators == 0 ? Devices{} : nodes.devices(row);  // most rows have none: nothing to fetch
  const std::uint32_t known = std::uint32_t{devices.used} + devices.free + devices.unhealthy;
  part.accelerators_used = devices.used;
  part.accelerators_free = devices.free;
  part.accelerators_unhealthy = devices.unhealthy;
  part.accelerators_use_unknown = facts.accelerators - std::min(known, facts.accelerators);
  if (known == 0 && facts.accelerators > 0) return;
  part.free_accelerators_bucket = std::min<std::size_t>(devices.free, kFreeAcceleratorBuckets - 1);
}

}  // namespace

Contribution contribution_of(const NodeTable& nodes, RowIndex row, const HardwareFacts& facts) {
  Contribution part;
  const auto& place = nodes.place(row);
  for (std::size_t i = 0; i < kReadingCount; ++i) {
    if ((place.known >> i & 1U) != 0) part.readings[i] = nodes.reading(row, i);
  }
  add_free(part, nodes, row, facts);
  add_accelerators(part, nodes, row, facts);
  if (place.is(Place::kHeard)) part.heard_ms = nodes.talk(row).heard_ms;
  return part;
}

std::size_t power_bucket(std::uint64_t value) {
  return std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(value)), kFreeBuckets - 1);
}

void shift(Cell& cell, const Contribution& before, const Contribution& after) {
  for (std::size_t i = 0; i < kReadingCount; ++i) shift(cell.*kSumFields[i], before.readings[i], after.readings[i]);
  shift(cell.cpu_free_millicores, before.cpu_free_millicores, after.cpu_free_millicores);
  shift(cell.memory_free_mib, before.memory_free_mib, after.memory_free_mib);
  shift(cell.accelerators_used, before.accelerators_used, after.accelerators_used);
  shift(cell.accelerators_free, before.accelerators_free, after.accelerators_free);
  shift(cell.accelerators_use_unknown, before.accelerators_use_unknown, after.accelerators_use_unknown);
  shift(cell.accelerators_unhealthy, before.accelerators_unhealthy, after.accelerators_unhealthy);
  const auto cores_bucket = [](const Contribution& part) { return bucket_of(part.cpu_free_millicores, kMillicores); };
  const auto memory_bucket = [](const Contribution& part) { return bucket_of(part.memory_free_mib, kMibPerGib); };
  shift(cell.free_cores_histogram, cores_bucket(before), cores_bucket(after));
  shift(cell.free_memory_gib_histogram, memory_bucket(before), memory_bucket(after));
  shift(cell.free_accelerators_histogram, before.free_accelerators_bucket, after.free_accelerators_bucket);
  if (before.heard_ms == after.heard_ms) return;
  count_heard(cell, after.heard_ms, true);
  count_heard(cell, before.heard_ms, false);
  add(cell.heard_ms_sum, after.heard_ms.value_or(0));
  subtract(cell.heard_ms_sum, before.heard_ms.value_or(0));
  shift(cell.heard_nodes, before.heard_ms ? 1 : 0, after.heard_ms ? 1 : 0);
}

namespace {

/// A group while it is folded: sums that need one pass over cells, and how many nodes of each hardware row it has installed.
struct Folding {
  RollupGroup group;
  std::vector<HardwareNodes> installed;  ///< in the order of cells, a row more than once
  std::uint64_t heard_ms_sum = 0;
  std::uint64_t oldest_slot_ms = UINT64_MAX;
  std::size_t cores_bucket = 0, memory_bucket = 0, accelerators_bucket = 0;  ///< highest that is not empty
};

void add_reading(Amount& amount, const ReadingSum& sum, std::uint32_t nodes) {
  amount.value += sum.sum;
  amount.unknown += nodes - sum.known;
}

template <std::size_t N>
void raise_bucket(std::size_t& best, const std::array<std::uint32_t, N>& histogram) {
  for (std::size_t i = N - 1; i > best; --i) {
    if (histogram[i] > 0) best = i;
  }
}

/// The least value of a bucket by powers of two.
std::uint32_t floor_of_bucket(std::size_t bucket) {
  return bucket == 0 ? 0 : std::uint32_t{1} << (bucket - 1);
}

void add_available(Folding& into, const Cell& cell) {
  auto& group = into.group;
  group.available_nodes += cell.nodes;
  add_reading(group.cpu_busy_millicores, cell.cpu_busy_millicores, cell.nodes);
  add_reading(group.cpu_free_millicores, cell.cpu_free_millicores, cell.nodes);
  add_reading(group.memory_used_mib, cell.memory_used_mib, cell.nodes);
  add_reading(group.memory_free_mib, cell.memory_free_mib, cell.nodes);
  add_reading(group.power_watts, cell.power_watts, cell.nodes);
  group.accelerators_used += cell.accelerators_used;
  group.accelerators_free += cell.accelerators_free;
  group.accelerators_use_unknown += cell.accelerators_use_unknown;
  raise_bucket(into.cores_bucket, cell.free_cores_histogram);
  raise_bucket(into.memory_bucket, cell.free_memory_gib_histogram);
  raise_bucket(into.accelerators_bucket, cell.free_accelerators_histogram);
}

bool is_installed(const CellKey& key) {
  return key.service != ServiceState::kRetired && key.service != ServiceState::kQuarantined;
}

void add_cell(Folding& into, const Cell& cell) {
  const auto& key = cell.key;
  auto& group = into.group;
  group.installed_nodes += cell.nodes;
  group.nodes_by_liveness[static_cast<std::size_t>(key.liveness)] += cell.nodes;
  into.heard_ms_sum += cell.heard_ms_sum;
  group.age_known_nodes += cell.heard_nodes;
  if (!cell.heard_slots.empty()) {
    const auto width_ms = kHeardSlotMs[static_cast<std::size_t>(key.liveness)];
    into.oldest_slot_ms = std::min(into.oldest_slot_ms, cell.heard_slots.front().first * width_ms);
  }
  if (key.liveness == Liveness::kFresh || key.liveness == Liveness::kStale) group.healthy_nodes += cell.nodes;
  if (key.liveness == Liveness::kFresh && key.service == ServiceState::kInService) add_available(into, cell);
}

RollupGroup finish(Folding& folded, HardwareSums& hardware, std::uint64_t now_boot_ms) {
  auto& group = folded.group;
  hardware.add(group, folded.installed);
  if (group.age_known_nodes > 0) {
    const auto mean_heard_ms = folded.heard_ms_sum / group.age_known_nodes;
    group.age_mean_ms = now_boot_ms - std::min(now_boot_ms, mean_heard_ms);
    group.age_max_ms = now_boot_ms - std::min(now_boot_ms, folded.oldest_slot_ms);
  }
  group.largest_free_cores = floor_of_bucket(folded.cores_bucket);
  group.largest_free_memory_gib = floor_of_bucket(folded.memory_bucket);
  group.largest_free_accelerators = static_cast<std::uint32_t>(folded.accelerators_bucket);
  return std::move(group);
}

}  // namespace

Rollup roll_up(const MapView& view, const std::vector<Dimension>& by, std::uint64_t now_boot_ms) {
  GroupKeys keys(view, by);
  Folding total;
  std::vector<Folding> groups;
  for (const auto& cell : view.cells) {
    const auto group = keys.group_of(cell.key);
    if (group >= groups.size()) groups.resize(group + 1);
    if (!is_installed(cell.key)) continue;
    add_cell(groups[group], cell);
    add_installed(groups[group].installed, {cell.key.hardware, cell.nodes});
    add_cell(total, cell);
  }
  HardwareSums hardware(view);
  Rollup rollup{.by = by, .groups = {}, .total = {}};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    merge_rows(groups[i].installed);
    total.installed.insert(total.installed.end(), groups[i].installed.begin(), groups[i].installed.end());
    rollup.groups.push_back(finish(groups[i], hardware, now_boot_ms));
    rollup.groups.back().key = keys.texts(static_cast<std::uint32_t>(i));
  }
  merge_rows(total.installed);
  rollup.total = finish(total, hardware, now_boot_ms);
  std::ranges::sort(rollup.groups, {}, &RollupGroup::key);
  return rollup;
}

}  // namespace capmap
