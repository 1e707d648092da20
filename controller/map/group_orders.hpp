#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "controller/map/service_order.hpp"

namespace capmap {

/// What is ordered of a whole site or pool: it holds for all nodes there, those that come later too. Of what is ordered of a node, its
/// pool and its site the strongest state holds, in the order of ServiceState. Owned by the map; one thread; pure. Times are unix ms.
class GroupOrders {
 public:
  enum class Kind : std::uint8_t { kSite, kPool };
  struct Group {
    Kind kind = Kind::kSite;
    std::uint32_t index = 0;  ///< of the map's sites or pools
    auto operator<=>(const Group&) const = default;
  };
  using List = std::vector<std::pair<Group, ServiceOrder>>;

  /// Replaces what was ordered of the group. An order of in service, or one that is over, takes it back.
  void put(const Group& group, const ServiceOrder& order, std::uint64_t now_unix_ms);
  [[nodiscard]] const ServiceOrder* find(const Group& group) const;
  [[nodiscard]] bool empty() const { return orders_.empty(); }
  /// The strongest of what holds of the site and of the pool at that moment.
  [[nodiscard]] ServiceState at(std::uint32_t site, std::uint32_t pool, std::uint64_t now_unix_ms) const;
  /// Groups whose order has begun or ended by now; what is over is forgotten.
  std::vector<Group> take_due(std::uint64_t now_unix_ms);
  /// All of them, for readers; null: none. Remade after a change alone.
  [[nodiscard]] std::shared_ptr<const List> publish();

 private:
  void note_moments(const Group& group, const ServiceOrder& order, std::uint64_t now_unix_ms);

  std::map<Group, ServiceOrder> orders_;
  std::set<std::pair<std::uint64_t, Group>> moments_;
  std::shared_ptr<const List> published_;
};

}  // namespace capmap
