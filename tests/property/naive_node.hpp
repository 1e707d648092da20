#pragma once
#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <vector>

#include "controller/map/capacity_map.hpp"
#include "controller/map/conduct.hpp"

namespace capmap::test {

/// What one would keep of a node, as it was said.
struct NaiveNode {
  NodeId id;
  SiteId site;
  std::optional<PoolId> pool;
  ServiceOrder order;
  ServiceState service = ServiceState::kInService;
  bool counted = false, said_bye = false, usage_taken = false;
  std::uint64_t run_id = 0;
  std::uint32_t session = 0, seq = 0;
  std::vector<std::uint64_t> old_runs, taught_ms, renamed_ms;
  bool flips = false;
  RowIndex number = 0;  ///< its own, for `conduct_`
  ConductNotes::Marks conduct;
  bool held = false;  ///< was a clone
  ShapeId named;
  std::optional<Shape> shape;
  std::optional<ShapeId> bound;  ///< of `shape`, as ShapePast was told of it
  bool past = false;             ///< what it was before contradicts it
  std::optional<std::uint64_t> memory_total_bytes;
  std::optional<std::uint32_t> pus_allowed;
  Readings readings;
  std::vector<AcceleratorUse> devices;
  std::set<std::size_t> insane;  ///< reading numbers; 7 = the accelerators
  std::optional<std::uint64_t> heard_ms;
  Liveness liveness = Liveness::kResyncing;

  /// As cells have it: who names other hardware again and again, is two, or is played back is in no total.
  [[nodiscard]] ServiceState counted_service() const {
    return excluded() && service != ServiceState::kRetired ? ServiceState::kQuarantined : service;
  }
  [[nodiscard]] bool excluded() const { return flips || held || conduct.replay; }
  [[nodiscard]] Verdict verdict() const;
  [[nodiscard]] bool contradicts() const;
  [[nodiscard]] std::uint64_t installed_devices() const;
  [[nodiscard]] std::optional<std::uint64_t> free_millicores() const;
  [[nodiscard]] std::optional<std::uint64_t> free_mib() const;
  [[nodiscard]] std::optional<std::uint64_t> free_storage_mb() const;
  /// Devices by class: used, free, unhealthy.
  [[nodiscard]] std::array<std::uint32_t, 3> device_classes() const;
};

inline bool NaiveNode::contradicts() const {
  if (past) return true;
  if (!shape) return false;
  const auto memory = shape->memory_bytes;
  if (memory && memory_total_bytes && (*memory_total_bytes > *memory || *memory_total_bytes < *memory / 2)) return true;
  return shape->cpu.pus && pus_allowed && *pus_allowed > *shape->cpu.pus;
}

inline Verdict NaiveNode::verdict() const {
  if (contradicts() || excluded() || !insane.empty()) return Verdict::kContradicted;
  return shape && usage_taken ? Verdict::kConsistent : Verdict::kUnproven;
}

inline std::uint64_t NaiveNode::installed_devices() const {
  std::uint64_t sum = 0;
  if (shape) {
    for (const auto& device : shape->accelerators) sum += device.count;
  }
  return sum;
}

inline std::optional<std::uint64_t> NaiveNode::free_millicores() const {
  const auto pus = pus_allowed ? pus_allowed : shape ? shape->cpu.pus : std::nullopt;
  if (!pus || !readings.cpu_busy_millicores) return std::nullopt;
  const std::uint64_t all = std::uint64_t{*pus} * 1'000;
  return all > *readings.cpu_busy_millicores ? all - *readings.cpu_busy_millicores : 0;
}

inline std::optional<std::uint64_t> NaiveNode::free_mib() const {
  if (!memory_total_bytes || !readings.memory_used_mib) return std::nullopt;
  const std::uint64_t all = *memory_total_bytes >> 20;
  return all > *readings.memory_used_mib ? all - *readings.memory_used_mib : 0;
}

inline std::optional<std::uint64_t> NaiveNode::free_storage_mb() const {
  if (!shape || shape->disks.empty() || !readings.storage_used_mb) return std::nullopt;
  std::uint64_t bytes = 0;
  for (const auto& disk : shape->disks) {
    if (!disk.bytes) return std::nullopt;
    bytes += *disk.bytes * disk.count;
  }
  if (bytes == 0) return std::nullopt;
  return std::max<std::uint64_t>(bytes / 1'000'000, *readings.storage_used_mb) - *readings.storage_used_mb;
}

inline std::array<std::uint32_t, 3> NaiveNode::device_classes() const {
  std::array<std::uint32_t, 3> classes{};
  for (const auto& device : devices) {
    if (device.healthy == false) {
      ++classes[2];
    } else if (device.used) {
      ++classes[*device.used ? 0 : 1];
    }
  }
  return classes;
}

}  // namespace capmap::test
