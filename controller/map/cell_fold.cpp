#include "controller/map/cell_fold.hpp"

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

#include "controller/map/fold_items.hpp"
#include "controller/map/selection.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kFewNumbers = 4'096;                 ///< each gets a place of its own
constexpr std::uint64_t kMostBits = std::uint64_t{1} << 23;  ///< numbers that are noted as bits
constexpr std::uint64_t kMatrixEntries = std::uint64_t{1} << 21;
static_assert(kFewNumbers <= kMostWanted);

/// Ascending, each once. The numbers are below `space`.
void sort_numbers(std::vector<std::uint64_t>& numbers, std::uint64_t space) {
  constexpr unsigned kDigitBits = 11;
  constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
  std::vector<std::uint64_t> other(numbers.size());
  for (unsigned shift = 0; shift < 64 && space >> shift != 0; shift += kDigitBits) {
    std::vector<std::size_t> first(kDigits + 1);
    for (const auto number : numbers) ++first[(number >> shift) % kDigits + 1];
    for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
    for (const auto number : numbers) other[first[(number >> shift) % kDigits]++] = number;
    numbers.swap(other);
  }
  const auto repeated = std::ranges::unique(numbers);
  numbers.erase(repeated.begin(), repeated.end());
}

class Fold {
 public:
  Fold(const CellColumns& cells, const Dictionaries& dictionaries, const CellFilter* filter, const Measures& measures,
       const Grouping& grouping)
      : cells_(cells),
        figures_(dictionaries.figures()),
        filter_(filter),
        grouping_(grouping),
        selection_(filter, grouping, dictionaries),
        out_(measures) {
    const auto pointer = [](const auto& values) { return values.empty() ? nullptr : values.data(); };
    pass_.site_add = pointer(grouping.adds(Domain::kSite));
    pass_.site_class = pointer(selection_.site_class);
    pass_.pool_add = pointer(grouping.adds(Domain::kPool));
    if (!selection_.by_code) pass_.hardware_add = pointer(grouping.adds(Domain::kHardware));
    const auto& state_add = grouping.adds(Domain::kState);
    for (std::size_t state = 0; state < pass_.states.size(); ++state) {
      pass_.states[state] = out_.plan.facts_of(state);
      pass_.states[state].row = selection_.state_row[state];
      if (!state_add.empty()) pass_.states[state].add = state_add[state];
    }
    pass_.residuals = selection_.residuals;
    pass_.rows = selection_.rows;
    pass_.code_add = selection_.code_add;
    pass_.most_above = grouping.most(Domain::kHardware) + grouping.most(Domain::kPool);
    pass_.slots = out_.slots = out_.plan.slots;
    pass_.top_slots = out_.top_slots = out_.plan.tops.size();
    pass_.heard_slot = out_.plan.heard_slot;
    pass_.oldest_slot = out_.plan.oldest_slot;
    pass_.count_nodes = out_.plan.nodes || out_.plan.installed;
    pass_.hardware_count = figures_.rows;
    hardware_ = out_.plan.hardware();
  }

  Folded run(std::size_t first, std::size_t limit) {
    if (grouping_.space() <= kFewNumbers) {
      fold_all();
      want_seen(first, limit);
    } else {
      note_numbers();
      want_noted(first, limit);
      if (!out_.numbers.empty()) fold_window();
    }
    out_.sums = std::move(pass_.sums);
    out_.tops = std::move(pass_.tops);
    return std::move(out_);
  }

 private:
  /// Room for the sums of some places; what is there stays.
  void make_room(std::size_t places) {
    const auto before = pass_.slots == 0 ? places : pass_.sums.size() / pass_.slots;
    pass_.sums.resize(places * pass_.slots);
    pass_.tops.resize(places * pass_.top_slots);
    for (auto place = before; out_.plan.age && place < places; ++place) {
      pass_.sums[place * pass_.slots + pass_.oldest_slot].of.fill(UINT64_MAX);
    }
    if (!hardware_) return;
    out_.figure_low.resize(places * out_.plan.figures.size());
    out_.figure_high.resize(places * out_.plan.figures.size());
    if (out_.plan.models) out_.models.resize(places * figures_.models.size());
    if (out_.plan.reasons) out_.reasons.resize(places * figures_.reasons.size());
  }

