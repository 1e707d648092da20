#include "controller/map/rollup.hpp"

#include <algorithm>
#include <utility>

#include "controller/map/rollup_hardware.hpp"
#include "controller/map/rollup_keys.hpp"

namespace capmap {
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
