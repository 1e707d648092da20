#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "controller/map/rollup.hpp"
#include "tests/property/naive_map.hpp"

namespace capmap::test {

inline std::size_t naive_bucket(std::uint64_t value) {
  std::size_t bucket = 0;
  while (value > 0 && bucket + 1 < kFreeBuckets) {
    value /= 2;
    ++bucket;
  }
  return bucket;
}

inline void add_sum(ReadingSum& sum, std::optional<std::uint64_t> value) {
  if (!value) return;
  sum.sum += *value;
  ++sum.known;
}

/// Adds one record to a cell, as the documentation of Cell says it.
inline void add_record(Cell& cell, const NaiveMap::Node& node) {
  constexpr std::array<ReadingSum Cell::*, 8> sums = {&Cell::cpu_busy_millicores,   &Cell::memory_used_mib,   &Cell::storage_used_mb,
                                                      &Cell::storage_read_kbs,      &Cell::storage_write_kbs, &Cell::network_receive_kbps,
                                                      &Cell::network_transmit_kbps, &Cell::power_watts};
  ++cell.nodes;
  for (std::size_t i = 0; i < sums.size(); ++i) add_sum(cell.*sums[i], node.readings.*kFields[i]);
  const auto free_millicores = node.free_millicores();
  const auto free_mib = node.free_mib();
  add_sum(cell.cpu_free_millicores, free_millicores);
  add_sum(cell.memory_free_mib, free_mib);
  add_sum(cell.storage_free_mb, node.free_storage_mb());
  if (free_millicores) ++cell.free_cores_histogram[naive_bucket(*free_millicores / 1'000)];
  if (free_mib) ++cell.free_memory_gib_histogram[naive_bucket(*free_mib / 1'024)];
  if (node.shape) {
    const auto [used, free, unhealthy] = node.device_classes();
    const auto known = used + free + unhealthy;
    const auto installed = static_cast<std::uint32_t>(node.installed_devices());
    cell.accelerators_used += used;
    cell.accelerators_free += free;
    cell.accelerators_unhealthy += unhealthy;
    cell.accelerators_use_unknown += installed - known;
    if (known > 0 || installed == 0) ++cell.free_accelerators_histogram[std::min<std::size_t>(free, kFreeAcceleratorBuckets - 1)];
  }
  if (!node.heard_ms) return;
  cell.heard_ms_sum += *node.heard_ms;
  ++cell.heard_nodes;
  const auto width_ms = kHeardSlotMs[static_cast<std::size_t>(node.liveness)];
  cell.oldest_heard_ms = std::min(cell.oldest_heard_ms, *node.heard_ms / width_ms * width_ms);
}

/// Index of a node's hardware in a view: the row that is equal to its shape; the table's size when there is none.
inline std::uint32_t hardware_index(const MapView& view, const NaiveMap::Node& node) {
  if (!node.shape) return kNoHardware;
  std::uint32_t index = 1;
  while (index < view.hardware.size() && view.hardware[index]->shape != *node.shape) ++index;
  return index;
}

inline std::uint32_t site_index(const MapView& view, const NaiveMap::Node& node) {
  std::uint32_t index = 1;
  while (index < view.sites.size() && view.sites[index]->id != node.site) ++index;
  return index;
}

inline std::uint32_t pool_index(const MapView& view, const NaiveMap::Node& node) {
  if (!node.pool) return 0;
  std::uint32_t index = 1;
  while (index < view.pools.size() && view.pools[index]->id != *node.pool) ++index;
  return index;
}

inline std::vector<Cell> NaiveMap::cells(const MapView& view) const {
  std::map<CellKey, Cell> cells;
  for (const auto& node : nodes_) {
    if (!node.counted) continue;
    CellKey key;
    key.site = site_index(view, node);
    key.hardware = hardware_index(view, node);
    key.pool = pool_index(view, node);
    key.liveness = node.liveness;
    key.service = node.counted_service();
    key.verdict = node.verdict();
    auto& cell = cells[key];
    cell.key = key;
    add_record(cell, node);
  }
  std::vector<Cell> ordered;
  for (auto& [key, cell] : cells) {
    ordered.push_back(cell);
  }
  return ordered;
}

inline void add_amount(Amount& amount, std::optional<std::uint64_t> value) {
  if (value) amount.value += *value;
  if (!value) ++amount.unknown;
}

inline std::uint64_t floor_power(std::uint64_t value) {
  return std::bit_floor(value);
}

inline void add_available_record(RollupGroup& group, const NaiveMap::Node& node) {
  ++group.available_nodes;
  add_amount(group.cpu_busy_millicores, node.readings.cpu_busy_millicores);
  add_amount(group.memory_used_mib, node.readings.memory_used_mib);
  add_amount(group.cpu_free_millicores, node.free_millicores());
  add_amount(group.memory_free_mib, node.free_mib());
  add_amount(group.power_watts, node.readings.power_watts);
  add_amount(group.storage_used_mb, node.readings.storage_used_mb);
  add_amount(group.storage_free_mb, node.free_storage_mb());
  add_amount(group.receive_kbps, node.readings.network_receive_kbps);
  add_amount(group.transmit_kbps, node.readings.network_transmit_kbps);
  group.largest_free_cores =
      std::max(group.largest_free_cores, static_cast<std::uint32_t>(floor_power(node.free_millicores().value_or(0) / 1'000)));
  group.largest_free_memory_gib =
      std::max(group.largest_free_memory_gib, static_cast<std::uint32_t>(floor_power(node.free_mib().value_or(0) / 1'024)));
  if (!node.shape) return;
  const auto [used, free, unhealthy] = node.device_classes();
  group.accelerators_used += used;
  group.accelerators_free += free;
  group.accelerators_use_unknown += node.installed_devices() - used - free - unhealthy;
  group.largest_free_accelerators = std::max(group.largest_free_accelerators, free);
}

inline void add_shape(RollupGroup& group, const Shape& shape) {
  group.packages += shape.cpu.packages.value_or(0);
  group.cores += shape.cpu.cores.value_or(0);
  group.pus += shape.cpu.pus.value_or(0);
  add_amount(group.memory_bytes, shape.memory_bytes);
  for (const auto& device : shape.accelerators) group.accelerators += device.count;
  for (const auto& disk : shape.disks) {
    for (std::uint32_t i = 0; i < disk.count; ++i) add_amount(group.storage_bytes, disk.bytes);
  }
}

/// The group of all nodes that `wanted` takes, folded from records.
template <class Wanted>
RollupGroup naive_group(const NaiveMap& map, std::uint64_t now_ms, Wanted wanted) {
  RollupGroup group;
  std::uint64_t heard_sum = 0;
  for (const auto& node : map.nodes()) {
    if (!node.counted || !wanted(node)) continue;
    if (node.counted_service() == ServiceState::kRetired || node.counted_service() == ServiceState::kQuarantined) continue;
    ++group.installed_nodes;
    ++group.nodes_by_liveness[static_cast<std::size_t>(node.liveness)];
    if (node.liveness == Liveness::kFresh || node.liveness == Liveness::kStale) ++group.healthy_nodes;
    if (node.liveness == Liveness::kFresh && node.counted_service() == ServiceState::kInService) add_available_record(group, node);
    if (node.heard_ms) {
      ++group.age_known_nodes;
      heard_sum += *node.heard_ms;
      group.age_max_ms = std::max(group.age_max_ms, now_ms - *node.heard_ms);
    }
    ++group.unrated_nodes;  // there is no chip table in these tests
    if (!node.shape) ++group.hardware_unknown_nodes;
    if (node.shape) add_shape(group, *node.shape);
  }
  if (group.age_known_nodes > 0) group.age_mean_ms = now_ms - heard_sum / group.age_known_nodes;
  return group;
}

/// What differs between a rollup's group and the naive one; empty when they agree. Greatest age may be rounded up by a slot.
inline std::string difference(const RollupGroup& fast, const RollupGroup& naive) {
  std::string found;
  const auto compare = [&found](const char* what, std::uint64_t a, std::uint64_t b) {
    if (a != b) found += std::string(what) + ": " + std::to_string(a) + " is not " + std::to_string(b) + "; ";
  };
  const auto compare_amount = [&](const char* what, const Amount& a, const Amount& b) {
    if (a.value != b.value) found += std::string(what) + ": " + decimal(a.value) + " is not " + decimal(b.value) + "; ";
    compare(what, a.unknown, b.unknown);
  };
  compare("installed", fast.installed_nodes, naive.installed_nodes);
  compare("healthy", fast.healthy_nodes, naive.healthy_nodes);
  compare("available", fast.available_nodes, naive.available_nodes);
  for (std::size_t i = 0; i < kLivenessCount; ++i) compare(kLivenessNames[i], fast.nodes_by_liveness[i], naive.nodes_by_liveness[i]);
  compare("hardware unknown", fast.hardware_unknown_nodes, naive.hardware_unknown_nodes);
  compare("packages", fast.packages, naive.packages);
  compare("cores", fast.cores, naive.cores);
  compare("pus", fast.pus, naive.pus);
  compare("accelerators", fast.accelerators, naive.accelerators);
  compare("accelerators used", fast.accelerators_used, naive.accelerators_used);
  compare("accelerators free", fast.accelerators_free, naive.accelerators_free);
  compare("accelerators unknown", fast.accelerators_use_unknown, naive.accelerators_use_unknown);
  compare("unrated", fast.unrated_nodes, naive.unrated_nodes);
  compare("age known", fast.age_known_nodes, naive.age_known_nodes);
  compare("age mean", fast.age_mean_ms, naive.age_mean_ms);
  compare("largest cores", fast.largest_free_cores, naive.largest_free_cores);
  compare("largest memory", fast.largest_free_memory_gib, naive.largest_free_memory_gib);
  compare("largest accelerators", fast.largest_free_accelerators, naive.largest_free_accelerators);
  compare_amount("memory", fast.memory_bytes, naive.memory_bytes);
  compare_amount("storage", fast.storage_bytes, naive.storage_bytes);
  compare_amount("cpu busy", fast.cpu_busy_millicores, naive.cpu_busy_millicores);
  compare_amount("cpu free", fast.cpu_free_millicores, naive.cpu_free_millicores);
  compare_amount("memory used", fast.memory_used_mib, naive.memory_used_mib);
  compare_amount("memory free", fast.memory_free_mib, naive.memory_free_mib);
  compare_amount("power", fast.power_watts, naive.power_watts);
  compare_amount("storage used", fast.storage_used_mb, naive.storage_used_mb);
  compare_amount("storage free", fast.storage_free_mb, naive.storage_free_mb);
  compare_amount("received", fast.receive_kbps, naive.receive_kbps);
  compare_amount("transmitted", fast.transmit_kbps, naive.transmit_kbps);
  const bool rounded_up = fast.age_max_ms >= naive.age_max_ms && fast.age_max_ms <= naive.age_max_ms + kHeardSlotMs[3];
  if (!rounded_up) compare("age max", fast.age_max_ms, naive.age_max_ms);
  return found;
}

}  // namespace capmap::test
