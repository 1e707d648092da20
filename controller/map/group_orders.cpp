#include "controller/map/group_orders.hpp"

#include <algorithm>

namespace capmap {

void GroupOrders::note_moments(const Group& group, const ServiceOrder& order, std::uint64_t now_unix_ms) {
  for (const auto& moment : {order.from_unix_ms, order.until_unix_ms}) {
    if (moment && *moment > now_unix_ms) moments_.emplace(*moment, group);
  }
}

void GroupOrders::put(const Group& group, const ServiceOrder& order, std::uint64_t now_unix_ms) {
  published_.reset();
  std::erase_if(moments_, [&group](const auto& moment) { return moment.second == group; });
  orders_.erase(group);
  if (order.state == ServiceState::kInService || order.over(now_unix_ms)) return;
  orders_.emplace(group, order);
  note_moments(group, order, now_unix_ms);
}

const ServiceOrder* GroupOrders::find(const Group& group) const {
  const auto found = orders_.find(group);
  return found == orders_.end() ? nullptr : &found->second;
}

ServiceState GroupOrders::at(std::uint32_t site, std::uint32_t pool, std::uint64_t now_unix_ms) const {
  auto state = ServiceState::kInService;
  if (orders_.empty()) return state;
  for (const auto& group : {Group{Kind::kSite, site}, Group{Kind::kPool, pool}}) {
    if (const auto* order = find(group)) state = std::max(state, order->at(now_unix_ms));
  }
  return state;
}

std::vector<GroupOrders::Group> GroupOrders::take_due(std::uint64_t now_unix_ms) {
  std::vector<Group> due;
  while (!moments_.empty() && moments_.begin()->first <= now_unix_ms) {
    due.push_back(moments_.begin()->second);
    moments_.erase(moments_.begin());
  }
  for (const auto& group : due) {
    const auto* order = find(group);
    if (order == nullptr || !order->over(now_unix_ms)) continue;
    orders_.erase(group);
    published_.reset();
  }
  return due;
}

std::shared_ptr<const GroupOrders::List> GroupOrders::publish() {
  if (!published_ && !orders_.empty()) published_ = std::make_shared<const List>(orders_.begin(), orders_.end());
  return published_;
}

}  // namespace capmap
