#include "controller/map/service.hpp"

namespace capmap {

std::optional<std::uint64_t> ServiceOrders::next_moment(const ServiceOrder& order, std::uint64_t now_unix_ms) {
  if (order.from_unix_ms && now_unix_ms < *order.from_unix_ms) return order.from_unix_ms;
  if (order.until_unix_ms && now_unix_ms < *order.until_unix_ms) return order.until_unix_ms;
  return std::nullopt;
}

void ServiceOrders::put(RowIndex row, const ServiceOrder& order, std::uint64_t now_unix_ms) {
  forget(row);
  const bool says_nothing = order.state == ServiceState::kInService && order.why.empty();
  if (says_nothing || order.over(now_unix_ms)) return;
  orders_[row] = order;
  if (const auto moment = next_moment(order, now_unix_ms)) moments_.emplace(*moment, row);
}

void ServiceOrders::forget(RowIndex row) {
  const auto found = orders_.find(row);
  if (found == orders_.end()) return;
  for (const auto& moment : {found->second.from_unix_ms, found->second.until_unix_ms}) {
    if (moment) moments_.erase({*moment, row});
  }
  orders_.erase(found);
}

const ServiceOrder* ServiceOrders::find(RowIndex row) const {
  const auto found = orders_.find(row);
  return found == orders_.end() ? nullptr : &found->second;
}

std::vector<RowIndex> ServiceOrders::take_due(std::uint64_t now_unix_ms, std::size_t most) {
  std::vector<RowIndex> due;
  while (due.size() < most && !moments_.empty() && moments_.begin()->first <= now_unix_ms) {
    const auto row = moments_.begin()->second;
    moments_.erase(moments_.begin());
    if (const auto moment = next_moment(orders_.at(row), now_unix_ms)) moments_.emplace(*moment, row);
    due.push_back(row);
  }
  return due;
}

}  // namespace capmap
