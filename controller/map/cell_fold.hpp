#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "controller/map/filter.hpp"
#include "controller/map/fold_kernel.hpp"
#include "controller/map/fold_plan.hpp"
#include "controller/map/grouping.hpp"

namespace capmap {

/// The sums of one question: place 0 is the total of all groups, the others are the groups that are wanted.
struct Folded {
  Folded(const Measures& measures, FoldPart part) : plan(measures, part) {}
  FoldPlan plan;
  std::size_t group_count = 0;         ///< all there are
  std::vector<std::uint64_t> numbers;  ///< of the wanted groups, ascending
  std::vector<std::uint32_t> places;   ///< of the same
  std::size_t slots = 0, top_slots = 0;
  std::vector<Lanes> sums;     ///< [place * slots + slot]
  std::vector<TopLanes> tops;  ///< [place * top_slots + slot]
  /// Sums of installed hardware, [place * their number + which]: halves of the plan's figures, and texts by their number.
  std::vector<std::uint64_t> figure_low, figure_high, models, reasons;
};

/// Groups a fold sums one by one.
inline constexpr std::size_t kMostWanted = 4'096;

/// Folds the cells of a view by group: sums the groups `first` … `first + limit - 1` in the order of their numbers, and all together.
/// The groups are the same whatever `part` is; other parts than installed are for measures of hardware alone.
/// limit: at most kMostWanted. A view holds fewer than 2^32 nodes, so sums of 32-bit halves fit in 64 bits. Pure; any thread.
/// Cost: one pass over the columns that the measures need, two where there may be many groups.
Folded fold_cells(const CellColumns& cells, const Dictionaries& dictionaries, const CellFilter* filter, const Measures& measures,
                  const Grouping& grouping, std::size_t first, std::size_t limit, FoldPart part = FoldPart::kInstalled);

}  // namespace capmap
