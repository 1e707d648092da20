#include "controller/map/node_sums.hpp"

#include <algorithm>

#include "controller/map/contribution.hpp"

namespace capmap {
namespace {

void add_amount(Amount& amount, const std::optional<std::uint64_t>& value) {
  amount.value += value.value_or(0);
  amount.unknown += value ? 0 : 1;
}

/// The largest block of a node, rounded down as buckets of cells are.
void raise_largest(std::uint32_t& largest, const std::optional<std::uint64_t>& value) {
  const auto bucket = value ? power_bucket(*value) : 0;
  if (bucket > 0) largest = std::max(largest, std::uint32_t{1} << (bucket - 1));
}

U128 value_of(const HardwareFigures::Column& column, std::uint32_t row) {
  const auto half = [row](const std::vector<std::uint32_t>& values) { return values.empty() ? U128{0} : U128{values[row]}; };
  return (half(column.high) << 32U) + half(column.low);
}

}  // namespace

void NodeSums::add(const NodeRow& row, const HardwareFigures& figures) {
  const bool fresh = row.liveness == Liveness::kFresh;
  const bool healthy = fresh || row.liveness == Liveness::kStale;
  const bool available = fresh && row.counted_service == ServiceState::kInService;
  ++sums_.installed_nodes;
  sums_.healthy_nodes += healthy ? 1 : 0;
  sums_.available_nodes += available ? 1 : 0;
  ++sums_.nodes_by_liveness[static_cast<std::size_t>(row.liveness)];
  const auto hardware = row.hardware < figures.rows ? row.hardware : kNoHardware;
  auto& nodes = of_row_[hardware];
  ++nodes.installed;
  nodes.healthy += healthy ? 1 : 0;
  nodes.available += available ? 1 : 0;
  if (row.last_heard_boot_ms) {
    ++sums_.age_known_nodes;
    heard_ms_ += *row.last_heard_boot_ms;
    oldest_ms_ = std::min(oldest_ms_, *row.last_heard_boot_ms);
  }
  if (!available) return;
  add_use(row);
  const auto& words = figures.words[hardware];
  if (words.models.size() != 1) return;  // which of several is in use is not known
  const auto& model = figures.models[words.models[0].first];
  if (row.devices.used > 0) sums_.used_by_model[model] += row.devices.used;
  if (row.devices.free == 0) return;
  sums_.free_by_model[model] += row.devices.free;
  for (std::size_t i = 0; i < kPrecisionCount; ++i) {
    sums_.free_peak.mflops[i] += static_cast<std::uint64_t>(value_of(figures.columns[kDevicePeak + i], hardware)) * row.devices.free;
    sums_.free_peak.offered[i] += static_cast<std::uint64_t>(value_of(figures.columns[kDeviceOffered + i], hardware)) * row.devices.free;
  }
}

void NodeSums::add_use(const NodeRow& row) {
  constexpr std::uint64_t kMillicores = 1'000, kMibPerGib = 1'024;
  const auto& readings = row.usage.readings;
  add_amount(sums_.cpu_busy_millicores, readings.cpu_busy_millicores);
  add_amount(sums_.cpu_free_millicores, row.cpu_free_millicores);
  add_amount(sums_.memory_used_mib, readings.memory_used_mib);
  add_amount(sums_.memory_free_mib, row.memory_free_mib);
  add_amount(sums_.storage_used_mb, readings.storage_used_mb);
  add_amount(sums_.storage_free_mb, row.storage_free_mb);
  add_amount(sums_.receive_kbps, readings.network_receive_kbps);
  add_amount(sums_.transmit_kbps, readings.network_transmit_kbps);
  add_amount(sums_.power_watts, readings.power_watts);
  sums_.accelerators_used += row.devices.used;
  sums_.accelerators_free += row.devices.free;
  sums_.accelerators_unhealthy += row.devices.unhealthy;
  sums_.accelerators_use_unknown += row.accelerators_use_unknown;
  if (row.cpu_free_millicores) raise_largest(sums_.largest_free_cores, *row.cpu_free_millicores / kMillicores);
  if (row.memory_free_mib) raise_largest(sums_.largest_free_memory_gib, *row.memory_free_mib / kMibPerGib);
  const auto free = std::min<std::uint32_t>(row.devices.free, kFreeAcceleratorBuckets - 1);
  sums_.largest_free_accelerators = std::max(sums_.largest_free_accelerators, free);
}

RollupGroup NodeSums::group(const HardwareFigures& figures, std::uint64_t now_boot_ms) const {
  RollupGroup group = sums_;
  RollupGroup healthy, available;
  for (const auto& [row, nodes] : of_row_) {
    for (std::size_t figure = 0; figure < kNodeFigureCount; ++figure) {
      const auto value = value_of(figures.columns[figure], row);
      if (value == 0) continue;
      add_figure(group, figure, value * nodes.installed);
      add_figure(healthy, figure, value * nodes.healthy);
      add_figure(available, figure, value * nodes.available);
    }
    for (const auto& [model, devices] : figures.words[row].models)
      group.accelerators_by_model[figures.models[model]] += devices * nodes.installed;
    for (const auto& [reason, parts] : figures.words[row].reasons) group.unrated_why[figures.reasons[reason]] += parts * nodes.installed;
  }
  group.healthy = hardware_of(healthy);
  group.available = hardware_of(available);
  if (group.age_known_nodes > 0) {
    const auto mean_ms = static_cast<std::uint64_t>(heard_ms_ / group.age_known_nodes);
    group.age_mean_ms = now_boot_ms - std::min(now_boot_ms, mean_ms);
    group.age_max_ms = now_boot_ms - std::min(now_boot_ms, oldest_ms_);
  }
  return group;
}

}  // namespace capmap
