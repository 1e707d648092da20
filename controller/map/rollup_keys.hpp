#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/map/rollup.hpp"

namespace capmap {

/// Text of one dimension of a cell; "" = not declared or not known.
std::string dimension_text(Dimension dimension, const MapView& view, const CellKey& key);

/// Numbers the groups of a rollup. Texts are made once for each site, hardware row or state, then cells are told apart by numbers.
/// Lives for one fold; borrows the view.
class GroupKeys {
 public:
  GroupKeys(const MapView& view, const std::vector<Dimension>& by);
  /// The group a cell belongs to, 0, 1, 2, … in the order first seen.
  std::uint32_t group_of(const CellKey& key);
  [[nodiscard]] std::size_t size() const { return texts_.size(); }
  /// [dimension] of a group.
  [[nodiscard]] const std::vector<std::string>& texts(std::uint32_t group) const { return texts_[group]; }

 private:
  struct Column {
    Dimension dimension;
    std::vector<std::uint32_t> codes;  ///< [what the dimension depends on] -> number of its text + 1; 0 = not asked yet
    std::unordered_map<std::string, std::uint32_t> numbers;
    std::vector<std::string> texts;
  };
  /// (group of the columns before, code of this one) -> group; the last one kept at hand because neighbours are alike.
  struct Join {
    std::unordered_map<std::uint64_t, std::uint32_t> groups;
    std::uint64_t last_pair = UINT64_MAX;
    std::uint32_t last_group = 0;
  };
  std::uint32_t code(Column& column, const CellKey& key);

  const MapView& view_;
  std::vector<Column> columns_;
  std::vector<Join> joins_;  ///< [column]
  std::vector<std::vector<std::string>> texts_;
};

}  // namespace capmap
