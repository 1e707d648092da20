// The inner loop of every rollup. A run is sixteen cells of one site: what the site says is looked up once, its cells are told apart by
// masks, and columns are summed in vectors. Compiled twice on x86-64: as everywhere, and for processors with AVX2.
#include "controller/map/fold_kernel.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

// Vectors are handed to functions that are always inlined, so their calling convention does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace capmap {
namespace {

using Bytes = std::uint8_t __attribute__((vector_size(16), may_alias));
using SignedBytes = std::int8_t __attribute__((vector_size(8)));
using SignedWords = std::int32_t __attribute__((vector_size(32)));
using Words = std::uint32_t __attribute__((vector_size(32), may_alias));
using FourBytes = std::int8_t __attribute__((vector_size(4)));
using SignedLongs = std::int64_t __attribute__((vector_size(32)));
using Longs = std::uint64_t __attribute__((vector_size(32), may_alias));
using Pair = std::uint64_t __attribute__((vector_size(16), may_alias));

#define CAPMAP_INLINE inline __attribute__((always_inline))

/// Cells of a run, 0xFF or 0 each.
struct Mask {
  std::uint64_t half[2];
};

CAPMAP_INLINE Mask mask_of(Bytes bytes) {
  const Pair pair = reinterpret_cast<Pair>(bytes);
  return {{pair[0], pair[1]}};
}

CAPMAP_INLINE Bytes bytes_of(const Mask& mask) {
  return reinterpret_cast<Bytes>(Pair{mask.half[0], mask.half[1]});
}

CAPMAP_INLINE bool any(const Mask& mask) {
  return (mask.half[0] | mask.half[1]) != 0;
}

/// Number of the first byte that is not zero.
CAPMAP_INLINE unsigned first_of(const Mask& mask) {
  const unsigned upper = mask.half[0] == 0 ? 1 : 0;
  return upper * 8 + static_cast<unsigned>(std::countr_zero(mask.half[upper])) / 8;
}

CAPMAP_INLINE Bytes equal_to(Bytes bytes, std::uint8_t value) {
  return reinterpret_cast<Bytes>(bytes == (Bytes{} + value));
}

/// Bytes of a table at sixteen indexes. Put together in registers: a vector read of bytes that were just written one by one stalls.
CAPMAP_INLINE Bytes look_up(const std::uint8_t* table, const std::uint32_t* index) {
  Mask found{};
#pragma GCC unroll 8
  for (unsigned i = 0; i < 8; ++i) {
    found.half[0] |= std::uint64_t{table[index[i]]} << (8 * i);
    found.half[1] |= std::uint64_t{table[index[i + 8]]} << (8 * i);
  }
  return bytes_of(found);
}

CAPMAP_INLINE Words widened(const Mask& mask, unsigned half) {
  SignedBytes bytes;
  std::memcpy(&bytes, &mask.half[half], sizeof bytes);
  return reinterpret_cast<Words>(__builtin_convertvector(bytes, SignedWords));
}

CAPMAP_INLINE Longs pairs_summed(Words words) {
  const Longs longs = reinterpret_cast<Longs>(words);
  return (longs & UINT32_MAX) + (longs >> 32);
}

CAPMAP_INLINE void add_column(FoldPass& pass, const ColumnUse& use, std::size_t at, const Words* mask, std::size_t place) {
  Words lower = *reinterpret_cast<const Words*>(use.values + at), upper = *reinterpret_cast<const Words*>(use.values + at + 8);
  if (use.less != nullptr) {
    lower -= *reinterpret_cast<const Words*>(use.less + at);
    upper -= *reinterpret_cast<const Words*>(use.less + at + 8);
  }
  auto& sum = *reinterpret_cast<Longs*>(&pass.sums[place * pass.slots + use.slot]);
  sum += pairs_summed(lower & mask[0]) + pairs_summed(upper & mask[1]);
}

CAPMAP_INLINE void add_ages(FoldPass& pass, const BlockColumns& block, std::size_t at, const Mask& mask, std::size_t place) {
  auto& heard = *reinterpret_cast<Longs*>(&pass.sums[place * pass.slots + pass.heard_slot]);
  auto& oldest = *reinterpret_cast<Longs*>(&pass.sums[place * pass.slots + pass.oldest_slot]);
  for (unsigned i = 0; i < kRunCells; i += 4) {
    const auto four = static_cast<std::uint32_t>(mask.half[i / 8] >> (i % 8 * 8));
    FourBytes bytes;
    std::memcpy(&bytes, &four, sizeof bytes);
    const Longs wide = reinterpret_cast<Longs>(__builtin_convertvector(bytes, SignedLongs));
    heard += *reinterpret_cast<const Longs*>(block.heard + at + i) & wide;
    const Longs ms = *reinterpret_cast<const Longs*>(block.oldest + at + i) | ~wide;
    oldest = ms < oldest ? ms : oldest;
  }
}

/// Adds the cells of a mask, all of one state and one group.
CAPMAP_INLINE void add_masked(FoldPass& pass, const BlockColumns& block, std::size_t at, const Mask& mask, const StateFacts& state,
                              std::size_t place) {
  const Words wide[2] = {widened(mask, 0), widened(mask, 1)};
  if (state.nodes_slot >= 0) {
    add_column(pass, {block.keys->nodes.data(), nullptr, static_cast<std::uint32_t>(state.nodes_slot)}, at, wide, place);
  }
  if (state.available) {
    for (const auto& use : block.available) add_column(pass, use, at, wide, place);
    for (std::size_t i = 0; i < block.tops.size(); ++i) {
      auto& top = *reinterpret_cast<Bytes*>(&pass.tops[place * pass.top_slots + i]);
      const Bytes bytes = *reinterpret_cast<const Bytes*>(block.tops[i] + at) & bytes_of(mask);
      top = bytes > top ? bytes : top;
    }
  }
  if (!state.installed) return;
  for (const auto& use : block.installed) add_column(pass, use, at, wide, place);
  if (block.heard != nullptr) add_ages(pass, block, at, mask, place);
}

/// The same for one cell.
CAPMAP_INLINE void add_cell(FoldPass& pass, const BlockColumns& block, std::size_t at, const StateFacts& state, std::size_t place) {
  auto* const sums = &pass.sums[place * pass.slots];
  const auto add = [&](const ColumnUse& use) { sums[use.slot].of[at % 4] += use.values[at] - (use.less == nullptr ? 0 : use.less[at]); };
  if (state.nodes_slot >= 0) sums[state.nodes_slot].of[at % 4] += block.keys->nodes[at];
  if (state.available) {
    for (const auto& use : block.available) add(use);
    for (std::size_t i = 0; i < block.tops.size(); ++i) {
      auto& top = pass.tops[place * pass.top_slots + i].of[0];
      top = std::max(top, block.tops[i][at]);
    }
  }
  if (!state.installed) return;
  for (const auto& use : block.installed) add(use);
  if (block.heard == nullptr) return;
  sums[pass.heard_slot].of[at % 4] += block.heard[at];
  sums[pass.oldest_slot].of[at % 4] = std::min(sums[pass.oldest_slot].of[at % 4], block.oldest[at]);
}

CAPMAP_INLINE void count_hardware(FoldPass& pass, const CellKeys& keys, std::size_t at, const Mask& mask, std::size_t row) {
  auto* const counts = &pass.matrix[row * pass.hardware_count];
#pragma GCC unroll 8
  for (unsigned i = 0; i < 8; ++i) {
    counts[keys.hardware[at + i]] += keys.nodes[at + i] & static_cast<std::uint32_t>(static_cast<std::int8_t>(mask.half[0] >> (8 * i)));
    counts[keys.hardware[at + i + 8]] +=
        keys.nodes[at + i + 8] & static_cast<std::uint32_t>(static_cast<std::int8_t>(mask.half[1] >> (8 * i)));
  }
}

CAPMAP_INLINE void list_hardware(FoldPass& pass, const CellKeys& keys, std::size_t at, Mask mask, std::uint32_t place) {
  while (any(mask)) {
    const auto i = first_of(mask);
    mask.half[i / 8] &= ~(std::uint64_t{0xFF} << (i % 8 * 8));
    pass.listed.push_back({place, keys.hardware[at + i], keys.nodes[at + i]});
  }
}

/// The cells of a run that are of one state: `codes` are 0 or one more than the code of their hardware.
CAPMAP_INLINE void fold_state(FoldPass& pass, const BlockColumns& block, std::size_t at, Bytes codes, const StateFacts& state,
                              std::uint64_t number) {
  const auto& keys = *block.keys;
  const Bytes none{};
  const Mask kept = mask_of(reinterpret_cast<Bytes>(codes != none));
  if (!any(kept)) return;
  const bool cell_by_cell = pass.hardware_add != nullptr || pass.pool_add != nullptr;
  if (!pass.matrix.empty() && state.installed) {
    const auto row = (pass.matrix_row == nullptr ? 0 : pass.matrix_row[keys.run_site[at / kRunCells]]) + state.matrix_add;
    count_hardware(pass, keys, at, kept, row);
  }
  if (pass.kind == PassKind::kSeen) add_masked(pass, block, at, kept, state, 0);
  const auto place_of = [&pass](std::uint64_t of) {
    if (pass.kind == PassKind::kAll) return static_cast<std::uint32_t>(of + 1);
    return of < pass.first || of > pass.last ? 0U : pass.place_in_window(of);
  };
  if (!cell_by_cell) {
    for (Mask left = mask_of(codes); any(left);) {
      const auto first = first_of(left);
      const auto code = static_cast<std::uint8_t>(left.half[first / 8] >> (first % 8 * 8));
      const Bytes same = equal_to(codes, code);
      const Mask mask = mask_of(same);
      left = mask_of(bytes_of(left) & ~same);
      const auto of = number + pass.code_add[code - 1U];
      if (pass.kind == PassKind::kSeen) {
        pass.note(of);
        continue;
      }
      const auto place = place_of(of);
      if (place == 0) continue;
      if (pass.kind == PassKind::kAll) pass.seen[place] = 1;
      add_masked(pass, block, at, mask, state, place);
      if (pass.list_hardware && state.installed) list_hardware(pass, keys, at, mask, place);
    }
    return;
  }
  for (unsigned i = 0; i < kRunCells; ++i) {
    if ((kept.half[i / 8] >> (i % 8 * 8) & 1U) == 0) continue;
    auto of = number;
    if (pass.hardware_add != nullptr) of += pass.hardware_add[keys.hardware[at + i]];
    if (pass.pool_add != nullptr) of += pass.pool_add[keys.pool[at + i]];
    if (pass.kind == PassKind::kSeen) {
      pass.note(of);
      continue;
    }
    const auto place = place_of(of);
    if (place == 0) continue;
    if (pass.kind == PassKind::kAll) pass.seen[place] = 1;
    add_cell(pass, block, at + i, state, place);
    if (pass.list_hardware && state.installed) pass.listed.push_back({place, keys.hardware[at + i], keys.nodes[at + i]});
  }
}

CAPMAP_INLINE void fold(FoldPass& pass, const BlockColumns& block) {
  const auto& keys = *block.keys;
  for (std::size_t run = 0; run < kBlockRuns; ++run) {
    const auto at = run * kRunCells;
    const Bytes states = *reinterpret_cast<const Bytes*>(keys.state.data() + at);
    Mask left = mask_of(~equal_to(states, kFreeSlot));
    if (!any(left)) continue;
    const auto site = keys.run_site[run];
    const auto site_add = pass.site_add == nullptr ? 0 : pass.site_add[site];
    const auto first_residual = pass.site_class == nullptr ? 0 : pass.site_class[site] * pass.rows;
    while (any(left)) {  // mostly once: the cells of a site are mostly of one state
      const auto code = keys.state[at + first_of(left)];
      const Bytes same = equal_to(states, code);
      left = mask_of(bytes_of(left) & ~same);
      const auto& state = pass.states[code];
      const auto& residual = pass.residuals[first_residual + state.row];
      if (!residual.any) continue;
      const auto number = site_add + state.add;
      if (pass.kind == PassKind::kWindow && (number > pass.last || number + pass.most_above < pass.first)) continue;
      Bytes codes = same & 1;
      if (residual.table != nullptr) codes = look_up(residual.table, keys.hardware.data() + at) & same;
      if (block.keep != nullptr) codes &= ~equal_to(*reinterpret_cast<const Bytes*>(block.keep + at), 0);
      fold_state(pass, block, at, codes, state, number);
    }
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi,bmi2"), noinline)) void fold_avx2(FoldPass& pass, const BlockColumns& block) {
  fold(pass, block);
}
bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  return has;
}
#endif

}  // namespace

std::uint32_t FoldPass::place_in_window(std::uint64_t number) const {
  if (!by_bits) return static_cast<std::uint32_t>(std::ranges::lower_bound(met, number) - met.begin()) + 1;
  const auto word = number >> 6;
  const auto below = bits[word] & ((std::uint64_t{1} << (number & 63)) - 1);
  return rank[word - first_word] + static_cast<std::uint32_t>(std::popcount(below)) + 1;
}

void fold_block(FoldPass& pass, const BlockColumns& block) {
#if defined(__x86_64__)
  if (has_avx2()) return fold_avx2(pass, block);
#endif
  fold(pass, block);
}

}  // namespace capmap
