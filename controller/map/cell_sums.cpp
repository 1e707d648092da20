// The second half of the inner loop where cells of one run are of several groups: columns are added cell by cell, place by place.
#include <algorithm>

#include "controller/map/fold_items.hpp"

namespace capmap {
namespace {

#define CAPMAP_INLINE inline __attribute__((always_inline))

/// The sums of a slot. Cells take turns in two of them: neighbours are mostly of the same place.
struct Sums {
  std::uint64_t *even = nullptr, *odd = nullptr;
  Sums(FoldPass& pass, std::size_t slot) : even(pass.cell_sums.data() + slot * 2 * pass.cell_places()), odd(even + pass.cell_places()) {}
};

/// add(place, at, whether the odd sums have their turn) for each cell.
template <class Add>
CAPMAP_INLINE void each_cell(const SplitRuns& runs, Add add) {
  for (std::size_t k = 0; k < runs.count; ++k) {
    const auto* const places = runs.places[k].data();
    const std::size_t first = runs.at[k];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kRunCells; ++i) add(places[i], first + i, i % 2 != 0);
  }
}

template <class ValueOf>
CAPMAP_INLINE void add_each(const SplitRuns& runs, Sums sums, ValueOf value_of) {
  each_cell(
      runs, [=](std::uint32_t place, std::size_t at, bool odd)
                __attribute__((always_inline)) { (odd ? sums.odd : sums.even)[place] += value_of(at); });
}

void add_column(FoldPass& pass, const SplitRuns& runs, const ColumnUse& use) {
  if (use.less == nullptr) {
    add_each(runs, {pass, use.slot}, [values = use.values](std::size_t at) { return values[at]; });
  } else {
    add_each(runs, {pass, use.slot}, [&use](std::size_t at) { return use.values[at] - use.less[at]; });
  }
}

/// What is in use and what is free stand together: where a cell goes is looked up once for both.
void add_columns(FoldPass& pass, const SplitRuns& runs, const std::vector<ColumnUse>& columns) {
  std::size_t i = 0;
  for (; i + 2 <= columns.size() && columns[i].less == nullptr && columns[i + 1].less == nullptr; i += 2) {
    const Sums one{pass, columns[i].slot}, other{pass, columns[i + 1].slot};
    const auto *const ones = columns[i].values, *const others = columns[i + 1].values;
    each_cell(
        runs, [=](std::uint32_t place, std::size_t at, bool odd) __attribute__((always_inline)) {
          (odd ? one.odd : one.even)[place] += ones[at];
          (odd ? other.odd : other.even)[place] += others[at];
        });
  }
  for (; i < columns.size(); ++i) add_column(pass, runs, columns[i]);
}

void add_nodes(FoldPass& pass, const CellKeys& keys, const SplitRuns& runs) {
  for (std::size_t k = 0; k < runs.count; ++k) {
    if (runs.nodes_slot[k] < 0) continue;
    auto* const sums = Sums(pass, static_cast<std::size_t>(runs.nodes_slot[k])).even;
    const auto* const nodes = keys.nodes.data() + runs.at[k];
    for (std::size_t i = 0; i < kRunCells; ++i) sums[runs.places[k][i]] += nodes[i];
  }
}

void add_ages(FoldPass& pass, const BlockColumns& block, const SplitRuns& runs) {
  add_each(runs, {pass, pass.heard_slot}, [heard = block.heard](std::size_t at) { return heard[at]; });
  auto* const oldest = Sums(pass, pass.oldest_slot).even;
  each_cell(runs, [=, ms = block.oldest](std::uint32_t place, std::size_t at, bool) { oldest[place] = std::min(oldest[place], ms[at]); });
}

void add_figures(FoldPass& pass, const CellKeys& keys, const SplitRuns& runs) {
  const auto count = pass.figures.size();
  for (std::size_t which = 0; which < count; ++which) {
    const auto* const figure = pass.figures[which];
    auto* const sums = pass.figure_sums.data() + which;
    each_cell(
        runs, [ =, &keys ](std::uint32_t place, std::size_t at, bool)
                  __attribute__((always_inline)) { sums[place * count] += figure[keys.hardware[at]] * std::uint64_t{keys.nodes[at]}; });
  }
}

}  // namespace

void sum_cells(FoldPass& pass, const BlockColumns& block, const FoldItems& items) {
  if (items.available.count + items.others.count == 0) return;  // then there may be no places for single cells at all
  add_columns(pass, items.available, block.available);
  for (std::size_t slot = 0; slot < block.tops.size(); ++slot) {
    auto* const places = pass.cell_tops.data() + slot * pass.cell_places();
    each_cell(items.available, [places, tops = block.tops[slot]](std::uint32_t place, std::size_t at, bool) {
      places[place] = std::max(places[place], tops[at]);
    });
  }
  for (const auto* const runs : {&items.available, &items.others}) {
    if (runs->count == 0) continue;
    for (const auto& use : block.installed) add_column(pass, *runs, use);
    if (pass.count_nodes) add_nodes(pass, *block.keys, *runs);
    if (block.heard != nullptr) add_ages(pass, block, *runs);
    if (pass.matrix.empty()) add_figures(pass, *block.keys, *runs);
  }
}

}  // namespace capmap
