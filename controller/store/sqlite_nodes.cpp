// Nodes with what was noted and ordered of them, pools, shapes.
#include "controller/store/sqlite_tables.hpp"

namespace capmap {
namespace {

KnownNode node_at(const Statement& row) {
  KnownNode node{.id = id_at<NodeId>(row, 0),
                 .public_key = std::string(row.text(1)),
                 .site = id_at<SiteId>(row, 2),
                 .hostname = std::string(row.text(3)),
                 .joined_unix_ms = count_at(row, 4)};
  if (!row.is_null(5)) node.pool = id_at<PoolId>(row, 5);
  return node;
}

Pool pool_at(const Statement& row) {
  return {.id = id_at<PoolId>(row, 0),
          .site = id_at<SiteId>(row, 1),
          .name = std::string(row.text(2)),
          .compute_class = std::string(row.text(3))};
}

/// A word that this version does not know counts as quarantined: nothing is promised of such a node.
ServiceState service_of(std::string_view word) {
  const auto* const found = std::find(kServiceStateNames.begin(), kServiceStateNames.end(), word);
  return found == kServiceStateNames.end() ? ServiceState::kQuarantined : static_cast<ServiceState>(found - kServiceStateNames.begin());
}

MachineMarks machine_at(const Statement& row, int first) {
  const auto mark = [&row](int column) {
    return row.is_null(column) ? std::nullopt : std::optional(static_cast<Fingerprint>(row.number(column)));
  };
  return {.uuid = mark(first), .ports = mark(first + 1)};
}

/// Columns: state, from, until, who, why.
ServiceOrder order_at(const Statement& row, int first) {
  ServiceOrder order{
      .state = service_of(row.text(first)), .who = std::string(row.text(first + 3)), .why = std::string(row.text(first + 4))};
  if (!row.is_null(first + 1)) order.from_unix_ms = count_at(row, first + 1);
  if (!row.is_null(first + 2)) order.until_unix_ms = count_at(row, first + 2);
  return order;
}

}  // namespace

Result<Done> SqliteStore::put_node(const KnownNode& node) {
  if (auto let_in = carry_out(sql(kForgetRemovedKey).bind(1, node.public_key)); !let_in) return let_in;
  auto& put = sql(kPutNode).bind_blob(1, node.id.bytes).bind(2, node.public_key).bind_blob(3, node.site.bytes).bind(4, node.hostname);
  put.bind(5, as_signed(node.joined_unix_ms));
  node.pool ? put.bind_blob(6, node.pool->bytes) : put.bind_null(6);
  return carry_out(put);
}

Result<Done> SqliteStore::put_pool(const Pool& pool) {
  return carry_out(sql(kPutPool).bind_blob(1, pool.id.bytes).bind_blob(2, pool.site.bytes).bind(3, pool.name).bind(4, pool.compute_class));
}

Result<Done> SqliteStore::put_service(const NodeId& node, const ServiceOrder& order) {
  auto& put = sql(kPutService).bind_blob(1, node.bytes).bind(2, kServiceStateNames[static_cast<std::size_t>(order.state)]);
  order.from_unix_ms ? put.bind(3, as_signed(*order.from_unix_ms)) : put.bind_null(3);
  order.until_unix_ms ? put.bind(4, as_signed(*order.until_unix_ms)) : put.bind_null(4);
  return carry_out(put.bind(5, order.who).bind(6, order.why));
}

Result<Done> SqliteStore::remove_node(const KnownNode& node, std::uint64_t now_unix_ms) {
  auto& keep = sql(kKeepRemovedKey).bind(1, node.public_key).bind_blob(2, node.id.bytes).bind(3, as_signed(now_unix_ms));
  if (auto kept = carry_out(keep); !kept) return kept;
  if (auto forgot = forget_clone_row(database_, node.id); !forgot) return forgot;
  if (auto forgot = forget_double_rows(database_, node.id); !forgot) return forgot;
  if (auto forgot = forget_label_rows(database_, node.id); !forgot) return forgot;
  return carry_out(sql(kRemoveNode).bind_blob(1, node.id.bytes));
}

Result<Done> SqliteStore::note_one(const NodeNote& note) {
  if (note.bytes) {
    auto& add = sql(kAddShape).bind_blob(1, note.bytes->id.bytes).bind(2, note.bytes->compressed ? 1 : 0);
    add.bind(3, note.bytes->raw_bytes).bind_blob(4, bytes_of(note.bytes->body)).bind(5, as_signed(note.seen_unix_ms));
    if (auto added = carry_out(add); !added) return added;
  }
  if (note.machine.any()) {
    auto& put = sql(kNoteMachine).bind_blob(1, note.node.bytes);
    int column = 2;
    for (const auto& mark : {note.machine.uuid, note.machine.ports}) {
      mark ? put.bind(column, static_cast<std::int64_t>(*mark)) : put.bind_null(column);
      ++column;
    }
    if (auto noted = carry_out(put); !noted) return noted;
  }
  if (!note.shape) return carry_out(sql(kNoteSeen).bind_blob(1, note.node.bytes).bind(2, as_signed(note.seen_unix_ms)));
  return carry_out(sql(kNoteShape).bind_blob(1, note.node.bytes).bind_blob(2, note.shape->bytes).bind(3, as_signed(note.seen_unix_ms)));
}

Result<std::optional<KnownNode>> SqliteStore::find_node(const std::string& public_key) {
  return first<KnownNode>(sql(kFindNode).bind(1, public_key), node_at);
}

Result<std::optional<KnownNode>> SqliteStore::find_node(const NodeId& id) {
  return first<KnownNode>(sql(kFindNodeById).bind_blob(1, id.bytes), node_at);
}

Result<std::vector<Pool>> SqliteStore::pools() {
  std::vector<Pool> all;
  auto read = each("select id, site, name, compute_class from pools", [&all](const Statement& row) { all.push_back(pool_at(row)); });
  if (!read) return read.error();
  return all;
}

Result<std::optional<Pool>> SqliteStore::find_pool(const PoolId& id) {
  auto find = database_.prepare("select id, site, name, compute_class from pools where id = ?1");
  if (!find) return find.error();
  return first<Pool>(find->bind_blob(1, id.bytes), pool_at);
}

Result<std::optional<Pool>> SqliteStore::find_pool(const SiteId& site, const std::string& name_or_id) {
  auto& find = sql(kFindPool).bind_blob(1, site.bytes).bind(2, name_or_id);
  const auto id = parse_id<PoolId>(name_or_id);
  id ? find.bind_blob(3, id->bytes) : find.bind_null(3);
  return first<Pool>(find, pool_at);
}

Result<std::vector<RemovedNode>> SqliteStore::removed_nodes() {
  std::vector<RemovedNode> all;
  auto read = each("select public_key, node, removed_unix_ms from removed_nodes", [&all](const Statement& row) {
    all.push_back({.public_key = std::string(row.text(0)), .node = id_at<NodeId>(row, 1), .removed_unix_ms = count_at(row, 2)});
  });
  if (!read) return read.error();
  return all;
}

/// When a shape was first seen to be unused is kept with it: the map must have forgotten it before its bytes go.
Result<std::uint64_t> SqliteStore::forget_shapes(std::uint64_t now_unix_ms) {
  constexpr std::uint64_t kKeepMs = 25ULL * 3'600 * 1'000;
  const auto now = std::to_string(as_signed(now_unix_ms));
  const auto before = std::to_string(as_signed(now_unix_ms - std::min(now_unix_ms, kKeepMs)));
  const std::string used = "number in (select shape from nodes where shape is not null)";
  if (auto begun = begin(); !begun) return begun.error();
  std::uint64_t forgotten = 0;
  auto done = database_.run(("update shapes set unused_since_unix_ms = null where unused_since_unix_ms is not null and " + used).c_str());
  if (done) done = database_.run(("delete from shapes where unused_since_unix_ms < " + before).c_str());
  if (done) forgotten = static_cast<std::uint64_t>(database_.changes());
  if (done) {
    done =
        database_.run(("update shapes set unused_since_unix_ms = " + now + " where unused_since_unix_ms is null and not " + used).c_str());
  }
  if (done) done = commit();
  if (done) return forgotten;
  roll_back();
  return done.error();
}

Result<Done> SqliteStore::each_node(const std::function<void(const StoredNode&)>& take) {
  return each(
      "select n.id, n.public_key, n.site, n.hostname, n.joined_unix_ms, n.pool, s.id, n.last_seen_unix_ms, "
      "n.service_state, n.service_from_unix_ms, n.service_until_unix_ms, n.service_who, n.service_why, n.machine_uuid, n.machine_ports "
      "from nodes n "
      "left join shapes s on s.number = n.shape",
      [&take](const Statement& row) {
        StoredNode node{
            .node = node_at(row), .shape = {}, .last_seen_unix_ms = {}, .service = order_at(row, 8), .machine = machine_at(row, 13)};
        if (!row.is_null(6)) node.shape = id_at<ShapeId>(row, 6);
        if (!row.is_null(7)) node.last_seen_unix_ms = count_at(row, 7);
        take(node);
      });
}

Result<std::vector<EncodedShape>> SqliteStore::shapes() {
  std::vector<EncodedShape> all;
  auto read =
      each("select id, compressed, raw_bytes, body from shapes where number in (select shape from nodes)", [&all](const Statement& row) {
        const auto body = row.blob(3);
        const auto* from = reinterpret_cast<const std::byte*>(body.data());
        all.push_back({.id = id_at<ShapeId>(row, 0),
                       .compressed = row.number(1) != 0,
                       .raw_bytes = static_cast<std::uint32_t>(count_at(row, 2)),
                       .body = Bytes(from, from + body.size())});
      });
  if (!read) return read.error();
  return all;
}

}  // namespace capmap
