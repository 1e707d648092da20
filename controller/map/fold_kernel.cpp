// The first half of the inner loop of every rollup: which cells of a block are kept, and where they go. A run is sixteen cells of one
// site: what the site says is looked up once, and its cells are told apart by masks.
#include "controller/map/fold_kernel.hpp"

#include <algorithm>
#include <bit>

#include "controller/map/fold_items.hpp"

namespace capmap {
namespace {

using Mask = FoldItems::Mask;
using Bytes = std::uint8_t __attribute__((vector_size(16), may_alias));
using Pair = std::uint64_t __attribute__((vector_size(16), may_alias));
constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101U;
constexpr Mask kAllCells = {UINT64_MAX, UINT64_MAX};
#define CAPMAP_INLINE inline __attribute__((always_inline))

CAPMAP_INLINE Bytes bytes_of(Mask mask) {
  return reinterpret_cast<Bytes>(Pair{mask.low, mask.high});
}
CAPMAP_INLINE Mask mask_of(Bytes bytes) {
  const Pair pair = reinterpret_cast<Pair>(bytes);
  return {pair[0], pair[1]};
}
CAPMAP_INLINE Mask both(Mask a, Mask b) {
  return {a.low & b.low, a.high & b.high};
}
CAPMAP_INLINE Mask without(Mask a, Mask b) {
  return {a.low & ~b.low, a.high & ~b.high};
}
CAPMAP_INLINE bool any(Mask mask) {
  return (mask.low | mask.high) != 0;
}

/// Number of the first byte that is not zero.
CAPMAP_INLINE unsigned first_of(Mask mask) {
  return mask.low != 0 ? static_cast<unsigned>(std::countr_zero(mask.low)) / 8 : 8 + static_cast<unsigned>(std::countr_zero(mask.high)) / 8;
}
CAPMAP_INLINE std::uint8_t byte_of(Mask mask, unsigned i) {
  return static_cast<std::uint8_t>((i < 8 ? mask.low : mask.high) >> (i % 8 * 8));
}
CAPMAP_INLINE Mask only(unsigned i) {
  const auto byte = std::uint64_t{0xFF} << (i % 8 * 8);
  return {i < 8 ? byte : 0, i < 8 ? 0 : byte};
}

/// 0xFF for each byte that is `value`.
CAPMAP_INLINE Mask equal_to(Mask bytes, std::uint8_t value) {
  return mask_of(reinterpret_cast<Bytes>(bytes_of(bytes) == (Bytes{} + value)));
}
CAPMAP_INLINE Mask equal_to(const std::uint8_t* bytes, std::uint8_t value) {
  return mask_of(reinterpret_cast<Bytes>(*reinterpret_cast<const Bytes*>(bytes) == (Bytes{} + value)));
}

/// Bytes of a table at sixteen indexes, put together in registers.
template <class Index>
CAPMAP_INLINE Mask look_up(const std::uint8_t* table, const Index* index) {
  Mask found;
#pragma GCC unroll 8
  for (unsigned i = 0; i < 8; ++i) {
    found.low |= std::uint64_t{table[index[i]]} << (8 * i);
    found.high |= std::uint64_t{table[index[i + 8]]} << (8 * i);
  }
  return found;
}

/// Reads a block run by run.
class Reader {
 public:
  Reader(FoldPass& pass, const BlockColumns& block, FoldItems& items)
      : pass_(pass),
        block_(block),
        keys_(*block.keys),
        items_(items),
        cell_by_cell_(pass.hardware_add != nullptr || pass.pool_add != nullptr),
        one_code_(pass.code_add.size() == 1),
        sums_(pass.slots > 0 || pass.top_slots > 0),
        matrix_(!pass.matrix.empty()),
        figures_(!pass.figures.empty() && pass.matrix.empty()) {}

