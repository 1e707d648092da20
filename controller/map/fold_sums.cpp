// The second half of the inner loop of every rollup: columns are summed in vectors, sixteen cells at once. Compiled twice on x86-64: as
// everywhere, and for processors with AVX2.
#include <algorithm>
#include <array>
#include <bit>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "controller/map/fold_items.hpp"

// Vectors are handed to functions that are always inlined, so their calling convention does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"
#define CAPMAP_INLINE inline __attribute__((always_inline))

namespace capmap {
namespace {

using Bytes = std::uint8_t __attribute__((vector_size(16), may_alias));
using Pair = std::uint64_t __attribute__((vector_size(16), may_alias));
using Shorts = std::uint16_t __attribute__((vector_size(16)));
using FourWords = std::uint32_t __attribute__((vector_size(16)));
using Words = std::uint32_t __attribute__((vector_size(32), may_alias));
using Longs = std::uint64_t __attribute__((vector_size(32), may_alias));
constexpr std::size_t kLanes = 4;
using Item = FoldItems::Item;

/// A mask for each of the cells' 32-bit numbers, eight cells a vector.
struct WideMask {
  Words lower, upper;
};

CAPMAP_INLINE Bytes bytes_of(const FoldItems::Mask& mask) {
  return reinterpret_cast<Bytes>(Pair{mask.low, mask.high});
}

CAPMAP_INLINE WideMask widened(const FoldItems::Mask& mask) {
  const Bytes bytes = bytes_of(mask);
  const auto low = reinterpret_cast<Shorts>(__builtin_shufflevector(bytes, bytes, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
  const auto high =
      reinterpret_cast<Shorts>(__builtin_shufflevector(bytes, bytes, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
  const auto quarter0 = reinterpret_cast<FourWords>(__builtin_shufflevector(low, low, 0, 8, 1, 9, 2, 10, 3, 11));
  const auto quarter1 = reinterpret_cast<FourWords>(__builtin_shufflevector(low, low, 4, 12, 5, 13, 6, 14, 7, 15));
  const auto quarter2 = reinterpret_cast<FourWords>(__builtin_shufflevector(high, high, 0, 8, 1, 9, 2, 10, 3, 11));
  const auto quarter3 = reinterpret_cast<FourWords>(__builtin_shufflevector(high, high, 4, 12, 5, 13, 6, 14, 7, 15));
  return {__builtin_shufflevector(quarter0, quarter1, 0, 1, 2, 3, 4, 5, 6, 7),
          __builtin_shufflevector(quarter2, quarter3, 0, 1, 2, 3, 4, 5, 6, 7)};
}

CAPMAP_INLINE Longs pairs_summed(Words words) {
  const Longs longs = reinterpret_cast<Longs>(words);
  return (longs & UINT32_MAX) + (longs >> 32);
}

/// Where the sums of a slot lie.
struct Sums {
  Lanes* at = nullptr;  ///< of place 0
  std::size_t stride = 0;
  CAPMAP_INLINE Longs& of(std::size_t place) const { return *reinterpret_cast<Longs*>(at + place * stride); }
};

struct Column {
  const std::uint32_t *values = nullptr, *less = nullptr;
  CAPMAP_INLINE Words words(std::size_t at) const {
    Words words = *reinterpret_cast<const Words*>(values + at);
    if (less != nullptr) words -= *reinterpret_cast<const Words*>(less + at);
    return words;
  }
};

/// Adds a column of those items that `counts`. `slot` of them says where: mostly the same for all.
template <class Counts, class SlotOf>
CAPMAP_INLINE void add_column(const FoldItems& items, const WideMask* masks, const Column& column, Counts counts, SlotOf slot) {
  for (std::size_t i = 0; i < items.whole_count; ++i) {
    const auto& item = items.whole[i];
    if (!counts(item)) continue;
    slot(item).of(item.place) += pairs_summed(column.words(item.at)) + pairs_summed(column.words(item.at + 8U));
  }
  for (std::size_t i = 0; i < items.part_count; ++i) {
    const auto& item = items.part[i];
    if (!counts(item)) continue;
    slot(item).of(item.place) +=
        pairs_summed(column.words(item.at) & masks[i].lower) + pairs_summed(column.words(item.at + 8U) & masks[i].upper);
  }
}

CAPMAP_INLINE void add_tops(FoldPass& pass, const std::uint8_t* tops, std::size_t slot, const FoldItems& items) {
  auto* const places = pass.tops.data() + slot;
  const auto stride = pass.top_slots;
  const auto raise = [=](const Item& item, Bytes bytes) __attribute__((always_inline)) {
    auto& top = *reinterpret_cast<Bytes*>(places + item.place * stride);
    top = bytes > top ? bytes : top;
  };
  for (std::size_t i = 0; i < items.whole_count; ++i) {
    const auto& item = items.whole[i];
    if (item.available) raise(item, *reinterpret_cast<const Bytes*>(tops + item.at));
  }
  for (std::size_t i = 0; i < items.part_count; ++i) {
    const auto& item = items.part[i];
    if (item.available) raise(item, *reinterpret_cast<const Bytes*>(tops + item.at) & bytes_of(items.masks[i]));
  }
}

/// Four cells' moments of hearing.
struct Ages {
  Longs heard{}, oldest = ~Longs{};
  CAPMAP_INLINE void add(const BlockColumns& block, std::size_t at, Longs mask) {
    heard += *reinterpret_cast<const Longs*>(block.heard + at) & mask;
    const Longs ms = *reinterpret_cast<const Longs*>(block.oldest + at) | ~mask;
    oldest = ms < oldest ? ms : oldest;
  }
  CAPMAP_INLINE void add_run(const BlockColumns& block, std::size_t at, const WideMask& mask) {
    add(block, at, reinterpret_cast<Longs>(__builtin_shufflevector(mask.lower, mask.lower, 0, 0, 1, 1, 2, 2, 3, 3)));
    add(block, at + 4, reinterpret_cast<Longs>(__builtin_shufflevector(mask.lower, mask.lower, 4, 4, 5, 5, 6, 6, 7, 7)));
    add(block, at + 8, reinterpret_cast<Longs>(__builtin_shufflevector(mask.upper, mask.upper, 0, 0, 1, 1, 2, 2, 3, 3)));
    add(block, at + 12, reinterpret_cast<Longs>(__builtin_shufflevector(mask.upper, mask.upper, 4, 4, 5, 5, 6, 6, 7, 7)));
  }
};

CAPMAP_INLINE void add_ages(FoldPass& pass, const BlockColumns& block, const FoldItems& items, const WideMask* masks) {
  const Sums heard{pass.sums.data() + pass.heard_slot, pass.slots}, oldest{pass.sums.data() + pass.oldest_slot, pass.slots};
  const auto add = [&](const Item& item, const WideMask& mask) __attribute__((always_inline)) {
    if (!item.installed) return;
    Ages ages;
    ages.add_run(block, item.at, mask);
    heard.of(item.place) += ages.heard;
    auto& known = oldest.of(item.place);
    known = ages.oldest < known ? ages.oldest : known;
  };
  const WideMask all{~Words{}, ~Words{}};
  for (std::size_t i = 0; i < items.whole_count; ++i) add(items.whole[i], all);
  for (std::size_t i = 0; i < items.part_count; ++i) add(items.part[i], masks[i]);
}

/// All bits of byte i, which is 0xFF or 0.
CAPMAP_INLINE std::uint32_t filled(std::uint64_t mask, unsigned i) {
  return static_cast<std::uint32_t>(static_cast<std::int8_t>(mask >> (8 * i)));
}

CAPMAP_INLINE void count_hardware(FoldPass& pass, const CellKeys& keys, const FoldItems& items) {
  auto* const matrix = pass.matrix.data();
  const auto width = pass.hardware_count;
  for (std::size_t k = 0; k < items.counted_count; ++k) {
    const auto& item = items.counted[k];
    auto* const counts = matrix + item.row * width;
    const auto* const hardware = keys.hardware.data() + item.at;
    const auto* const nodes = keys.nodes.data() + item.at;
    if ((item.mask.low & item.mask.high) == UINT64_MAX) {
#pragma GCC unroll 16
      for (unsigned i = 0; i < kRunCells; ++i) counts[hardware[i]] += nodes[i];
      continue;
    }
    const auto filled = [](std::uint64_t mask, unsigned i) {
      return static_cast<std::uint32_t>(static_cast<std::int8_t>(mask >> (8 * i)));
    };
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; ++i) {
      counts[hardware[i]] += nodes[i] & filled(item.mask.low, i);
      counts[hardware[i + 8]] += nodes[i + 8] & filled(item.mask.high, i);
    }
  }
}

/// Sums figures of hardware times nodes.
CAPMAP_INLINE void add_figures(FoldPass& pass, const CellKeys& keys, const FoldItems& items) {
  const auto count = pass.figures.size();
  for (std::size_t which = 0; which < count; ++which) {
    const auto* const figure = pass.figures[which];
    auto* const sums = pass.figure_sums.data() + which;
    for (std::size_t k = 0; k < items.counted_count; ++k) {
      const auto& item = items.counted[k];
      const auto* const hardware = keys.hardware.data() + item.at;
      const auto* const nodes = keys.nodes.data() + item.at;
      std::uint64_t low = 0, high = 0;
#pragma GCC unroll 8
      for (unsigned i = 0; i < 8; ++i) {
        low += figure[hardware[i]] * std::uint64_t{nodes[i] & filled(item.mask.low, i)};
        high += figure[hardware[i + 8]] * std::uint64_t{nodes[i + 8] & filled(item.mask.high, i)};
      }
      sums[item.row * count] += low + high;
    }
  }
}

CAPMAP_INLINE void sum(FoldPass& pass, const BlockColumns& block, const FoldItems& items) {
  std::array<WideMask, FoldItems::kRoom> masks;
  for (std::size_t i = 0; i < items.part_count; ++i) masks[i] = widened(items.masks[i]);
  const auto slot_at = [&pass](std::size_t slot) { return Sums{pass.sums.data() + slot, pass.slots}; };
  if (pass.count_nodes) {
    const auto counts = [](const Item& item) { return item.nodes_slot >= 0; };
    auto* const sums = pass.sums.data();
    const auto slots = pass.slots;
    const auto slot_of = [sums, slots](const Item& item) { return Sums{sums + item.nodes_slot, slots}; };
    add_column(items, masks.data(), {block.keys->nodes.data(), nullptr}, counts, slot_of);
  }
  const auto add = [&](const ColumnUse& use, auto counts) __attribute__((always_inline)) {
    const auto sums = slot_at(use.slot);
    add_column(items, masks.data(), {use.values, use.less}, counts, [sums](const Item&) { return sums; });
  };
  for (const auto& use : block.available) add(use, [](const Item& item) { return item.available; });
  for (const auto& use : block.installed) add(use, [](const Item& item) { return item.installed; });
  for (std::size_t i = 0; i < block.tops.size(); ++i) add_tops(pass, block.tops[i], i, items);
  if (block.heard != nullptr) add_ages(pass, block, items, masks.data());
  if (pass.matrix.empty()) {
    add_figures(pass, *block.keys, items);
  } else {
    count_hardware(pass, *block.keys, items);
  }
}

CAPMAP_INLINE std::size_t bits_in(std::span<const std::uint64_t> words) {
  std::size_t bits = 0;
  for (const auto word : words) bits += static_cast<std::size_t>(std::popcount(word));
  return bits;
}

CAPMAP_INLINE std::uint64_t products_summed(std::span<const std::uint32_t> values, const std::uint32_t* counts, std::size_t from) {
  std::uint64_t all = 0;
  for (auto i = from; i < values.size(); ++i) all += std::uint64_t{values[i]} * counts[i];
  return all;
}

#if defined(__x86_64__)
/// Eight at once: the compiler would widen each number by itself.
__attribute__((target("avx2"), noinline)) std::uint64_t products_summed_avx2(std::span<const std::uint32_t> values,
                                                                             const std::uint32_t* counts) {
  __m256i even = _mm256_setzero_si256(), odd = even;
  std::size_t i = 0;
  for (; i + 8 <= values.size(); i += 8) {
    const __m256i value = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(values.data() + i));
    const __m256i count = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(counts + i));
    even = _mm256_add_epi64(even, _mm256_mul_epu32(value, count));
    odd = _mm256_add_epi64(odd, _mm256_mul_epu32(_mm256_srli_epi64(value, 32), _mm256_srli_epi64(count, 32)));
  }
  alignas(32) std::array<std::uint64_t, kLanes> lanes;
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes.data()), _mm256_add_epi64(even, odd));
  return lanes[0] + lanes[1] + lanes[2] + lanes[3] + products_summed(values, counts, i);
}

__attribute__((target("avx2,bmi,bmi2,popcnt"), noinline)) std::size_t bits_in_avx2(std::span<const std::uint64_t> words) {
  return bits_in(words);
}
__attribute__((target("avx2,bmi,bmi2,popcnt"), noinline)) void sum_avx2(FoldPass& pass, const BlockColumns& block, const FoldItems& items) {
  sum(pass, block, items);
}
bool has_avx2() {
  static const bool has =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
  return has;
}
#endif

}  // namespace

void sum_runs(FoldPass& pass, const BlockColumns& block, const FoldItems& items) {
#if defined(__x86_64__)
  if (has_avx2()) return sum_avx2(pass, block, items);
#endif
  sum(pass, block, items);
}

std::uint64_t sum_of_products(std::span<const std::uint32_t> values, const std::uint32_t* counts) {
#if defined(__x86_64__)
  if (has_avx2()) return products_summed_avx2(values, counts);
#endif
  return products_summed(values, counts, 0);
}

std::size_t count_bits(std::span<const std::uint64_t> words) {
#if defined(__x86_64__)
  if (has_avx2()) return bits_in_avx2(words);
#endif
  return bits_in(words);
}

}  // namespace capmap
