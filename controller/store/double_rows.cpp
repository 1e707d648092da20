#include "controller/store/double_rows.hpp"

#include <algorithm>

namespace capmap {
namespace {

NodeId node_at(const Statement& row, int column) {
  NodeId id;
  const auto bytes = row.blob(column);
  std::copy_n(bytes.begin(), std::min(bytes.size(), id.bytes.size()), id.bytes.begin());
  return id;
}

}  // namespace

Result<Done> put_double_row(Database& database, const SettledDouble& settled) {
  auto forget = database.prepare("delete from doubles where node = ?2 and other = ?1");
  if (!forget) return forget.error();
  const auto forgot = forget->bind_blob(1, settled.node.bytes).bind_blob(2, settled.other.bytes).step();
  if (!forgot) return forgot.error();
  auto put = database.prepare(
      "insert into doubles (node, other, same, settled_unix_ms) select ?1, ?2, ?3, ?4 "
      "where (select count(*) from nodes where id in (?1, ?2)) = 2 "
      "on conflict (node, other) do update set same = excluded.same, settled_unix_ms = excluded.settled_unix_ms");
  if (!put) return put.error();
  put->bind_blob(1, settled.node.bytes).bind_blob(2, settled.other.bytes).bind(3, settled.same ? 1 : 0);
  const auto stepped = put->bind(4, static_cast<std::int64_t>(settled.settled_unix_ms)).step();
  if (!stepped) return stepped.error();
  return Done{};
}

Result<std::vector<SettledDouble>> double_rows(Database& database) {
  auto rows = database.prepare("select node, other, same, settled_unix_ms from doubles");
  if (!rows) return rows.error();
  std::vector<SettledDouble> all;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return all;
    all.push_back({.node = node_at(*rows, 0),
                   .other = node_at(*rows, 1),
                   .same = rows->number(2) != 0,
                   .settled_unix_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(rows->number(3), 0))});
  }
}

Result<Done> forget_double_rows(Database& database, const NodeId& node) {
  auto forget = database.prepare("delete from doubles where node = ?1 or other = ?1");
  if (!forget) return forget.error();
  const auto stepped = forget->bind_blob(1, node.bytes).step();
  if (!stepped) return stepped.error();
  return Done{};
}

}  // namespace capmap