  void read_all() {
    const auto* const site_adds = pass_.site_add;
    const auto* const site_classes = pass_.site_class;
    for (std::size_t run = 0; run < kBlockRuns; ++run) {
      const auto code = keys_.run_state[run];
      if (code == kFreeSlot) continue;
      at_ = run * kRunCells;
      site_ = keys_.run_site[run];
      const auto number = site_adds == nullptr ? 0 : site_adds[site_];
      const auto first_residual = site_classes == nullptr ? 0 : site_classes[site_] * pass_.rows;
      if (items_.full()) {
        sum_runs(pass_, block_, items_);
        sum_cells(pass_, block_, items_);
        items_.clear();
      }
      if (pass_.pool_row != nullptr) {
        read_pools(code, number, first_residual);
      } else if (code == kMixedRun) {
        read_mixed(number, first_residual);
      } else {
        read_whole(pass_.states[code], number, pass_.residuals[first_residual + pass_.states[code].row]);
      }
    }
  }

 private:
  /// A run where the filter asks for pools too: mostly all cells are of the same.
  void read_pools(std::uint8_t code, std::uint64_t number, std::size_t first_residual) {
    const auto* const states = keys_.state.data() + at_;
    const auto pools = look_up(pass_.pool_row, keys_.pool.data() + at_);
    if (code != kMixedRun && !any(without(kAllCells, equal_to(pools, byte_of(pools, 0))))) {
      return read_whole(pass_.states[code], number, pass_.residuals[first_residual + pass_.states[code].row + byte_of(pools, 0)]);
    }
    auto left = without(kAllCells, equal_to(states, kFreeSlot));
    while (any(left)) {
      const auto i = first_of(left);
      const auto same = both(left, both(equal_to(states, states[i]), equal_to(pools, byte_of(pools, i))));
      left = without(left, same);
      const auto& state = pass_.states[states[i]];
      read_state(same, state, number, pass_.residuals[first_residual + state.row + byte_of(pools, i)]);
    }
  }

  void read_mixed(std::uint64_t number, std::size_t first_residual) {
    const auto* const states = keys_.state.data() + at_;
    auto left = without(kAllCells, equal_to(states, kFreeSlot));
    while (any(left)) {
      const auto code = states[first_of(left)];
      const auto same = equal_to(states, code);
      left = without(left, same);
      const auto& state = pass_.states[code];
      read_state(same, state, number, pass_.residuals[first_residual + state.row]);
    }
  }

  /// All cells of a run, which are of one state.
  CAPMAP_INLINE void read_whole(const StateFacts& state, std::uint64_t number, const Residual& residual) {
    if (!residual.any) return;
    const bool all = residual.table == nullptr && block_.keep == nullptr;
    if (all && pass_.count_only && state.installed) return count(state, 0, kAllCells);
    if (all && !cell_by_cell_) {
      number += state.add;
      if (!out_of_window(number)) whole_run(state, number + pass_.code_add[0]);
      return;
    }
    read_state(without(kAllCells, equal_to(keys_.state.data() + at_, kFreeSlot)), state, number, residual);
  }

  /// Some cells of a run, which are of one state.
  CAPMAP_INLINE void read_state(Mask same, const StateFacts& state, std::uint64_t number, const Residual& residual) {
    number += state.add;
    if (!residual.any || out_of_window(number)) return;
    if (block_.keep != nullptr) same = without(same, equal_to(block_.keep + at_, 0));
    const Mask ones = {kOnes & same.low, kOnes & same.high};
    const auto codes = residual.table == nullptr ? ones : both(same, look_up(residual.table, keys_.hardware.data() + at_));
    if (!any(codes)) return;
    const auto kept = one_code_ ? Mask{codes.low * 0xFF, codes.high * 0xFF} : without(kAllCells, equal_to(codes, 0));
    if (pass_.kind == PassKind::kSeen) add_part(state, 0, kept);
    if (matrix_) count(state, 0, kept);
    if (pass_.count_only && state.installed) return;
    if (cell_by_cell_) return read_cells(kept, state, number);
    if (!one_code_) return read_codes(codes, state, number);
    read_group(kept, state, number + pass_.code_add[0]);
  }

