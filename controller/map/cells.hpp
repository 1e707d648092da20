#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controller/map/cell_columns.hpp"
#include "controller/map/cell_runs.hpp"
#include "controller/map/contribution.hpp"

namespace capmap {

/// The cells, kept incrementally: a node's old contribution is taken out and the new one put in. Owned by the map; one thread.
/// What publish() gave away is never written again: the first change of a block after it works on a copy.
class CellTable {
 public:
  CellTable();
  CellSlot add(const CellKey& key, const Contribution& part);
  void remove(CellSlot slot, const Contribution& part);
  /// Replaces what a node adds, and moves it to another cell where its key has changed. Returns where it is now.
  CellSlot change(CellSlot slot, const Contribution& before, const CellKey& key, const Contribution& after);

  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  /// Shares all blocks with a reader. Cost: a pointer a block.
  [[nodiscard]] CellColumns publish();

 private:
  struct KeyHash {
    std::size_t operator()(const CellKey& key) const;
  };
  /// (last-heard boot_ms / slot width of the cell's liveness, nodes), ascending
  using HeardSlots = std::vector<std::pair<std::uint64_t, std::uint32_t>>;
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
  /// Replaces what a node adds to a cell; a Contribution of nothing stands for not being there.
  void shift(CellSlot slot, const Contribution& before, const Contribution& after);
  void shift_heard(CellSlot slot, const Contribution& before, const Contribution& after);
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
  std::vector<CellKey> of_slot_;   ///< [slot]
  std::vector<HeardSlots> heard_;  ///< [slot]
  CellRuns runs_;
  std::unordered_map<CellKey, CellSlot, KeyHash> slots_;
};

}  // namespace capmap
