#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controller/map/rollup.hpp"

namespace capmap {

/// A named view of the map that shows where capacity and its use are uneven.
struct ImbalanceKind {
  const char* name;
  const char* question;  ///< what it answers, for people
  std::vector<Dimension> by;
};
/// All six: owner, class, use, scenario, architecture, security.
const std::vector<ImbalanceKind>& imbalance_kinds();
/// Null: no view of that name.
const ImbalanceKind* find_imbalance(std::string_view name);

/// What a row tells side by side. Peaks are of CPUs and accelerators together, a precision each; they are never added to one another.
enum class Resource : std::uint8_t { kNodes, kCores, kCpu, kMemory, kAccelerators, kRpeak, kFp32, kFp16 };
inline constexpr std::size_t kResourceCount = 8;
struct ResourceWords {
  const char* name;
  const char* unit;  ///< behind the words of an amount; empty: a plain count
  bool has_use;      ///< used and free are told
  bool wide;         ///< may pass 2^53
};
/// kRpeak is FP64 of matrix units, else of vector units; cpu is PUs, 1000 millicores each.
inline constexpr std::array<ResourceWords, kResourceCount> kResources = {{{"nodes", "", false, false},
                                                                          {"cores", "", false, false},
                                                                          {"cpu", "_millicores", true, false},
                                                                          {"memory", "_bytes", true, true},
                                                                          {"accelerators", "", true, false},
                                                                          {"rpeak_like", "_mflops", false, true},
                                                                          {"fp32", "_mflops", false, true},
                                                                          {"fp16", "_mflops", false, true}}};

/// One value a word of kSideWords. Absent: not known, or not told of this resource.
template <class Value>
using SideBySide = std::array<std::optional<Value>, 4>;
enum Side : std::uint8_t { kSideInstalled, kSideAvailable, kSideUsed, kSideFree };
inline constexpr std::array<const char*, 4> kSideWords = {"installed", "available", "used", "free"};

struct ResourceRow {
  SideBySide<U128> amount;
  SideBySide<std::uint32_t> share_permille;      ///< of the total's amount, to the nearest; absent where that is 0 or not known
  std::optional<std::uint32_t> used_permille{};  ///< used of used and free together: what is available and whose use is known
};

/// What a row's figures do not count, by name; those that count nothing are there too, as 0.
inline constexpr std::size_t kLeftOutCount = 15;
inline constexpr std::array<const char*, kLeftOutCount> kLeftOutNames = {
    "nodes_stale",  // installed, in nothing that is available, used or free; the next three likewise
    "nodes_lost",
    "nodes_resyncing",
    "nodes_out_of_service",    // fresh, but draining, drained or in maintenance
    "nodes_hardware_unknown",  // counted as nodes alone
    "nodes_memory_unknown",    // hardware is known but for its memory
    "nodes_cpu_use_unknown",   // available, but neither used nor free
    "nodes_memory_use_unknown",
    "accelerators_use_unknown",
    "accelerators_unhealthy",  // installed alone
    "cpu_packages_unrated",    // in no peak
    "accelerators_unrated",
    "accelerators_without_rpeak",  // rated, but no figure of that precision is known
    "accelerators_without_fp32",
    "accelerators_without_fp16"};

struct ImbalanceRow {
  std::vector<std::string> key;  ///< [dimension]; "" = not declared, not known, or no accelerator
  std::array<ResourceRow, kResourceCount> resources;
  std::array<std::uint64_t, kLeftOutCount> left_out{};
  std::uint64_t installed_nodes = 0, age_mean_ms = 0, age_max_ms = 0, age_known_nodes = 0;
  std::uint32_t stale_permille = 0, unknown_permille = 0, unrated_permille = 0;  ///< of installed nodes
};

struct Imbalance {
  std::vector<ImbalanceRow> rows;  ///< ordered by key; the wanted ones
  std::size_t row_count = 0;       ///< all there are
  ImbalanceRow total;              ///< of all rows
  /// Nodes that are in no row: they are not installed.
  std::uint64_t quarantined_nodes = 0, retired_nodes = 0, nodes_counted_elsewhere = 0;
};

/// Answers a view from cells, by roll_up_query. Pure; any thread. Cost: as a question for some measures, and a look at all cells' states.
Imbalance imbalance_of(const MapView& view, const ImbalanceKind& kind, const std::optional<FilterNode>& filter, std::uint64_t now_boot_ms,
                       std::size_t first = 0, std::size_t limit = SIZE_MAX);

}  // namespace capmap