  [[nodiscard]] CAPMAP_INLINE bool out_of_window(std::uint64_t number) const {
    return pass_.kind == PassKind::kWindow && (number > pass_.last || number + pass_.most_above < pass_.first);
  }

  /// Cells of one group.
  CAPMAP_INLINE void read_group(Mask mask, const StateFacts& state, std::uint64_t number) {
    if (pass_.kind == PassKind::kSeen) return pass_.note(number);
    const auto place = place_of(number);
    if (place == kNowhere) return;
    add_part(state, place, mask);
    if (figures_) count(state, place, mask);
    if (pass_.list_hardware) list(state, place, mask);
  }

  CAPMAP_INLINE void whole_run(const StateFacts& state, std::uint64_t number) {
    if (pass_.kind == PassKind::kSeen) pass_.note(number);
    const auto place = pass_.kind == PassKind::kSeen ? 0 : place_of(number);
    if (place == kNowhere) return;
    if (sums_) items_.whole[items_.whole_count++] = item(state, place, at_);
    if (matrix_ || figures_) count(state, place, kAllCells);
    if (pass_.list_hardware) list(state, place, without(kAllCells, equal_to(keys_.state.data() + at_, kFreeSlot)));
  }

  /// Cells of one code are a group, others are taken one by one.
  void read_codes(Mask codes, const StateFacts& state, std::uint64_t number) {
    const auto code = byte_of(codes, first_of(codes));
    const auto kept = without(kAllCells, equal_to(codes, 0));
    if (!any(without(kept, equal_to(codes, code)))) return read_group(kept, state, number + pass_.code_add[code - 1U]);
    const auto* const adds = pass_.code_add.data();
    take_cells(kept, state, [&](unsigned i) { return number + adds[std::max<std::uint8_t>(byte_of(codes, i), 1) - 1U]; });
  }

  void read_cells(Mask kept, const StateFacts& state, std::uint64_t number) {
    const auto* const hardware = keys_.hardware.data() + at_;
    const auto* const pools = keys_.pool.data() + at_;
    if (pass_.pool_add == nullptr) {
      take_cells(kept, state, [&](unsigned i) { return number + pass_.hardware_add[hardware[i]]; });
    } else if (pass_.hardware_add == nullptr) {
      take_cells(kept, state, [&](unsigned i) { return number + pass_.pool_add[pools[i]]; });
    } else {
      take_cells(kept, state, [&](unsigned i) { return number + pass_.hardware_add[hardware[i]] + pass_.pool_add[pools[i]]; });
    }
  }

  /// Each cell by itself.
  template <class NumberOf>
  CAPMAP_INLINE void take_cells(Mask kept, const StateFacts& state, NumberOf number_of) {
    if (pass_.kind == PassKind::kAll && !pass_.list_hardware) return add_cells(kept, state, number_of);
    if (pass_.kind == PassKind::kSeen) {
      if (pass_.by_bits) return note_cells(kept, number_of);
      return each_of(kept, [&](unsigned i) { pass_.note(number_of(i)); });
    }
    auto& places = split_run(state);
    places.fill(static_cast<std::uint32_t>(pass_.places));
    each_of(kept, [&](unsigned i) {
      const auto place = place_of(number_of(i));
      if (place == kNowhere) return;
      places[i] = place;
      if (pass_.list_hardware) list(state, place, only(i));
    });
  }

  template <class Take>
  CAPMAP_INLINE static void each_of(Mask left, Take take) {
    while (any(left)) {
      const auto i = first_of(left);
      left = without(left, only(i));
      take(i);
    }
  }

  /// No branch says which cells are kept: none could be foreseen.
  template <class NumberOf>
  CAPMAP_INLINE void note_cells(Mask kept, NumberOf number_of) {
    auto* const bits = pass_.bits.data();
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; ++i) {
      const auto low = number_of(i), high = number_of(i + 8);
      bits[low >> 6] |= (kept.low >> (8 * i) & 1U) << (low & 63);
      bits[high >> 6] |= (kept.high >> (8 * i) & 1U) << (high & 63);
    }
  }

