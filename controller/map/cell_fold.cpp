#include "controller/map/cell_fold.hpp"

#include <algorithm>
#include <bit>
#include <memory>
#include <span>
#include <utility>

#include "controller/map/fold_items.hpp"
#include "controller/map/hardware_fold.hpp"
#include "controller/map/selection.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kFewNumbers = 4'096;                                                    ///< each gets a place of its own
constexpr std::uint64_t kFewBits = std::uint64_t{1} << 23, kMostBits = std::uint64_t{1} << 26;  ///< numbers that are noted as bits
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
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

class Fold {
 public:
  Fold(const CellColumns& cells, const Dictionaries& dictionaries, const CellFilter* filter, const Measures& measures,
       const Grouping& grouping, FoldPart part)
      : cells_(cells),
        filter_(filter),
        grouping_(grouping),
        out_(measures, part),
        hardware_(out_, dictionaries.figures(), grouping),
        selection_(filter, grouping, dictionaries, !hardware_.counts_only()) {
    const auto pointer = [](const auto& values) { return values.empty() ? nullptr : values.data(); };
    pass_.site_add = pointer(grouping.adds(Domain::kSite));
    pass_.site_class = pointer(selection_.site_class);
    pass_.pool_row = pointer(selection_.pool_row);
    pass_.pool_add = pointer(grouping.adds(Domain::kPool));
    if (!selection_.by_code || pass_.pool_add != nullptr) pass_.hardware_add = pointer(grouping.adds(Domain::kHardware));
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
    by_cell_ = pass_.code_add.size() > 1 || pass_.hardware_add != nullptr || pass_.pool_add != nullptr;
  }

