#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "controller/map/cell_columns.hpp"

namespace capmap {

/// Four sums that are one: neighbours need not wait for each other's additions.
struct alignas(32) Lanes {
  std::array<std::uint64_t, 4> of{};
  [[nodiscard]] std::uint64_t sum() const { return of[0] + of[1] + of[2] + of[3]; }
};
/// The same of the tops of histograms, of which the greatest counts.
struct alignas(16) TopLanes {
  std::array<std::uint8_t, kRunCells> of{};
};

/// What is kept of the cells of one (site class, state row, pool row): byte [hardware] = 0, or one more than the code of what hardware adds
/// to the group's number. Without a table it is the same for all hardware.
struct Residual {
  bool any = false;
  const std::uint8_t* table = nullptr;
};

/// What a state says to a fold.
struct StateFacts {
  bool installed = false, available = false;
  std::uint32_t row = 0;         ///< of residuals
  std::int8_t nodes_slot = -1;   ///< where its nodes are counted
  std::uint64_t add = 0;         ///< to the group's number
  std::uint32_t matrix_add = 0;  ///< to the matrix's row
};

/// A column of a block that is summed into a slot.
struct ColumnUse {
  const std::uint32_t* values = nullptr;
  const std::uint32_t* less = nullptr;  ///< is taken away first, unless null
  std::uint32_t slot = 0;
};

/// The columns of one block.
struct BlockColumns {
  const CellKeys* keys = nullptr;
  const std::uint8_t* keep = nullptr;  ///< [cell] 1 where a filter that is not simple holds; null: residuals say it all
  std::vector<ColumnUse> available, installed;
  std::vector<const std::uint8_t*> tops;  ///< of available nodes
  const std::uint64_t *heard = nullptr, *oldest = nullptr;
};

/// Which groups are summed.
enum class PassKind : std::uint8_t {
  kAll,    ///< each has the place of its number + 1
  kSeen,   ///< none: which there are is noted, and place 0 gets the sum of all
  kWindow  ///< those of some numbers that were noted, in order from place 1 on
};

/// Places after the last one, for cells that are not kept. More than one, so that neighbours need not wait for each other.
inline constexpr std::uint32_t kNowherePlaces = 8;

/// One pass over all blocks. Pointers are borrowed for its time.
struct FoldPass {
  PassKind kind = PassKind::kAll;
  const std::uint64_t* site_add = nullptr;      ///< [site] to the group's number; null: nothing
  const std::uint8_t* site_class = nullptr;     ///< [site] of residuals; null: 0
  const std::uint8_t* pool_row = nullptr;       ///< [pool] of residuals; null: 0
  const std::uint64_t* hardware_add = nullptr;  ///< [hardware], where codes do not suffice
  const std::uint64_t* pool_add = nullptr;      ///< [pool]
  std::array<StateFacts, kStateCount + 1> states{};
  std::vector<Residual> residuals;  ///< [class * rows + row of state + row of pool]
  std::size_t rows = 1;
  std::vector<std::uint64_t> code_add;  ///< [code] to the group's number
  std::uint64_t most_above = 0;         ///< the greatest that hardware and pool add

  std::vector<std::uint64_t> bits;  ///< numbers that were met, where they are bits
  std::vector<std::uint64_t> met;   ///< else: the numbers, ascending once the pass is over
  bool by_bits = true;
  std::uint64_t first = 0, last = 0;  ///< numbers of the window, both within
  std::size_t first_word = 0;
  std::vector<std::uint32_t> rank;  ///< [word of bits - first_word] numbers before it in the window

  std::size_t slots = 0, top_slots = 0;
  std::uint32_t heard_slot = 0, oldest_slot = 0;
  bool count_nodes = false;
  std::vector<Lanes> sums;         ///< [place * slots + slot]
  std::vector<TopLanes> tops;      ///< [place * top_slots + slot]
  std::vector<std::uint8_t> seen;  ///< [place] of kAll
  /// What cells add whose places differ within a run: two sums each, because the next cell's place is often the same and need not wait.
  std::size_t places = 0;
  [[nodiscard]] std::size_t cell_places() const { return places + kNowherePlaces; }
  std::vector<std::uint64_t> cell_sums;  ///< [(slot * 2 + which) * cell_places() + place]
  std::vector<std::uint8_t> cell_tops;   ///< [slot * cell_places() + place]

  std::vector<std::uint32_t> matrix;          ///< [row * hardware_count + hardware] installed nodes; empty: not asked for
  bool count_only = false;                    ///< installed cells go to the matrix and nowhere else
  const std::uint32_t* matrix_row = nullptr;  ///< [site]; null: 0
  std::size_t hardware_count = 0;
  /// Cells of the window with their installed nodes, where hardware is asked for and there is no matrix.
  struct Listed {
    std::uint32_t place = 0, hardware = 0, nodes = 0;
  };
  bool list_hardware = false;
  std::vector<Listed> listed;
  /// Where figures of hardware are few, they are summed as they are met.
  std::vector<const std::uint32_t*> figures;  ///< [hardware] each
  std::vector<std::uint64_t> figure_sums;     ///< [place * their number + which]

  /// Notes that a number was met.
  void note(std::uint64_t number) {
    if (by_bits) {
      bits[number >> 6] |= std::uint64_t{1} << (number & 63);
    } else if (met.empty() || met.back() != number) {
      met.push_back(number);
    }
  }
  /// Place of a number in the window that was met.
  [[nodiscard]] std::uint32_t place_in_window(std::uint64_t number) const;
};

struct FoldItems;
/// Adds the cells of a block. Pure but for `pass`; what is in `scratch` does not matter. Cost: a look at each run's site and state, and at
/// the columns that are used.
void fold_block(FoldPass& pass, const BlockColumns& block, FoldItems& scratch);

/// How many bits are set.
std::size_t count_bits(std::span<const std::uint64_t> words);
/// Of value i times count i; counts: as many as values.
std::uint64_t sum_of_products(std::span<const std::uint32_t> values, const std::uint32_t* counts);

}  // namespace capmap