  /// All cells of the run, those that are not kept to places nobody reads.
  template <class NumberOf>
  CAPMAP_INLINE void add_cells(Mask kept, const StateFacts& state, NumberOf number_of) {
    auto* const seen = pass_.seen.data();
    auto* const places = split_run(state).data();
    const auto nowhere = static_cast<std::uint32_t>(pass_.places);
#pragma GCC unroll 16
    for (unsigned i = 0; i < kRunCells; ++i) {
      const auto number = static_cast<std::uint32_t>(number_of(i) + 1);
      const auto place = byte_of(kept, i) != 0 ? number : nowhere + i % kNowherePlaces;
      seen[place] = 1;
      places[i] = place;
    }
  }

  /// Room for the places of this run's cells; of cells that are not installed nobody will look at them.
  CAPMAP_INLINE std::array<std::uint32_t, kRunCells>& split_run(const StateFacts& state) {
    auto& runs = state.available ? items_.available : items_.others;
    runs.at[runs.count] = static_cast<std::uint16_t>(at_);
    runs.nodes_slot[runs.count] = state.nodes_slot;
    auto& places = runs.places[runs.count];
    runs.count += state.installed ? 1 : 0;
    return places;
  }

  /// kAll: the number + 1, which is seen. kWindow: its rank.
  CAPMAP_INLINE std::uint32_t place_of(std::uint64_t number) {
    if (pass_.kind != PassKind::kAll) return number < pass_.first || number > pass_.last ? kNowhere : pass_.place_in_window(number);
    pass_.seen[number + 1] = 1;
    return static_cast<std::uint32_t>(number + 1);
  }

  static FoldItems::Item item(const StateFacts& state, std::uint32_t place, std::size_t at) {
    return {.place = place,
            .at = static_cast<std::uint16_t>(at),
            .nodes_slot = state.nodes_slot,
            .available = state.available,
            .installed = state.installed};
  }

  CAPMAP_INLINE void add_part(const StateFacts& state, std::uint32_t place, Mask mask) {
    if (!sums_) return;
    items_.masks[items_.part_count] = mask;
    items_.part[items_.part_count++] = item(state, place, at_);
  }

  /// Installed nodes by hardware: to the row of the matrix, or else to the figures of a place.
  CAPMAP_INLINE void count(const StateFacts& state, std::uint32_t place, Mask mask) {
    if (!state.installed) return;
    const auto row = !matrix_ ? place : (pass_.matrix_row == nullptr ? 0 : pass_.matrix_row[site_]) + state.matrix_add;
    items_.counted[items_.counted_count++] = {.row = row, .at = static_cast<std::uint32_t>(at_), .mask = mask};
  }

  void list(const StateFacts& state, std::uint32_t place, Mask left) {
    while (state.installed && any(left)) {
      const auto i = first_of(left);
      left = without(left, only(i));
      pass_.listed.push_back({place, keys_.hardware[at_ + i], keys_.nodes[at_ + i]});
    }
  }

  static constexpr std::uint32_t kNowhere = UINT32_MAX;
  FoldPass& pass_;
  const BlockColumns& block_;
  const CellKeys& keys_;
  FoldItems& items_;
  const bool cell_by_cell_, one_code_, sums_, matrix_, figures_;
  std::size_t at_ = 0;
  std::uint32_t site_ = 0;
};

}  // namespace

std::uint32_t FoldPass::place_in_window(std::uint64_t number) const {
  if (!by_bits) return static_cast<std::uint32_t>(std::ranges::lower_bound(met, number) - met.begin()) + 1;
  const auto word = number >> 6;
  const auto below = bits[word] & ((std::uint64_t{1} << (number & 63)) - 1);
  return rank[word - first_word] + static_cast<std::uint32_t>(std::popcount(below)) + 1;
}

void fold_block(FoldPass& pass, const BlockColumns& block, FoldItems& items) {
  items.clear();
  Reader(pass, block, items).read_all();
  sum_runs(pass, block, items);
  sum_cells(pass, block, items);
}

}  // namespace capmap
