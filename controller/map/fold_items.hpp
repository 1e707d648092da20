#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "controller/map/fold_kernel.hpp"

namespace capmap {

/// Runs of which the installed cells have places of their own. Cells that do not count go to places nobody reads.
struct SplitRuns {
  static constexpr std::size_t kRoom = 96;
  std::size_t count = 0;
  std::array<std::array<std::uint32_t, kRunCells>, kRoom> places;
  std::array<std::uint16_t, kRoom> at;        ///< first cell
  std::array<std::int8_t, kRoom> nodes_slot;  ///< where its nodes are counted, -1 = nowhere
};

/// What the first half of the inner loop finds in a block and the second half sums: which cells go where.
struct FoldItems {
  static constexpr std::size_t kRoom = 96;
  struct Item {
    std::uint32_t place = 0;
    std::uint16_t at = 0;  ///< first cell of a run
    std::int8_t nodes_slot = -1;
    bool available = false, installed = false;
  };
  /// Cells of a run, 0xFF or 0 each.
  struct Mask {
    std::uint64_t low = 0, high = 0;
  };
  struct Counted {
    std::uint32_t row = 0;  ///< of the matrix; without one the place
    std::uint32_t at = 0;
    Mask mask{};
  };
  std::size_t whole_count = 0, part_count = 0, counted_count = 0;
  std::array<Item, kRoom> whole;  ///< runs of which all cells are of one group
  std::array<Item, kRoom> part;   ///< runs of which some are
  std::array<Mask, kRoom> masks;  ///< [part]
  SplitRuns available, others;
  std::array<Counted, kRoom> counted;  ///< whose hardware counts

  /// Each run adds at most that much to each.
  [[nodiscard]] bool full() const {
    return std::max({whole_count, part_count, counted_count, available.count, others.count}) + kRunCells > kRoom;
  }
  void clear() { whole_count = part_count = counted_count = available.count = others.count = 0; }
};

/// Sums runs, column by column. Pure but for `pass`.
void sum_runs(FoldPass& pass, const BlockColumns& block, const FoldItems& items);
/// Sums the cells of split runs, column by column, into the pass's cell_sums, cell_tops and figure_sums. Pure but for `pass`.
void sum_cells(FoldPass& pass, const BlockColumns& block, const FoldItems& items);

}  // namespace capmap
