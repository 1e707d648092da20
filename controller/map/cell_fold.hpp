#pragma once
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "controller/map/grouping.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {

/// Which nodes a figure is of.
enum class Scope : std::uint8_t { kInstalled, kHealthy, kAvailable, kResyncing, kFresh, kStale, kLost };
inline constexpr std::size_t kScopeCount = 7;

/// The sums of one question by place of a group, a column each; those that no measure needs stay empty.
struct Folded {
  std::array<std::vector<std::uint64_t>, kScopeCount> nodes;
  std::array<std::vector<std::uint64_t>, kCellSumCount> sum, known;  ///< of available nodes
  std::array<std::vector<std::uint64_t>, kCellCountCount> count;     ///< of available nodes; kCountHeard of installed
  std::array<std::vector<std::uint32_t>, kHistogramCount> buckets;   ///< of available nodes
  std::vector<std::uint64_t> heard_ms_sum, oldest_heard_ms;          ///< of installed nodes
  std::vector<HardwareFigure> wanted;                                ///< figures that are asked for, of installed nodes
  std::vector<std::vector<U128>> figures;                            ///< [wanted][place], when they are few
  /// Else: installed nodes by place and hardware row, ascending, each pair once.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> by_hardware;  ///< (place << 32 | hardware, nodes)
};

/// One pass over the cells of a view. Fills `grouping` with the groups that are met.
Folded fold_cells(const CellColumns& cells, const Dictionaries& dictionaries, const CellFilter* filter, const Measures& measures,
                  Grouping& grouping);

}  // namespace capmap