  void pass_over_blocks() {
    BlockColumns block;
    ColumnBlock<std::uint32_t> scratch;
    alignas(64) std::array<std::uint8_t, kBlockCells> keep;
    for (std::size_t i = 0; i < cells_.block_count(); ++i) {
      out_.plan.use_columns(cells_.keys(i), cells_.sums(i), scratch, block);
      if (selection_.judge_cells) {
        filter_->judge(*block.keys, keep);
        block.keep = keep.data();
      }
      fold_block(pass_, block, *items_);
    }
  }

  void fold_all() {
    pass_.kind = PassKind::kAll;
    const auto places = grouping_.space() + 1;
    make_room(places);
    pass_.seen.resize(places);
    std::vector<std::uint32_t> site_rows;
    const bool matrix = hardware_ && pass_.pool_add == nullptr && grouping_.row_space() * figures_.rows <= kMatrixEntries;
    if (matrix) {
      pass_.matrix.resize(grouping_.row_space() * figures_.rows);
      site_rows = grouping_.row_adds(Domain::kSite);
      pass_.matrix_row = site_rows.empty() ? nullptr : site_rows.data();
      const auto state_rows = grouping_.row_adds(Domain::kState);
      for (std::size_t state = 0; state < state_rows.size(); ++state) pass_.states[state].matrix_add = state_rows[state];
    }
    pass_.list_hardware = hardware_ && !matrix;
    pass_over_blocks();
    if (matrix) spread_matrix();
    spread_listed();
    add_total(places);
  }

  /// Which groups there are, and the total.
  void note_numbers() {
    pass_.kind = PassKind::kSeen;
    pass_.by_bits = grouping_.space() <= kMostBits;
    if (pass_.by_bits) pass_.bits.resize((grouping_.space() >> 6) + 1);
    make_room(1);
    if (hardware_) pass_.matrix.resize(figures_.rows);
    pass_over_blocks();
    for (std::size_t row = 0; hardware_ && row < figures_.rows; ++row) add_hardware(0, row, pass_.matrix[row]);
    pass_.matrix.clear();
    if (!pass_.by_bits) sort_numbers(pass_.met, grouping_.space());
  }

  void fold_window() {
    pass_.kind = PassKind::kWindow;
    pass_.first = out_.numbers.front();
    pass_.last = out_.numbers.back();
    pass_.list_hardware = hardware_;
    if (pass_.by_bits) {
      pass_.first_word = pass_.first >> 6;
      const auto below = pass_.bits[pass_.first_word] & ((std::uint64_t{1} << (pass_.first & 63)) - 1);
      auto before = std::uint32_t{0} - static_cast<std::uint32_t>(std::popcount(below));
      for (auto word = pass_.first_word; word <= pass_.last >> 6; ++word) {
        pass_.rank.push_back(before);
        before += static_cast<std::uint32_t>(std::popcount(pass_.bits[word]));
      }
    } else {
      pass_.met = out_.numbers;
    }
    make_room(out_.numbers.size() + 1);
    pass_over_blocks();
    spread_listed();
    for (std::uint32_t place = 1; place <= out_.numbers.size(); ++place) out_.places.push_back(place);
  }

  /// Of all groups that were seen the wanted ones.
  void want_seen(std::size_t first, std::size_t limit) {
    for (std::uint32_t place = 1; place < pass_.seen.size(); ++place) {
      if (pass_.seen[place] == 0) continue;
      if (out_.group_count >= first && out_.group_count - first < limit) {
        out_.numbers.push_back(place - 1);
        out_.places.push_back(place);
      }
      ++out_.group_count;
    }
  }

