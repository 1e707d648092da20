#pragma once
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "controller/history/past_cells.hpp"
#include "controller/history/past_names.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// Finds what changed from one view of a map to the next. Blocks of cells are copied before they change, so blocks that are the same
/// object need no look: a country that stands still costs a pointer a block. Pure; one thread; views of one map, in their order.
class CellRecorder {
 public:
  explicit CellRecorder(PastNames names) : names_(std::move(names)) {}

  /// All cells of a view, and the point to count changes from.
  std::vector<PastCell> begin(const MapView& view, std::uint64_t at_unix_ms);
  /// What has changed since the view before, by key. Cost: the blocks that changed.
  std::vector<PastCell> look(const MapView& view, std::uint64_t at_unix_ms);

  [[nodiscard]] PastNames& names() { return names_; }
  [[nodiscard]] const PastNames& names() const { return names_; }

 private:
  struct Numbers {
    std::vector<std::uint32_t> sites, pools, hardware;
  };
  [[nodiscard]] static PastKey key_of(const CellKeys& keys, std::size_t i, const Numbers& numbers);
  void name(const MapView& view, std::uint64_t at_unix_ms);

  PastNames names_;
  /// Of the view before: what is compared, and no column of sums, which would be kept from being freed.
  struct Block {
    std::shared_ptr<const CellKeys> keys;
    CellColumn<std::uint32_t> unhealthy;
  };
  static Block block_of(const CellColumns& cells, std::size_t block);
  std::vector<Block> before_;
  Numbers numbers_, numbers_before_;  ///< a row of hardware may mean something else by the next view
  std::shared_ptr<const Dictionaries> named_;
};

}  // namespace capmap
