#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "controller/map/cell_columns.hpp"
#include "controller/map/cell_runs.hpp"
#include "controller/map/contribution.hpp"
#include "controller/map/dense_index.hpp"
#include "controller/map/heard_slots.hpp"

namespace capmap {

/// What many nodes of one cell that stay in it change together: see CellTable::shift_sums.
struct CellShift {
  static constexpr std::size_t kMostFrom = 4;
  std::array<std::int64_t, kCellSumCount> sums{};  ///< each known before and after
  std::uint64_t heard_ms = 0;                      ///< when all of them were heard now
  std::uint32_t heard_nodes = 0;
  std::array<std::pair<std::uint64_t, std::uint32_t>, kMostFrom> heard_from{};  ///< (heard before, nodes)
  std::size_t from_count = 0;
  std::int64_t heard_sum = 0;  ///< of now minus before

  /// False when there is no room for another time: hand over what there is first.
  bool hear(std::uint64_t before_ms) {
    std::size_t i = from_count;
    while (i > 0 && heard_from[i - 1].first != before_ms) --i;
    if (i == 0) {
      if (from_count == kMostFrom) return false;
      heard_from[from_count++] = {before_ms, 0};
      i = from_count;
    }
    ++heard_from[i - 1].second;
    ++heard_nodes;
    heard_sum += static_cast<std::int64_t>(heard_ms - before_ms);
    return true;
  }
};

/// The cells, kept incrementally: a node's old contribution is taken out and the new one put in. Owned by the map; one thread.
/// What publish() gave away is never written again: the first change of a block after it works on a copy.
class CellTable {
 public:
  CellTable();
  CellSlot add(const CellKey& key, const Contribution& part);
  void remove(CellSlot slot, const Contribution& part);
  /// Replaces what a node adds, and moves it to another cell where its key has changed. Returns where it is now.
  CellSlot change(CellSlot slot, const Contribution& before, const CellKey& key, const Contribution& after);
  /// The same for one whose key is what it was.
  void update(CellSlot slot, const Contribution& before, const Contribution& after) { shift(slot, Node::kStays, before, after); }

  // cells_batch.cpp
  /// Many nodes of one cell at once: sums and times of hearing. None of them leaves the cell, or comes to know or forgets a reading.
  void shift_sums(CellSlot slot, const CellShift& by);
  /// Moves one of them between buckets; only buckets and what they are made from is looked at.
  void shift_free(CellSlot slot, const Contribution& before, const Contribution& after);

  [[nodiscard]] std::size_t size() const { return cells_; }
  [[nodiscard]] CellKey key(CellSlot slot) const { return keys_.all[slot / kBlockCells]->key(slot % kBlockCells); }
  [[nodiscard]] std::size_t slot_count() const { return slots_; }
  /// Grows whenever a slot gets a key: what was remembered by slot holds while it stays.
  [[nodiscard]] std::uint64_t layout() const { return layout_; }
  /// Shares all blocks with a reader. Cost: a pointer a block.
  [[nodiscard]] CellColumns publish();

 private:
  static std::size_t hash_of(const CellKey& key);
  [[nodiscard]] auto hash_of_slot() const {
    return [this](CellSlot slot) { return hash_of(key(slot)); };
  }
  /// When a node of a cell was heard, in stretches of the width of the cell's liveness.
  static std::uint32_t heard_slot(std::uint64_t heard_ms, std::uint64_t width_ms) {
    return static_cast<std::uint32_t>(heard_ms / width_ms);  // 5 s each: centuries
  }
  template <class Block>
  struct Blocks {
    std::vector<std::shared_ptr<Block>> all;
    std::vector<std::uint32_t> written;  ///< generation of the last change
  };

  template <class Block>
  Block& writable(Blocks<Block>& blocks, std::size_t index);
  template <class Column, class Written>
  auto& writable(Column& column, Written& written, CellSlot slot);
  std::uint64_t& wide(CellSlot slot, std::size_t column);
  std::uint32_t& narrow(CellSlot slot, std::size_t column);
  void set_sum(CellSlot slot, std::size_t column, std::uint64_t value);
  CellSlot take_slot(std::uint32_t site);
  enum class Node : std::uint8_t { kComes, kStays, kGoes };
  /// Replaces what a node adds to a cell; a Contribution of nothing stands for not being there. One that comes is among the cell's nodes
  /// already, one that goes still is.
  void shift(CellSlot slot, Node node, const Contribution& before, const Contribution& after);
  /// How many nodes are in a sum: one that was, or was not, now is or is not.
  void shift_known(CellSlot slot, Node node, std::size_t column, bool was, bool is);
  void shift_heard(CellSlot slot, const Contribution& before, const Contribution& after);
  [[nodiscard]] std::uint64_t heard_width_ms(CellSlot slot) const {
    return kHeardSlotMs[static_cast<std::size_t>(liveness_of(keys_.all[slot / kBlockCells]->state[slot % kBlockCells]))];
  }
  /// Writes when the oldest was heard, where that is another time.
  void find_oldest(CellSlot slot, std::uint64_t width_ms);
  void shift_histograms(CellSlot slot, const Contribution& before, const Contribution& after);
  void check_empty(CellSlot slot) const;

  Blocks<CellKeys> keys_;
  std::vector<CellSums> sums_;
  /// [block][column] generation of the last change
  std::vector<std::array<std::uint32_t, kWideCount>> wide_written_;
  std::vector<std::array<std::uint32_t, kNarrowColumns>> narrow_written_;
  std::vector<std::array<std::uint32_t, kHistogramCount>> tops_written_;
  std::vector<std::uint8_t> known_stale_;  ///< [block] nodes or known nodes have changed since it was published
  Blocks<CellHistograms> histograms_;
  std::uint32_t generation_ = 1;
  std::uint64_t layout_ = 0;
  std::size_t slots_ = 0;  ///< that have ever been taken
  HeardSlots heard_;       ///< [slot]
  CellRuns runs_;
  DenseIndex index_;  ///< key to slot
  std::size_t cells_ = 0;
};

}  // namespace capmap
