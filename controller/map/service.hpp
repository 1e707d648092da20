#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controller/map/node_table.hpp"
#include "controller/map/service_order.hpp"

namespace capmap {

/// The orders of those nodes that have one, and when each will next begin or end. Owned by the map; one thread; pure.
class ServiceOrders {
 public:
  /// Replaces what was ordered of the row. An order that says nothing (in service, for ever) or is over is not kept.
  void put(RowIndex row, const ServiceOrder& order, std::uint64_t now_unix_ms);
  void forget(RowIndex row);
  [[nodiscard]] const ServiceOrder* find(RowIndex row) const;
  /// At most `most` rows whose order has begun or ended by now; their next moment is noted.
  std::vector<RowIndex> take_due(std::uint64_t now_unix_ms, std::size_t most);

 private:
  /// When the order will next change its node by time alone.
  static std::optional<std::uint64_t> next_moment(const ServiceOrder& order, std::uint64_t now_unix_ms);

  std::unordered_map<RowIndex, ServiceOrder> orders_;
  std::set<std::pair<std::uint64_t, RowIndex>> moments_;
};

}  // namespace capmap
