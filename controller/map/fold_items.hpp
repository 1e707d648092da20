#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "controller/map/fold_kernel.hpp"

namespace capmap {

/// What the first half of the inner loop finds in a block and the second half sums: which cells go where.
struct FoldItems {
  static constexpr std::size_t kRoom = 96;
  struct Item {
    std::uint32_t place = 0;
    std::uint16_t at = 0;  ///< first cell of a run, or the cell
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
  std::size_t whole_count = 0, part_count = 0, cell_count = 0, counted_count = 0;
  std::array<Item, kRoom> whole;  ///< runs of which all cells are of one group
  std::array<Item, kRoom> part;   ///< runs of which some are
  std::array<Mask, kRoom> masks;  ///< [part]
  std::array<Item, kBlockCells + kRunCells> cells;
  std::array<Counted, kRoom> counted;  ///< whose hardware counts

  /// Each run adds at most that much to each.
  [[nodiscard]] bool full() const {
    return whole_count + kRunCells > kRoom || part_count + kRunCells > kRoom || counted_count + kRunCells > kRoom ||
           cell_count + kRunCells > kBlockCells;
  }
  void clear() { whole_count = part_count = cell_count = counted_count = 0; }
};

/// Sums what the items say, column by column. Pure but for `pass`.
void sum_items(FoldPass& pass, const BlockColumns& block, const FoldItems& items);

}  // namespace capmap
