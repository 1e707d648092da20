#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "controller/map/row_filter.hpp"

namespace capmap {

/// Which nodes of a chunk a reader wants: cells are judged first, each once, so that rows nobody wants are not copied. One reader's, with
/// the map while its question is there: never used by two threads at once.
class NodeSelection {
 public:
  std::optional<std::uint32_t> site;
  std::shared_ptr<const std::vector<std::uint8_t>> sites;  ///< [site] not 0: wanted; what lies beyond its end is not. null: all
  std::optional<Liveness> liveness;
  std::optional<RowFilter> filter;
  /// Only nodes of which the map noted it: it tells which cost nothing to be passed over.
  enum class Noted : std::uint8_t { kNothing, kReturns, kLosses };
  Noted noted = Noted::kNothing;
  std::uint64_t since_boot_ms = 0;    ///< of returns
  std::uint64_t least = 0;            ///< so many returns since then, or lost messages; with kNothing: a clock so many ms off, 0 = any
  std::uint64_t part = 0, parts = 1;  ///< by their ids, which are random: of so many parts that one
  std::uint32_t first_slot = 0;       ///< of the chunk: rows before it are passed over
  std::size_t most = SIZE_MAX;        ///< rows of one answer
  std::uint64_t looked_at = 0;        ///< nodes in cells that were judged so far, wanted or not

  [[nodiscard]] Holds holds(const CellKey& key) const;
  /// Before of_cell(): there are so many slots now; `layout` changes when one of them gets another key (see CellTable::layout).
  void follow(std::uint64_t layout, std::size_t slots);
  /// As holds(), remembered by slot; key_of(slot) is asked once a slot.
  template <class KeyOf>
  Holds of_cell(CellSlot slot, KeyOf key_of) {
    auto& known = by_cell_[slot];
    if (known == kUnjudged) known = static_cast<std::uint8_t>(holds(key_of(slot)));
    return static_cast<Holds>(known);
  }
  /// Whether a node is of the part.
  [[nodiscard]] bool of_part(const NodeId& id) const;
  /// All of it for a row that was copied.
  [[nodiscard]] bool keeps(const NodeRow& row) const;
  /// What is not judged by cells: notes of the map, and the clock.
  [[nodiscard]] bool keeps_noted(const NodeRow& row) const;

 private:
  static constexpr std::uint8_t kUnjudged = 3;
  [[nodiscard]] bool wants_site(std::uint32_t index) const {
    return (!site || index == *site) && (!sites || (index < sites->size() && (*sites)[index] != 0));
  }
  std::vector<std::uint8_t> by_cell_;  ///< [slot] Holds
  std::uint64_t layout_ = 0;
};

}  // namespace capmap
