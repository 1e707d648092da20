#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/hardware.hpp"
#include "common/ids.hpp"
#include "common/precision.hpp"
#include "controller/map/site.hpp"

namespace capmap {

enum class Liveness : std::uint8_t { kResyncing, kFresh, kStale, kLost };
inline constexpr std::size_t kLivenessCount = 4;
inline constexpr std::array<const char*, kLivenessCount> kLivenessNames = {"resyncing", "fresh", "stale", "lost"};

enum class ServiceState : std::uint8_t { kInService, kDraining, kDrained, kMaintenance, kQuarantined, kRetired };
inline constexpr std::array<const char*, 6> kServiceStateNames = {"in_service",  "draining",    "drained",
                                                                  "maintenance", "quarantined", "retired"};

enum class Verdict : std::uint8_t { kConsistent, kUnproven, kContradicted };
inline constexpr std::array<const char*, 3> kVerdictNames = {"consistent", "unproven", "contradicted"};

/// Index of a hardware row that stands for "no shape known yet".
inline constexpr std::uint32_t kNoHardware = 0;

/// What equal servers are, once for all of them, rated. Immutable and shared between views.
struct HardwareRow {
  Shape shape;
  std::optional<std::string> microarchitecture;
  std::vector<std::string> accelerator_names;  ///< [shape.accelerators]
  PeakRating peak;
};

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
  /// Each device is in one: unhealthy, else used, free (said not to be in use), or of unknown use; together they are all installed.
  std::uint32_t accelerators_used = 0, accelerators_free = 0, accelerators_use_unknown = 0, accelerators_unhealthy = 0;
  std::array<std::uint32_t, kFreeBuckets> free_cores_histogram{}, free_memory_gib_histogram{};
  std::array<std::uint32_t, kFreeAcceleratorBuckets> free_accelerators_histogram{};
  std::uint64_t heard_ms_sum = 0;  ///< sum over nodes heard since start of their last-heard boot_ms
  std::uint32_t heard_nodes = 0;   ///< nodes in that sum
  std::vector<std::pair<std::uint64_t, std::uint32_t>>
      heard_slots;  ///< (last-heard boot_ms / slot width of this liveness, nodes), ascending
  bool operator==(const Cell&) const = default;
};
/// Width of a heard slot in ms, by liveness: resyncing (none heard), fresh 5 s, stale 10 s, lost 10 min.
inline constexpr std::array<std::uint64_t, kLivenessCount> kHeardSlotMs = {600'000, 5'000, 10'000, 600'000};

/// Everything readers see, at one moment, immutable. Node rows are not in it.
struct MapView {
  std::uint64_t revision = 0;  ///< grows by one with each published change
  std::uint64_t epoch = 0;     ///< of this controller start
  std::uint64_t at_boot_ms = 0, at_unix_ms = 0;
  std::string catalog_version;
  std::uint32_t known_nodes = 0;                             ///< let in and neither retired nor removed
  std::uint32_t resyncing_nodes = 0;                         ///< of those, not heard since this controller started; 0 = the map is complete
  bool resync_over = false;                                  ///< the grace period has passed, or all were heard
  std::vector<std::shared_ptr<const Site>> sites;            ///< [site index]; 0 is never used
  std::vector<std::shared_ptr<const HardwareRow>> hardware;  ///< [hardware index]; 0 = no shape known yet (null)
  std::vector<Cell> cells;                                   ///< ordered by key; none with 0 nodes
};

/// One node as a reader gets it: copied out of the table one chunk at a time.
struct NodeRow {
  NodeId id;
  std::uint32_t site = 0, hardware = 0;
  Liveness liveness = Liveness::kResyncing;  ///< kLost and never heard: let in since the start, no hello yet, in no cell
  ServiceState service = ServiceState::kInService;
  Verdict verdict = Verdict::kUnproven;
  std::uint64_t revision = 0;                       ///< of its last change
  std::optional<std::uint64_t> last_heard_boot_ms;  ///< absent: not since this controller started
  std::uint32_t interval_ms = 0, session = 0, seq = 0;
  ShapeId shape_id;
  std::string hostname, os, kernel, agent_version, virtualization;
  std::optional<std::uint64_t> memory_total_bytes;
  std::optional<std::uint32_t> pus_allowed;
  std::optional<std::int64_t> clock_skew_ms;  ///< agent's wall clock minus ours at its last hello
  std::vector<std::string> disk_names, nic_names, accelerator_addresses;
  std::optional<Measured> measured;  ///< its newest benchmark
  Usage usage;                       ///< last known; problems of hello and usage together in `problems`
  std::vector<Problem> problems;
  std::vector<std::string> verdict_reasons;
};

}  // namespace capmap
