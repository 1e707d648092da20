#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace capmap {

enum class Liveness : std::uint8_t { kResyncing, kFresh, kStale, kLost };
inline constexpr std::size_t kLivenessCount = 4;
inline constexpr std::array<const char*, kLivenessCount> kLivenessNames = {"resyncing", "fresh", "stale", "lost"};

/// kCountedElsewhere is nobody's order: the map says so of a virtual machine inside a reporting host (see GuestTable).
enum class ServiceState : std::uint8_t { kInService, kDraining, kDrained, kMaintenance, kQuarantined, kRetired, kCountedElsewhere };
inline constexpr std::array<const char*, 7> kServiceStateNames = {"in_service",  "draining", "drained",          "maintenance",
                                                                  "quarantined", "retired",  "counted_elsewhere"};
inline constexpr std::size_t kServiceOrderCount = 6;  ///< those that an admin can order, first
/// Nodes that are installed: all but those taken out by an admin or by the map.
constexpr bool counts_as_installed(ServiceState service) {
  return service != ServiceState::kRetired && service != ServiceState::kQuarantined && service != ServiceState::kCountedElsewhere;
}

enum class Verdict : std::uint8_t { kConsistent, kUnproven, kContradicted };
inline constexpr std::array<const char*, 3> kVerdictNames = {"consistent", "unproven", "contradicted"};

/// Index of a hardware row that stands for "no shape known yet".
inline constexpr std::uint32_t kNoHardware = 0;

/// What a cell is the sum of. site and hardware are indexes into the view's tables; pool 0 = none.
struct CellKey {
  std::uint32_t site = 0, pool = 0, hardware = 0;
  Liveness liveness = Liveness::kResyncing;
  ServiceState service = ServiceState::kInService;
  Verdict verdict = Verdict::kUnproven;
  auto operator<=>(const CellKey&) const = default;
};

/// A sum and of how many nodes it is: the others did not say.
struct ReadingSum {
  std::uint64_t sum = 0;
  std::uint32_t known = 0;
  bool operator==(const ReadingSum&) const = default;
};

/// Powers of two: bucket i counts nodes with 2^(i-1) <= value < 2^i, bucket 0 counts zero; the last takes all above.
inline constexpr std::size_t kFreeBuckets = 24;
/// Nodes by number of free accelerators 0..16, 17 = more. Nodes that say nothing of any of their devices are in none.
inline constexpr std::size_t kFreeAcceleratorBuckets = 18;

/// Holds only what adds and subtracts.
struct Cell {
  CellKey key;
  std::uint32_t nodes = 0;
  ReadingSum cpu_busy_millicores, memory_used_mib, storage_used_mb, storage_read_kbs, storage_write_kbs, network_receive_kbps,
      network_transmit_kbps, power_watts;
  ReadingSum cpu_free_millicores;  ///< per node max(0, PUs allowed x 1000 - busy), then summed
  ReadingSum memory_free_mib;      ///< per node max(0, MemTotal - used), then summed
  ReadingSum storage_free_mb;      ///< per node max(0, its disks' bytes - used), then summed
  /// Each device is in one: unhealthy, else used, free (said not to be in use), or of unknown use; together they are all installed.
  std::uint32_t accelerators_used = 0, accelerators_free = 0, accelerators_use_unknown = 0, accelerators_unhealthy = 0;
  std::array<std::uint32_t, kFreeBuckets> free_cores_histogram{}, free_memory_gib_histogram{};
  std::array<std::uint32_t, kFreeAcceleratorBuckets> free_accelerators_histogram{};
  std::uint64_t heard_ms_sum = 0;              ///< sum over nodes heard since start of their last-heard boot_ms
  std::uint32_t heard_nodes = 0;               ///< nodes in that sum
  std::uint64_t oldest_heard_ms = UINT64_MAX;  ///< the earliest of them, rounded down to a slot of its liveness; none heard: the greatest
  bool operator==(const Cell&) const = default;
};
/// Width of a heard slot in ms, by liveness: resyncing (none heard), fresh 5 s, stale 10 s, lost 10 min.
inline constexpr std::array<std::uint64_t, kLivenessCount> kHeardSlotMs = {600'000, 5'000, 10'000, 600'000};

}  // namespace capmap
