#include "controller/store/order_rows.hpp"

#include <algorithm>
#include <span>

namespace capmap {
namespace {

template <class IdType>
IdType id_of(const Statement& row, int column) {
  IdType id;
  const auto bytes = row.blob(column);
  std::copy_n(bytes.begin(), std::min(bytes.size(), id.bytes.size()), id.bytes.begin());
  return id;
}

std::int64_t kept(std::uint64_t unix_ms) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(unix_ms, INT64_MAX));
}

std::optional<std::uint64_t> time_at(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(row.number(column), 0));
}

Result<Done> forget_group(Database& database, const GroupService& group) {
  auto forget = database.prepare("delete from group_orders where site = ?1 and pool = ?2");
  if (!forget) return forget.error();
  forget->bind_blob(1, group.site.bytes);
  group.pool ? forget->bind_blob(2, group.pool->bytes) : forget->bind_blob(2, std::span<const std::uint8_t>());
  const auto stepped = forget->step();
  if (!stepped) return stepped.error();
  return Done{};
}

ServiceState state_of(std::string_view word) {
  const auto* const found = std::ranges::find(kServiceStateNames, word);
  const auto i = static_cast<std::size_t>(found - kServiceStateNames.begin());
  return i < kServiceOrderCount ? static_cast<ServiceState>(i) : ServiceState::kInService;
}

}  // namespace

Result<Done> put_group_service_row(Database& database, const GroupService& group) {
  if (auto forgot = forget_group(database, group); !forgot || group.order.state == ServiceState::kInService) return forgot;
  auto put = database.prepare(
      "insert into group_orders (site, pool, state, from_unix_ms, until_unix_ms, who, why) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  if (!put) return put.error();
  put->bind_blob(1, group.site.bytes);
  group.pool ? put->bind_blob(2, group.pool->bytes) : put->bind_blob(2, std::span<const std::uint8_t>());
  put->bind(3, std::string_view(kServiceStateNames[static_cast<std::size_t>(group.order.state)]));
  group.order.from_unix_ms ? put->bind(4, kept(*group.order.from_unix_ms)) : put->bind_null(4);
  group.order.until_unix_ms ? put->bind(5, kept(*group.order.until_unix_ms)) : put->bind_null(5);
  const auto stepped = put->bind(6, group.order.who).bind(7, group.order.why).step();
  if (!stepped) return stepped.error();
  return Done{};
}

Result<std::vector<GroupService>> group_service_rows(Database& database) {
  auto rows = database.prepare("select site, pool, state, from_unix_ms, until_unix_ms, who, why from group_orders");
  if (!rows) return rows.error();
  std::vector<GroupService> all;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return all;
    GroupService group{.site = id_of<SiteId>(*rows, 0)};
    if (!rows->blob(1).empty()) group.pool = id_of<PoolId>(*rows, 1);
    group.order = {.state = state_of(rows->text(2)),
                   .from_unix_ms = time_at(*rows, 3),
                   .until_unix_ms = time_at(*rows, 4),
                   .who = std::string(rows->text(5)),
                   .why = std::string(rows->text(6))};
    all.push_back(std::move(group));
  }
}

Result<Done> put_node_label_rows(Database& database, const NodeId& node, const std::vector<Label>& labels) {
  if (auto forgot = forget_label_rows(database, node); !forgot) return forgot;
  auto put =
      database.prepare("insert into node_labels (node, key, value) select ?1, ?2, ?3 where exists (select 1 from nodes where id = ?1)");
  if (!put) return put.error();
  for (const auto& label : labels) {
    const auto stepped = put->bind_blob(1, node.bytes).bind(2, label.key).bind(3, label.value).step();
    if (!stepped) return stepped.error();
  }
  return Done{};
}

Result<std::vector<Label>> node_label_rows(Database& database, const NodeId& node) {
  auto rows = database.prepare("select key, value from node_labels where node = ?1 order by key");
  if (!rows) return rows.error();
  rows->bind_blob(1, node.bytes);
  std::vector<Label> labels;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return labels;
    labels.push_back({.key = std::string(rows->text(0)), .value = std::string(rows->text(1))});
  }
}

Result<Done> each_label_row(Database& database, const std::function<void(const NodeId&, const Label&)>& take) {
  auto rows = database.prepare("select node, key, value from node_labels order by node, key");
  if (!rows) return rows.error();
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return Done{};
    take(id_of<NodeId>(*rows, 0), {.key = std::string(rows->text(1)), .value = std::string(rows->text(2))});
  }
}

Result<Done> forget_label_rows(Database& database, const NodeId& node) {
  auto forget = database.prepare("delete from node_labels where node = ?1");
  if (!forget) return forget.error();
  const auto stepped = forget->bind_blob(1, node.bytes).step();
  if (!stepped) return stepped.error();
  return Done{};
}

}  // namespace capmap
