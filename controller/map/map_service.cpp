// What admins order of nodes, pools and sites, and the labels they put on nodes.
#include <algorithm>
#include <utility>

#include "controller/map/map_state.hpp"

namespace capmap {
namespace {

constexpr std::size_t kServiceMoments = 10'000;            ///< orders that begin or end in one call: some milliseconds
constexpr std::size_t kLooks = 200'000, kServedCost = 50;  ///< rows of one call; one that changes costs as much as so many that do not

void mark(std::vector<bool>& marks, std::size_t index) {
  if (marks.size() <= index) marks.resize(index + 1);
  marks[index] = true;
}

bool marked(const std::vector<bool>& marks, std::size_t index) {
  return index < marks.size() && marks[index];
}

}  // namespace

ServiceState CapacityMap::State::service_at(RowIndex row) const {
  const auto& place = nodes.place(row);
  const auto* const order = services.find(row);
  const auto own = order == nullptr ? ServiceState::kInService : order->at(service_unix_ms);
  return std::max(own, group_orders.at(place.site, place.pool, service_unix_ms));
}

bool CapacityMap::State::set_service(const NodeId& id, const ServiceOrder& order, std::uint64_t now_unix_ms) {
  const auto row = nodes.find(id);
  if (!row) return false;
  service_unix_ms = now_unix_ms;
  services.put(*row, order, now_unix_ms);
  apply_service(*row, service_at(*row));
  return true;
}

void CapacityMap::State::apply_service(RowIndex row, ServiceState service) {
  const auto before = numbers(row);
  nodes.place(row).service = service;
  settle(row, before);
}

bool CapacityMap::State::order_group(const GroupOrders::Group& group, const ServiceOrder& order, std::uint64_t now_unix_ms) {
  service_unix_ms = now_unix_ms;
  group_orders.put(group, order, now_unix_ms);
  mark(group.kind == GroupOrders::Kind::kSite ? sites_served_anew : pools_served_anew, group.index);
  serve_from = 0;
  ++revision;
  return true;
}

bool CapacityMap::State::serve_anew() {
  if (sites_served_anew.empty() && pools_served_anew.empty()) return false;
  for (std::size_t cost = 0; cost < kLooks && serve_from < nodes.row_count(); ++cost, ++serve_from) {
    const auto row = static_cast<RowIndex>(serve_from);
    const auto& place = nodes.place(row);
    if (place.vacant || (!marked(sites_served_anew, place.site) && (place.pool == 0 || !marked(pools_served_anew, place.pool)))) continue;
    const auto service = service_at(row);
    if (service == place.service) continue;
    apply_service(row, service);
    cost += kServedCost;
  }
  if (serve_from < nodes.row_count()) return true;
  sites_served_anew.clear();
  pools_served_anew.clear();
  return false;
}

bool CapacityMap::State::advance_service(std::uint64_t now_unix_ms) {
  service_unix_ms = now_unix_ms;
  for (const auto& group : group_orders.take_due(now_unix_ms)) {
    mark(group.kind == GroupOrders::Kind::kSite ? sites_served_anew : pools_served_anew, group.index);
    serve_from = 0;
    ++revision;
  }
  const auto due_rows = services.take_due(now_unix_ms, kServiceMoments);
  for (const auto row : due_rows) {
    const bool over = services.find(row)->over(now_unix_ms);
    apply_service(row, service_at(row));
    if (over) services.forget(row);
  }
  return serve_anew() || due_rows.size() == kServiceMoments;
}

bool CapacityMap::State::set_labels(const NodeId& id, std::vector<Label> labels) {
  const auto row = nodes.find(id);
  if (!row) return false;
  if (labels.empty()) {
    admin_labels.erase(*row);
  } else {
    admin_labels[*row] = std::move(labels);
  }
  nodes.talk(*row).revision = ++revision & ((std::uint64_t{1} << 48U) - 1);
  return true;
}

}  // namespace capmap
