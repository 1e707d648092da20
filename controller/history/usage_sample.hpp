#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controller/map/map_view.hpp"

namespace capmap {

/// What a sample says of a group of nodes. Figures first, then of how many available nodes each sum does not know. Blocks name their
/// columns, so that one more can be added at the end of either; a reader takes what a block does not name as unknown.
enum SampleColumn : std::uint8_t {
  kSampleNodesInstalled,
  kSampleNodesAvailable,
  kSampleCpuUsed,
  kSampleCpuFree,
  kSampleMemoryUsed,
  kSampleMemoryFree,
  kSampleStorageUsed,
  kSampleStorageFree,
  kSampleReceive,
  kSampleTransmit,
  kSamplePower,
  kSampleAccelerators,
  kSampleAcceleratorsUsed,
  kSampleAcceleratorsFree,
  kSampleAcceleratorsUseUnknown,
  kSampleAcceleratorsUnhealthy,
  kSampleFigureCount,
  kSampleUnknown = kSampleFigureCount,  ///< + number of the sum
};
/// Sums over nodes that tell a reading, in their order.
inline constexpr std::array kSampleSums = {kSampleCpuUsed,     kSampleCpuFree, kSampleMemoryUsed, kSampleMemoryFree, kSampleStorageUsed,
                                           kSampleStorageFree, kSampleReceive, kSampleTransmit,   kSamplePower};
inline constexpr std::size_t kSampleSumCount = kSampleSums.size();
inline constexpr std::size_t kSampleColumnCount = kSampleFigureCount + kSampleSumCount;
/// As blocks name them; the counts of nodes are "NAME.unknown_nodes".
inline constexpr std::array<const char*, kSampleFigureCount> kSampleFigureNames = {
    "nodes_installed",       "nodes_available",        "cpu_used_millicores", "cpu_free_millicores",  "memory_used_mib",
    "memory_free_mib",       "storage_used_mb",        "storage_free_mb",     "network_receive_kbps", "network_transmit_kbps",
    "power_watts",           "accelerators_installed", "accelerators_used",   "accelerators_free",    "accelerators_use_unknown",
    "accelerators_unhealthy"};
/// Greater sums are kept as unknown: no machine park reaches them.
inline constexpr std::uint64_t kMaxSampleValue = std::uint64_t{1} << 61;

/// Absent: not known. What is known of one group has its installed nodes at least.
using SampleValues = std::array<std::optional<std::uint64_t>, kSampleColumnCount>;
struct SampleRow {
  std::string key;
  SampleValues values;
  bool operator==(const SampleRow&) const = default;
};
/// One moment: all groups there are, by key, each once.
struct UsageSample {
  std::uint64_t at_unix_ms = 0;
  std::vector<SampleRow> rows;
};

/// The key of a group of sites' nodes: division, compute class and accelerator models, "" where one is not declared or there is none.
struct RegionKey {
  std::string region_2, compute_class, accelerator_model;
  bool operator==(const RegionKey&) const = default;
};
/// In the order of keys regions come one after another, each whole.
std::string to_text(const RegionKey& key);
RegionKey parse_region_key(std::string_view text);
/// What all keys of a division begin with, and no other.
std::string region_prefix(const std::string& region_2);

/// What a view says, by division, compute class and accelerator models; or by site, whose keys are ids: names may change. Pure. Cost: one
/// fold of the cells, and the groups.
UsageSample sample_regions(const MapView& view, std::uint64_t at_unix_ms);
UsageSample sample_sites(const MapView& view, std::uint64_t at_unix_ms);

}  // namespace capmap