  void want_noted(std::size_t first, std::size_t limit) {
    if (!pass_.by_bits) {
      out_.group_count = pass_.met.size();
      const auto begin = std::min(first, pass_.met.size()), end = begin + std::min(limit, pass_.met.size() - begin);
      out_.numbers.assign(pass_.met.begin() + static_cast<std::ptrdiff_t>(begin), pass_.met.begin() + static_cast<std::ptrdiff_t>(end));
      return;
    }
    for (std::size_t word = 0; word < pass_.bits.size(); ++word) {
      const auto count = static_cast<std::size_t>(std::popcount(pass_.bits[word]));
      const bool wanted = out_.group_count + count > first && out_.numbers.size() < limit;
      auto rank = out_.group_count;
      for (auto bits = pass_.bits[word]; wanted && bits != 0; bits &= bits - 1, ++rank) {
        if (rank >= first && out_.numbers.size() < limit) out_.numbers.push_back(word << 6 | static_cast<unsigned>(std::countr_zero(bits)));
      }
      out_.group_count += count;
    }
  }

  void add_hardware(std::size_t place, std::size_t row, std::uint64_t nodes) {
    if (nodes == 0) return;
    const auto count = out_.plan.figures.size();
    for (std::size_t k = 0; k < count; ++k) {
      const auto& column = figures_.columns[out_.plan.figures[k]];
      if (!column.low.empty()) out_.figure_low[place * count + k] += column.low[row] * nodes;
      if (!column.high.empty()) out_.figure_high[place * count + k] += column.high[row] * nodes;
    }
    const auto& words = figures_.words[row];
    if (out_.plan.models) {
      for (const auto& [model, devices] : words.models) out_.models[place * figures_.models.size() + model] += devices * nodes;
    }
    if (out_.plan.reasons) {
      for (const auto& [reason, parts] : words.reasons) out_.reasons[place * figures_.reasons.size() + reason] += parts * nodes;
    }
  }

  void spread_matrix() {
    const auto& adds = grouping_.adds(Domain::kHardware);
    for (std::uint64_t row = 0; row < grouping_.row_space(); ++row) {
      const auto place = grouping_.number_of_row(row) + 1;
      const auto* const counts = pass_.matrix.data() + row * figures_.rows;
      for (std::size_t hardware = 0; hardware < figures_.rows; ++hardware) {
        if (counts[hardware] != 0) add_hardware(adds.empty() ? place : place + adds[hardware], hardware, counts[hardware]);
      }
    }
  }

  void spread_listed() {
    for (const auto& cell : pass_.listed) add_hardware(cell.place, cell.hardware, cell.nodes);
  }

  void add_total(std::size_t places) {
    for (std::size_t place = 1; place < places; ++place) {
      if (pass_.seen[place] == 0) continue;
      for (std::size_t slot = 0; slot < pass_.slots; ++slot) {
        auto& total = pass_.sums[slot];
        const auto& group = pass_.sums[place * pass_.slots + slot];
        const bool least = out_.plan.age && slot == pass_.oldest_slot;
        for (std::size_t i = 0; i < total.of.size(); ++i) {
          total.of[i] = least ? std::min(total.of[i], group.of[i]) : total.of[i] + group.of[i];
        }
      }
      for (std::size_t slot = 0; slot < pass_.top_slots; ++slot) {
        auto& total = pass_.tops[slot].of[0];
        total = std::max(total, std::ranges::max(pass_.tops[place * pass_.top_slots + slot].of));
      }
      const auto add = [place](std::vector<std::uint64_t>& values, std::size_t count) {
        for (std::size_t k = 0; !values.empty() && k < count; ++k) values[k] += values[place * count + k];
      };
      add(out_.figure_low, out_.plan.figures.size());
      add(out_.figure_high, out_.plan.figures.size());
      add(out_.models, figures_.models.size());
      add(out_.reasons, figures_.reasons.size());
    }
  }

  const CellColumns& cells_;
  const HardwareFigures& figures_;
  const CellFilter* filter_;
  const Grouping& grouping_;
  Selection selection_;
  FoldPass pass_;
  std::unique_ptr<FoldItems> items_ = std::make_unique<FoldItems>();
  bool hardware_ = false;
  Folded out_;
};

}  // namespace

Folded fold_cells(const CellColumns& cells, const Dictionaries& dictionaries, const CellFilter* filter, const Measures& measures,
                  const Grouping& grouping, std::size_t first, std::size_t limit) {
  return Fold(cells, dictionaries, filter, measures, grouping).run(first, limit);
}

}  // namespace capmap
