#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "controller/map/filter.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// The text of a node's dimension (see is_node_dimension); empty: not known, or it has no such label.
std::string_view node_text(const NodeRow& row, std::string_view dimension);

/// Where a row stands in the domains that cells are told by.
CellFilter::Indexes indexes_of(const CellKey& key);
CellFilter::Indexes indexes_of(const NodeRow& row);

/// What a condition says of a node as far as one looks.
enum class Holds : std::uint8_t { kNo, kYes, kAsk };  ///< kAsk: that depends on what only the node says

/// A condition that speaks of cells, of nodes, or of both; held against the dictionaries of one view. Borrows nothing; any thread.
class RowFilter {
 public:
  RowFilter(const FilterNode& filter, const Dictionaries& dictionaries);
  /// Of all nodes of a cell.
  [[nodiscard]] Holds holds(const CellFilter::Indexes& indexes) const { return judge(root_, indexes, nullptr); }
  [[nodiscard]] bool keeps(const NodeRow& row) const { return judge(root_, indexes_of(row), &row) == Holds::kYes; }

 private:
  struct Part {
    FilterNode::Kind kind = FilterNode::Kind::kTest;
    std::vector<Part> parts;
    std::optional<CellFilter> cells;  ///< of a part that asks cells alone
    FilterNode test;                  ///< else of a node's text
  };
  static Part compile(const FilterNode& node, const Dictionaries& dictionaries);
  static Holds judge(const Part& part, const CellFilter::Indexes& indexes, const NodeRow* row);

  Part root_;
};

}  // namespace capmap