  Folded run(std::size_t first, std::size_t limit) {
    if (hardware_.counts_only()) {
      count_all(first, limit);
    } else if (grouping_.space() <= (pass_.hardware_add == nullptr ? kFewNumbers : std::min(kFewNumbers, std::uint64_t{limit}))) {
      fold_all(first, limit);
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
    hardware_.make_room(places);
    if (!by_cell_ || pass_.kind == PassKind::kSeen) return;
    pass_.places = places;
    const auto cell_places = pass_.cell_places();
    pass_.cell_sums.assign(cell_places * pass_.slots * 2, 0);
    pass_.cell_tops.assign(cell_places * pass_.top_slots, 0);
    if (!out_.plan.age) return;
    const auto oldest = pass_.cell_sums.begin() + static_cast<std::ptrdiff_t>(pass_.oldest_slot * 2 * cell_places);
    std::fill(oldest, oldest + static_cast<std::ptrdiff_t>(2 * cell_places), UINT64_MAX);
  }

  /// Puts what single cells have added to what runs have.
  void gather_cells() {
    const auto places = pass_.places;
    for (std::size_t slot = 0; slot < pass_.slots; ++slot) {
      const auto* const even = pass_.cell_sums.data() + slot * 2 * pass_.cell_places();
      const auto* const odd = even + pass_.cell_places();
      const bool least = out_.plan.age && slot == pass_.oldest_slot;
      for (std::size_t place = 0; place < places; ++place) {
        auto& sum = pass_.sums[place * pass_.slots + slot].of[0];
        sum = least ? std::min({sum, even[place], odd[place]}) : sum + even[place] + odd[place];
      }
    }
    for (std::size_t slot = 0; slot < pass_.top_slots; ++slot) {
      for (std::size_t place = 0; place < places; ++place) {
        auto& top = pass_.tops[place * pass_.top_slots + slot].of[0];
        top = std::max(top, pass_.cell_tops[slot * pass_.cell_places() + place]);
      }
    }
  }

  void pass_over_blocks() {
    BlockColumns block;
    ColumnBlock<std::uint32_t> scratch;
    alignas(64) std::array<std::uint8_t, kBlockCells> keep;
    for (std::size_t i = 0; i < cells_.block_count(); ++i) {
      out_.plan.use_columns(cells_.keys(i), cells_.sums(i), scratch, block);
      if (out_.plan.devices()) block.keys = &counting_devices(*block.keys, cells_.sums(i));
      if (selection_.judge_cells) {
        filter_->judge(*block.keys, keep);
        block.keep = keep.data();
      }
      fold_block(pass_, block, *items_);
    }
    if (pass_.places > 0) gather_cells();
  }

  /// The cells with their used or free devices in place of their nodes.
  const CellKeys& counting_devices(const CellKeys& keys, const CellSums& sums) {
    if (!devices_) devices_ = std::make_unique<CellKeys>();
    *devices_ = keys;
    const auto& counts = sums.count(out_.plan.part == FoldPart::kUsedDevices ? kCountUsed : kCountFree);
    std::ranges::copy(counts, devices_->nodes.begin());
    return *devices_;
  }

  void fold_all(std::size_t first, std::size_t limit) {
    pass_.kind = PassKind::kAll;
    const auto places = grouping_.space() + 1;
    make_room(places);
    pass_.seen.resize(places + kNowherePlaces);
    if (hardware_.by_matrix()) {
      hardware_.ask_for_matrix(pass_);
    } else {
      hardware_.ask_for_places(pass_);
    }
    pass_over_blocks();
    hardware_.take(pass_, [](std::uint64_t number) { return static_cast<std::uint32_t>(number + 1); });
    add_total(places);
    want_seen(first, limit);
  }

  void prepare_notes() {
    pass_.kind = PassKind::kSeen;
    pass_.by_bits = grouping_.space() <= (pass_.hardware_add == nullptr ? kFewBits : kMostBits);
    if (pass_.by_bits) pass_.bits.resize((grouping_.space() >> 6) + 1);
    make_room(1);
  }

  /// Which groups there are, and the total.
  void note_numbers() {
    prepare_notes();
    hardware_.ask_for_total(pass_);
    pass_over_blocks();
    hardware_.take_total(pass_);
    if (!pass_.by_bits) sort_numbers(pass_.met, grouping_.space());
  }

  /// Nothing but hardware is asked for: one pass over the cells counts it, the rest is done with the counts.
  void count_all(std::size_t first, std::size_t limit) {
    prepare_notes();
    pass_.count_only = true;
    hardware_.ask_for_matrix(pass_);
    pass_over_blocks();
    hardware_.note_counted(pass_);
    if (!pass_.by_bits) sort_numbers(pass_.met, grouping_.space());
    want_noted(first, limit);
    rank_window();
    hardware_.take(pass_, [this](std::uint64_t number) {
      return out_.numbers.empty() || number < pass_.first || number > pass_.last ? 0 : pass_.place_in_window(number);
    });
  }

  /// Gives the wanted numbers places in their order.
  void rank_window() {
    pass_.kind = PassKind::kWindow;
    make_room(out_.numbers.size() + 1);
    for (std::uint32_t place = 1; place <= out_.numbers.size(); ++place) out_.places.push_back(place);
    if (out_.numbers.empty()) return;
    pass_.first = out_.numbers.front();
    pass_.last = out_.numbers.back();
    if (!pass_.by_bits) {
      pass_.met = out_.numbers;
      return;
    }
    pass_.first_word = pass_.first >> 6;
    const auto below = pass_.bits[pass_.first_word] & ((std::uint64_t{1} << (pass_.first & 63)) - 1);
    auto before = std::uint32_t{0} - static_cast<std::uint32_t>(std::popcount(below));
    for (auto word = pass_.first_word; word <= pass_.last >> 6; ++word) {
      pass_.rank.push_back(before);
      if (pass_.bits[word] != 0) before += static_cast<std::uint32_t>(std::popcount(pass_.bits[word]));
    }
  }

  void fold_window() {
    rank_window();
    hardware_.ask_for_places(pass_);
    const auto& adds = grouping_.adds(Domain::kHardware);
    if (pass_.hardware_add != nullptr) {
      const auto most_below = grouping_.most(Domain::kSite) + grouping_.most(Domain::kPool) + grouping_.most(Domain::kState);
      selection_.narrow(pass_.residuals, adds.size(),
                        [&](std::size_t i) { return adds[i] <= pass_.last && adds[i] + most_below >= pass_.first; });
    }
    pass_over_blocks();
    hardware_.take(pass_, [](std::uint64_t) { return 0U; });
  }

  /// Of all groups that were seen the wanted ones.
  void want_seen(std::size_t first, std::size_t limit) {
    for (std::uint32_t place = 1; place <= grouping_.space(); ++place) {
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
    constexpr std::size_t kStep = 64;
    for (std::size_t word = 0; word < pass_.bits.size(); word += kStep) {
      const std::span<const std::uint64_t> words(pass_.bits.data() + word, std::min(kStep, pass_.bits.size() - word));
      const auto count = count_bits(words);
      if (out_.group_count + count > first && out_.numbers.size() < limit) want_some(word, words, first, limit);
      out_.group_count += count;
    }
  }

  void want_some(std::size_t word, std::span<const std::uint64_t> words, std::size_t first, std::size_t limit) {
    auto rank = out_.group_count;
    for (auto bits : words) {
      for (; bits != 0; bits &= bits - 1, ++rank) {
        if (rank >= first && out_.numbers.size() < limit) out_.numbers.push_back(word << 6 | static_cast<unsigned>(std::countr_zero(bits)));
      }
      ++word;
    }
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
      hardware_.add_to_total(place);
    }
  }

  const CellColumns& cells_;
  const CellFilter* filter_;
  const Grouping& grouping_;
  Folded out_;
  HardwareFold hardware_;
  Selection selection_;
  FoldPass pass_;
  bool by_cell_ = false;  ///< cells of a run may be of several groups
  std::unique_ptr<CellKeys> devices_;
  std::unique_ptr<FoldItems> items_ = std::make_unique<FoldItems>();
};

}  // namespace

Folded fold_cells(const CellColumns& cells, const Dictionaries& dictionaries, const CellFilter* filter, const Measures& measures,
                  const Grouping& grouping, std::size_t first, std::size_t limit, FoldPart part) {
  return Fold(cells, dictionaries, filter, measures, grouping, part).run(first, limit);
}

}  // namespace capmap
