#include "controller/map/rollup.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "controller/map/rollup_keys.hpp"

namespace capmap {
namespace {

constexpr const char* kCpuPart = "cpu";  ///< Unrated::what of a machine's packages

/// A group while it is folded: sums that need one pass over cells, and how many nodes of each hardware row it has installed.
struct Folding {
  RollupGroup group;
  std::unordered_map<std::uint32_t, std::uint64_t> installed_by_hardware;
  std::uint64_t heard_ms_sum = 0;
  std::uint64_t oldest_slot_ms = UINT64_MAX;
  std::array<bool, kFreeBuckets> free_cores{}, free_memory{};
  std::array<bool, kFreeAcceleratorBuckets> free_accelerators{};
};

void add_reading(Amount& amount, const ReadingSum& sum, std::uint32_t nodes) {
  amount.value += sum.sum;
  amount.unknown += nodes - sum.known;
}

template <std::size_t N>
void mark_used(std::array<bool, N>& seen, const std::array<std::uint32_t, N>& histogram) {
  for (std::size_t i = 0; i < N; ++i) seen[i] = seen[i] || histogram[i] > 0;
}

template <std::size_t N>
std::size_t highest(const std::array<bool, N>& seen) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < N; ++i) {
    if (seen[i]) best = i;
  }
  return best;
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
  mark_used(into.free_cores, cell.free_cores_histogram);
  mark_used(into.free_memory, cell.free_memory_gib_histogram);
  mark_used(into.free_accelerators, cell.free_accelerators_histogram);
}

void add_cell(Folding& into, const Cell& cell) {
  const auto& key = cell.key;
  if (key.service == ServiceState::kRetired || key.service == ServiceState::kQuarantined) return;
  auto& group = into.group;
  group.installed_nodes += cell.nodes;
  group.nodes_by_liveness[static_cast<std::size_t>(key.liveness)] += cell.nodes;
  into.installed_by_hardware[key.hardware] += cell.nodes;
  into.heard_ms_sum += cell.heard_ms_sum;
  group.age_known_nodes += cell.heard_nodes;
  if (!cell.heard_slots.empty()) {
    const auto width_ms = kHeardSlotMs[static_cast<std::size_t>(key.liveness)];
    into.oldest_slot_ms = std::min(into.oldest_slot_ms, cell.heard_slots.front().first * width_ms);
  }
  if (key.liveness == Liveness::kFresh || key.liveness == Liveness::kStale) group.healthy_nodes += cell.nodes;
  if (key.liveness == Liveness::kFresh && key.service == ServiceState::kInService) add_available(into, cell);
}

void add_storage_and_network(RollupGroup& group, const Shape& shape, std::uint64_t nodes) {
  for (const auto& disk : shape.disks) {
    const auto disks = nodes * disk.count;
    if (!disk.bytes) {
      group.storage_bytes.unknown += disks;
      continue;
    }
    const auto bytes = static_cast<U128>(*disk.bytes) * disks;
    group.storage_bytes.value += bytes;
    group.storage_bytes_by_media[static_cast<std::size_t>(disk.media)] += bytes;
  }
  for (const auto& nic : shape.nics) {
    group.nics += nodes * nic.count;
    if (nic.speed_mbps) {
      group.nic_mbps += static_cast<U128>(*nic.speed_mbps) * (nodes * nic.count);
    } else {
      group.nic_speed_unknown += nodes * nic.count;
    }
  }
}

void add_peak(RatedPeak& peak, const PeakMflops& of_node, std::uint64_t parts, std::uint64_t nodes) {
  for (std::size_t i = 0; i < kPrecisionCount; ++i) {
    if (!of_node[i]) continue;
    peak.mflops[i] += *of_node[i] * nodes;
    peak.offered[i] += parts * nodes;
  }
}

void add_peaks(RollupGroup& group, const HardwareRow& row, std::uint64_t nodes) {
  add_peak(group.cpu_peak, row.peak.cpu, row.shape.cpu.packages.value_or(1), nodes);
  add_peak(group.accelerator_peak, row.peak.accelerators, row.peak.rated_accelerators, nodes);
  for (const auto& part : row.peak.unrated) {
    (part.what == kCpuPart ? group.unrated_packages : group.unrated_accelerators) += nodes * part.count;
    group.unrated_why[{part.what, part.why}] += nodes * part.count;
  }
  if (!row.peak.unrated.empty()) group.unrated_nodes += nodes;
}

void add_hardware(RollupGroup& group, const HardwareRow* row, std::uint64_t nodes) {
  if (row == nullptr) {
    group.hardware_unknown_nodes += nodes;
    group.unrated_nodes += nodes;
    return;
  }
  const auto& shape = row->shape;
  group.packages += nodes * shape.cpu.packages.value_or(0);
  group.cores += nodes * shape.cpu.cores.value_or(0);
  group.pus += nodes * shape.cpu.pus.value_or(0);
  if (shape.memory_bytes) {
    group.memory_bytes.value += static_cast<U128>(*shape.memory_bytes) * nodes;
  } else {
    group.memory_bytes.unknown += nodes;
  }
  for (std::size_t i = 0; i < shape.accelerators.size(); ++i) {
    const auto devices = nodes * shape.accelerators[i].count;
    group.accelerators += devices;
    group.accelerators_by_model[row->accelerator_names[i]] += devices;
  }
  add_storage_and_network(group, shape, nodes);
  add_peaks(group, *row, nodes);
}

RollupGroup finish(Folding& folded, const MapView& view, std::uint64_t now_boot_ms) {
  auto& group = folded.group;
  for (const auto& [hardware, nodes] : folded.installed_by_hardware) add_hardware(group, view.hardware[hardware].get(), nodes);
  if (group.age_known_nodes > 0) {
    const auto mean_heard_ms = folded.heard_ms_sum / group.age_known_nodes;
    group.age_mean_ms = now_boot_ms - std::min(now_boot_ms, mean_heard_ms);
    group.age_max_ms = now_boot_ms - std::min(now_boot_ms, folded.oldest_slot_ms);
  }
  group.largest_free_cores = floor_of_bucket(highest(folded.free_cores));
  group.largest_free_memory_gib = floor_of_bucket(highest(folded.free_memory));
  group.largest_free_accelerators = static_cast<std::uint32_t>(highest(folded.free_accelerators));
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
    add_cell(groups[group], cell);
    add_cell(total, cell);
  }
  Rollup rollup{.by = by, .groups = {}, .total = finish(total, view, now_boot_ms)};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    rollup.groups.push_back(finish(groups[i], view, now_boot_ms));
    rollup.groups.back().key = keys.texts(static_cast<std::uint32_t>(i));
  }
  std::ranges::sort(rollup.groups, {}, &RollupGroup::key);
  return rollup;
}

}  // namespace capmap
