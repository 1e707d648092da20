#include "controller/store/clone_rows.hpp"

#include <algorithm>

namespace capmap {
namespace {

NodeId node_at(const Statement& row) {
  NodeId id;
  const auto bytes = row.blob(0);
  std::copy_n(bytes.begin(), std::min(bytes.size(), id.bytes.size()), id.bytes.begin());
  return id;
}

std::uint64_t time_at(const Statement& row, int column) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(row.number(column), 0));
}

/// Run ids are 64 random bits; SQLite's numbers have a sign.
Result<Done> read_runs(Database& database, Clone& clone) {
  auto rows = database.prepare(
      "select run, hostname, product, first_unix_ms, last_unix_ms, refused from clone_runs where node = ?1 order by first_unix_ms, run");
  if (!rows) return rows.error();
  rows->bind_blob(1, clone.node.bytes);
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return Done{};
    clone.runs.push_back({.run_id = static_cast<std::uint64_t>(rows->number(0)),
                          .hostname = std::string(rows->text(1)),
                          .product = std::string(rows->text(2)),
                          .first_unix_ms = time_at(*rows, 3),
                          .last_unix_ms = time_at(*rows, 4),
                          .refused = rows->number(5) != 0});
  }
}

Result<Done> forget_runs(Database& database, const NodeId& node) {
  auto forget = database.prepare("delete from clone_runs where node = ?1");
  if (!forget) return forget.error();
  const auto stepped = forget->bind_blob(1, node.bytes).step();
  if (!stepped) return stepped.error();
  return Done{};
}

}  // namespace

Result<Done> put_clone_row(Database& database, const Clone& clone) {
  const auto known = find_clone_row(database, clone.node);
  if (!known) return known.error();
  if (*known && clone.settled_unix_ms == 0 && (*known)->settled_unix_ms >= clone.since_unix_ms) return Done{};
  auto put = database.prepare(
      "insert into clones (node, since_unix_ms, settled_unix_ms) select ?1, ?2, ?3 where exists (select 1 from nodes where id = ?1) "
      "on conflict (node) do update set since_unix_ms = excluded.since_unix_ms, settled_unix_ms = excluded.settled_unix_ms");
  if (!put) return put.error();
  put->bind_blob(1, clone.node.bytes).bind(2, static_cast<std::int64_t>(clone.since_unix_ms));
  const auto stepped = put->bind(3, static_cast<std::int64_t>(clone.settled_unix_ms)).step();
  if (!stepped) return stepped.error();
  if (auto forgot = forget_runs(database, clone.node); !forgot) return forgot;
  for (const auto& run : clone.runs) {
    auto add = database.prepare(
        "insert into clone_runs (node, run, hostname, product, first_unix_ms, last_unix_ms, refused) select ?1, ?2, ?3, ?4, ?5, ?6, ?7 "
        "where exists (select 1 from clones where node = ?1)");
    if (!add) return add.error();
    add->bind_blob(1, clone.node.bytes).bind(2, static_cast<std::int64_t>(run.run_id)).bind(3, run.hostname).bind(4, run.product);
    add->bind(5, static_cast<std::int64_t>(run.first_unix_ms)).bind(6, static_cast<std::int64_t>(run.last_unix_ms));
    const auto added = add->bind(7, run.refused ? 1 : 0).step();
    if (!added) return added.error();
  }
  return Done{};
}

Result<std::optional<Clone>> find_clone_row(Database& database, const NodeId& node) {
  auto find = database.prepare("select node, since_unix_ms, settled_unix_ms from clones where node = ?1");
  if (!find) return find.error();
  const auto row = find->bind_blob(1, node.bytes).step();
  if (!row) return row.error();
  if (!*row) return std::optional<Clone>();
  Clone clone{.node = node_at(*find), .since_unix_ms = time_at(*find, 1), .settled_unix_ms = time_at(*find, 2), .runs = {}};
  if (auto read = read_runs(database, clone); !read) return read.error();
  return std::optional(std::move(clone));
}

Result<std::vector<Clone>> clone_rows(Database& database) {
  auto rows = database.prepare("select node, since_unix_ms, settled_unix_ms from clones");
  if (!rows) return rows.error();
  std::vector<Clone> all;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) break;
    all.push_back({.node = node_at(*rows), .since_unix_ms = time_at(*rows, 1), .settled_unix_ms = time_at(*rows, 2), .runs = {}});
  }
  for (auto& clone : all) {
    if (auto read = read_runs(database, clone); !read) return read.error();
  }
  return all;
}

Result<Done> forget_clone_row(Database& database, const NodeId& node) {
  if (auto forgot = forget_runs(database, node); !forgot) return forgot;
  auto forget = database.prepare("delete from clones where node = ?1");
  if (!forget) return forget.error();
  const auto stepped = forget->bind_blob(1, node.bytes).step();
  if (!stepped) return stepped.error();
  return Done{};
}

}  // namespace capmap
