#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "controller/map/dimension.hpp"
#include "controller/map/filter.hpp"
#include "controller/map/map_view.hpp"
#include "controller/map/measure.hpp"

namespace capmap {

using U128 = unsigned __int128;
std::string decimal(U128 value);

/// Sum of a capacity with how many of what were not known. `unknown` counts nodes.
struct Amount {
  U128 value = 0;
  std::uint64_t unknown = 0;
};

struct RatedPeak {
  std::array<std::uint64_t, kPrecisionCount> mflops{};   ///< sum over rated parts
  std::array<std::uint64_t, kPrecisionCount> offered{};  ///< parts (CPU packages or devices) in that sum
  std::uint64_t rpeak_mflops = 0, rpeak_offered = 0;     ///< FP64 of matrix units, else of vector units; told where kRpeakBit is set
};

/// Hardware on some of a group's nodes.
struct HardwareSums {
  std::uint64_t packages = 0, cores = 0, pus = 0, accelerators = 0;
  Amount memory_bytes;
  RatedPeak cpu_peak, accelerator_peak;
};

/// One group of the map. Installed counts all nodes neither retired nor quarantined; healthy those also fresh or stale (a lost or
/// resyncing node cannot be called healthy); available healthy, fresh and in service. Used and free are of available nodes.
struct RollupGroup {
  std::vector<std::string> key;  ///< [dimension] text; "" = not declared or not known
  std::uint64_t installed_nodes = 0, healthy_nodes = 0, available_nodes = 0;
  std::array<std::uint64_t, kLivenessCount> nodes_by_liveness{};
  std::uint64_t hardware_unknown_nodes = 0;  ///< installed, but no shape is known: in no capacity figure below
  std::uint64_t packages = 0, cores = 0, pus = 0;
  Amount memory_bytes;                                                                ///< installed, by shape
  Amount cpu_busy_millicores, cpu_free_millicores, memory_used_mib, memory_free_mib;  ///< of available nodes
  Amount power_watts;                                                                 ///< of available nodes that can measure it
  Amount storage_used_mb, storage_free_mb;                                            ///< of available nodes
  Amount receive_kbps, transmit_kbps;                                                 ///< of available nodes
  HardwareSums healthy, available;                                                    ///< of healthy and of available nodes
  std::uint64_t accelerators = 0, accelerators_used = 0, accelerators_free = 0, accelerators_use_unknown = 0, accelerators_unhealthy = 0;
  std::map<std::string, std::uint64_t> accelerators_by_model;         ///< name -> installed
  std::map<std::string, std::uint64_t> used_by_model, free_by_model;  ///< of available nodes whose accelerators are of one model
  Amount storage_bytes;                                               ///< all media; unknown counts disks without a size
  std::array<U128, 5> storage_bytes_by_media{};                       ///< by Media
  std::uint64_t nics = 0, rdma_nics = 0, nic_speed_unknown = 0;
  U128 nic_mbps = 0;
  RatedPeak cpu_peak, accelerator_peak;  ///< installed
  RatedPeak free_peak;                   ///< of what free_by_model counts; `offered` counts those devices
  std::uint64_t rated_accelerators = 0;  ///< with a peak at one precision at least; less what a sum counts = missing from that sum
  std::uint64_t unrated_packages = 0, unrated_accelerators = 0;
  std::map<std::pair<std::string, std::string>, std::uint64_t> unrated_why;  ///< (what, why) -> packages or devices
  std::uint64_t age_mean_ms = 0, age_max_ms = 0;  ///< over nodes heard since start; max is rounded up to its slot
  std::uint64_t age_known_nodes = 0;
  std::uint32_t largest_free_cores = 0, largest_free_memory_gib = 0,
                largest_free_accelerators = 0;  ///< on one available node, rounded down to its bucket
  /// Flash in all bytes of disks whose size is known, permille; absent where there are none.
  [[nodiscard]] std::optional<std::uint32_t> advanced_permille() const;
  /// Shares of installed nodes, permille: not fresh; of unknown hardware; and with any part unrated (unknown hardware counts as unrated).
  [[nodiscard]] std::uint32_t stale_permille() const;
  [[nodiscard]] std::uint32_t unknown_permille() const;
  [[nodiscard]] std::uint32_t unrated_permille() const;
  std::uint64_t unrated_nodes = 0;
};

struct RollupQuery {
  std::vector<Dimension> by;
  std::optional<FilterNode> filter;
  Measures measures = all_measures();
  std::size_t first = 0, limit = SIZE_MAX;  ///< groups that are wanted, in the order of keys
};

struct Rollup {
  std::vector<Dimension> by;
  std::vector<RollupGroup> groups;  ///< ordered by key; the wanted ones
  std::size_t group_count = 0;      ///< all there are
  RollupGroup total;                ///< of all groups
};

/// A view's dictionaries; made anew for a view that was made by hand and has none.
std::shared_ptr<const Dictionaries> dictionaries_of(const MapView& view);

/// Folds the cells of a view: what a measure that was not asked for would say stays zero. Pure; any thread; nothing is kept from one
/// question to the next. Cost: one pass over the columns that the measures need, and the groups that are wanted.
Rollup roll_up_query(const MapView& view, const RollupQuery& query, std::uint64_t now_boot_ms);
/// The keys of all groups of a question, in their order, and nothing of what they sum to. Cost: a fold of one measure, and the texts.
std::vector<std::vector<std::string>> group_keys(const MapView& view, const std::vector<Dimension>& by,
                                                 const std::optional<FilterNode>& filter);
/// All measures, no filter.
Rollup roll_up(const MapView& view, const std::vector<Dimension>& by, std::uint64_t now_boot_ms);

}  // namespace capmap
