// Nodes ascending by where they stand and as what they count, for statements that group by it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "controller/sql/node_walk.hpp"
#include "controller/sql/sql_value.hpp"

namespace capmap {

/// What a column of a node is a function of.
enum class PlaceDomain : std::uint8_t { kNone, kSite, kPool, kHardware, kState };

/// A column that rows can ascend by: a text, or null, that its domain alone decides.
struct PlaceOrder {
  PlaceDomain domain = PlaceDomain::kNone;
  std::function<void(const NodeAt& at, SqlValue& out)> put;
};

/// Walks once through all nodes, keeps of each its place (24 bytes), and hands the places on ascending by the columns. Of a row that it
/// hands on, only what a CellKey and `counted` tell is filled. Borrows the scene.
class OrderedPlaces {
 public:
  /// Whether so many nodes, ordered by as many values, are within what a statement may hold.
  static bool fits(const SqlScene& scene, std::span<const PlaceDomain> domains);

  OrderedPlaces(const SqlScene& scene, NodeWalk walk, std::span<const PlaceOrder> order);
  /// False: there are no more, or failed() tells why.
  bool next();
  [[nodiscard]] const std::optional<Error>& failed() const { return walk_.failed(); }
  [[nodiscard]] NodeAt at() const { return {.brief = &brief_}; }
  [[nodiscard]] std::int64_t row() const { return static_cast<std::int64_t>(next_); }

 private:
  struct Place {
    CellKey key;
    bool counted = false;
    std::uint32_t rank = 0;
  };
  /// [index in the domain] the rank of the column's value among all of its values.
  struct Ranks {
    PlaceDomain domain = PlaceDomain::kNone;
    std::vector<std::uint32_t> rank;
    std::uint32_t count = 0;
  };
  [[nodiscard]] Ranks ranks_of(const PlaceOrder& column) const;
  void read();
  void sort(std::size_t ranks);

  const SqlScene& scene_;
  NodeWalk walk_;
  std::vector<Ranks> ranks_;
  std::vector<Place> places_;
  std::size_t next_ = 0;
  bool is_read_ = false;
  NodeBrief brief_;
};

}  // namespace capmap
