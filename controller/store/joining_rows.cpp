#include "controller/store/joining_rows.hpp"

#include <algorithm>
#include <utility>

#include "controller/store/child_rows.hpp"
#include "controller/store/sqlite_tables.hpp"

namespace capmap {
namespace {

constexpr const char* kSelectToken =
    "select secret_hash, site, uses_left, expires_unix_ms, child_sites, name, pool, uses, created_unix_ms, from_ranges, by_hand, "
    "revoked_unix_ms from tokens ";
constexpr const char* kSelectPending =
    "select public_key, id, hostname, address, token_hash, site, pool, asked_unix_ms, rejected from pending ";
constexpr const char* kSelectRevoked = "select public_key, owner, kind, revoked_unix_ms, reason from revoked_keys ";
constexpr const char* kSelectKeys =
    "select node, since_unix_ms, next_key, exists (select 1 from children where children.id = node_keys.node) from node_keys ";

std::string with(const char* select, const char* rest) {
  return std::string(select) + rest;
}

template <class IdType>
std::optional<IdType> id_or_none(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(id_at<IdType>(row, column));
}

template <class IdType>
void bind_or_null(Statement& put, int index, const std::optional<IdType>& id) {
  id ? put.bind_blob(index, id->bytes) : put.bind_null(index);
}

TokenRecord token_at(const Statement& row) {
  TokenRecord token{.secret_hash = std::string(row.text(0)),
                    .site = id_at<SiteId>(row, 1),
                    .uses_left = static_cast<std::uint32_t>(count_at(row, 2)),
                    .expires_unix_ms = count_at(row, 3),
                    .child_sites = unpacked_sites(row.blob(4)),
                    .name = std::string(row.text(5)),
                    .pool = id_or_none<PoolId>(row, 6),
                    .uses = static_cast<std::uint32_t>(count_at(row, 7)),
                    .created_unix_ms = count_at(row, 8)};
  if (const auto text = row.text(9); !text.empty()) {
    const auto ranges = parse_address_ranges(text);
    // What is not understood here narrows all the same: such a token lets nobody in.
    token.from = ranges ? *ranges : std::vector<AddressRange>{{.bytes = {}, .prefix_bits = 128}};
  }
  token.by_hand = row.number(10) != 0;
  if (!row.is_null(11)) token.revoked_unix_ms = count_at(row, 11);
  return token;
}

PendingNode pending_at(const Statement& row) {
  return {.id = id_at<NodeId>(row, 1),
          .public_key = std::string(row.text(0)),
          .hostname = std::string(row.text(2)),
          .address = std::string(row.text(3)),
          .token_hash = std::string(row.text(4)),
          .site = id_at<SiteId>(row, 5),
          .pool = id_or_none<PoolId>(row, 6),
          .asked_unix_ms = count_at(row, 7),
          .rejected = row.number(8) != 0};
}

ApprovalRule rule_at(const Statement& row) {
  const auto range = parse_address_range(row.text(1));
  return {.number = count_at(row, 0),
          .from = range ? *range : AddressRange{},  // ::/128, which nobody has
          .site = id_or_none<SiteId>(row, 2),
          .created_unix_ms = count_at(row, 3),
          .until_unix_ms = count_at(row, 4)};
}

RevokedKey revoked_at(const Statement& row) {
  return {.public_key = std::string(row.text(0)),
          .owner = id_at<NodeId>(row, 1).bytes,
          .child = row.number(2) != 0,
          .revoked_unix_ms = count_at(row, 3),
          .reason = std::string(row.text(4))};
}

NodeKeys keys_at(const Statement& row) {
  return {
      .node = id_at<NodeId>(row, 0), .since_unix_ms = count_at(row, 1), .next_key = std::string(row.text(2)), .child = row.number(3) != 0};
}

const auto kNothing = [](Statement&) {};

}  // namespace

template <class Record, class Read, class Bind>
Result<std::vector<Record>> JoiningRows::select(const char* sql, Read read, Bind bind) {
  auto statement = database_.prepare(sql);
  if (!statement) return statement.error();
  bind(*statement);
  std::vector<Record> all;
  for (;;) {
    const auto row = statement->step();
    if (!row) return row.error();
    if (!*row) return all;
    all.push_back(read(*statement));
  }
}

template <class Record, class Read, class Bind>
Result<std::optional<Record>> JoiningRows::first(const char* sql, Read read, Bind bind) {
  auto statement = database_.prepare(sql);
  if (!statement) return statement.error();
  bind(*statement);
  const auto row = statement->step();
  if (!row) return row.error();
  return *row ? std::optional<Record>(read(*statement)) : std::optional<Record>();
}

template <class Bind>
Result<Done> JoiningRows::change(const char* sql, Bind bind) {
  auto statement = database_.prepare(sql);
  if (!statement) return statement.error();
  bind(*statement);
  const auto stepped = statement->step();
  if (!stepped) return stepped.error();
  return Done{};
}

Result<Done> JoiningRows::put_token(const TokenRecord& token) {
  const auto sites = packed_sites(token.child_sites);
  const auto ranges = to_text(token.from);
  return change(
      "insert into tokens (secret_hash, site, uses_left, expires_unix_ms, child_sites, name, pool, uses, created_unix_ms, from_ranges, "
      "by_hand, revoked_unix_ms) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) on conflict (secret_hash) do update set "
      "site = excluded.site, uses_left = excluded.uses_left, expires_unix_ms = excluded.expires_unix_ms, "
      "revoked_unix_ms = excluded.revoked_unix_ms",
      [&](Statement& put) {
        put.bind(1, token.secret_hash).bind_blob(2, token.site.bytes).bind(3, token.uses_left).bind(4, as_signed(token.expires_unix_ms));
        put.bind_blob(5, sites).bind(6, token.name);
        bind_or_null(put, 7, token.pool);
        put.bind(8, token.uses).bind(9, as_signed(token.created_unix_ms)).bind(10, ranges).bind(11, token.by_hand ? 1 : 0);
        token.revoked_unix_ms ? put.bind(12, as_signed(*token.revoked_unix_ms)) : put.bind_null(12);
      });
}

Result<std::optional<TokenRecord>> JoiningRows::find_token(const std::string& secret_hash) {
  return first<TokenRecord>(with(kSelectToken, "where secret_hash = ?1").c_str(), token_at,
                            [&](Statement& find) { find.bind(1, secret_hash); });
}

Result<std::optional<TokenRecord>> JoiningRows::find_token_named(const std::string& name_or_id) {
  return first<TokenRecord>(
      with(kSelectToken, "where (name = ?1 and name <> '') or substr(secret_hash, 1, 16) = ?1 order by created_unix_ms desc limit 1")
          .c_str(),
      token_at, [&](Statement& find) { find.bind(1, name_or_id); });
}

Result<std::vector<TokenRecord>> JoiningRows::tokens(std::size_t most) {
  return select<TokenRecord>(with(kSelectToken, "order by created_unix_ms desc, secret_hash limit ?1").c_str(), token_at,
                             [&](Statement& find) { find.bind(1, static_cast<std::int64_t>(most)); });
}

Result<Done> JoiningRows::forget_tokens(std::uint64_t before_unix_ms) {
  return change("delete from tokens where expires_unix_ms < ?1 or revoked_unix_ms < ?1",
                [&](Statement& put) { put.bind(1, as_signed(before_unix_ms)); });
}

Result<Done> JoiningRows::put_pending(const PendingNode& node) {
  return change(
      "insert into pending (public_key, id, hostname, address, token_hash, site, pool, asked_unix_ms, rejected) values (?1, ?2, ?3, ?4, "
      "?5, ?6, ?7, ?8, ?9) on conflict (public_key) do update set hostname = excluded.hostname, address = excluded.address, "
      "rejected = excluded.rejected",
      [&](Statement& put) {
        put.bind(1, node.public_key).bind_blob(2, node.id.bytes).bind(3, node.hostname).bind(4, node.address).bind(5, node.token_hash);
        put.bind_blob(6, node.site.bytes);
        bind_or_null(put, 7, node.pool);
        put.bind(8, as_signed(node.asked_unix_ms)).bind(9, node.rejected ? 1 : 0);
      });
}

Result<Done> JoiningRows::remove_pending(const std::string& public_key) {
  return change("delete from pending where public_key = ?1", [&](Statement& put) { put.bind(1, public_key); });
}

Result<std::optional<PendingNode>> JoiningRows::find_pending(const std::string& public_key) {
  return first<PendingNode>(with(kSelectPending, "where public_key = ?1").c_str(), pending_at,
                            [&](Statement& find) { find.bind(1, public_key); });
}

Result<std::vector<PendingNode>> JoiningRows::pending() {
  return select<PendingNode>(with(kSelectPending, "order by asked_unix_ms, id").c_str(), pending_at, kNothing);
}

Result<std::uint64_t> JoiningRows::pending_count() {
  const auto count = database_.number("select count(*) from pending");
  if (!count) return count.error();
  return static_cast<std::uint64_t>(*count);
}

Result<Done> JoiningRows::forget_pending(std::uint64_t before_unix_ms) {
  return change("delete from pending where asked_unix_ms < ?1", [&](Statement& put) { put.bind(1, as_signed(before_unix_ms)); });
}

Result<std::uint64_t> JoiningRows::add_rule(const ApprovalRule& rule) {
  const auto range = to_text(rule.from);
  auto done =
      change("insert into approval_rules (from_range, site, created_unix_ms, until_unix_ms) values (?1, ?2, ?3, ?4)", [&](Statement& put) {
        put.bind(1, range);
        bind_or_null(put, 2, rule.site);
        put.bind(3, as_signed(rule.created_unix_ms)).bind(4, as_signed(rule.until_unix_ms));
      });
  if (!done) return done.error();
  const auto number = database_.number("select last_insert_rowid()");
  if (!number) return number.error();
  return static_cast<std::uint64_t>(*number);
}

Result<bool> JoiningRows::remove_rule(std::uint64_t number) {
  auto done = change("delete from approval_rules where number = ?1", [&](Statement& put) { put.bind(1, as_signed(number)); });
  if (!done) return done.error();
  return database_.changes() > 0;
}

Result<std::vector<ApprovalRule>> JoiningRows::rules() {
  return select<ApprovalRule>("select number, from_range, site, created_unix_ms, until_unix_ms from approval_rules order by number",
                              rule_at, kNothing);
}

Result<Done> JoiningRows::revoke(const RevokedKey& key) {
  auto kept = change("insert into revoked_keys values (?1, ?2, ?3, ?4, ?5) on conflict (public_key) do nothing", [&](Statement& put) {
    put.bind(1, key.public_key).bind_blob(2, key.owner).bind(3, key.child ? 1 : 0);
    put.bind(4, as_signed(key.revoked_unix_ms)).bind(5, key.reason);
  });
  for (const char* sql : {"delete from nodes where public_key = ?1", "delete from children where public_key = ?1",
                          "delete from pending where public_key = ?1", "delete from removed_nodes where public_key = ?1"}) {
    if (kept) kept = change(sql, [&](Statement& put) { put.bind(1, key.public_key); });
  }
  // By its id too: an older database may know it by the key it had before.
  for (const char* sql :
       {key.child ? "delete from children where id = ?1" : "delete from nodes where id = ?1", "delete from node_keys where node = ?1"}) {
    if (kept) kept = change(sql, [&](Statement& put) { put.bind_blob(1, key.owner); });
  }
  return kept;
}

Result<std::optional<RevokedKey>> JoiningRows::find_revoked(const std::string& public_key) {
  return first<RevokedKey>(with(kSelectRevoked, "where public_key = ?1").c_str(), revoked_at,
                           [&](Statement& find) { find.bind(1, public_key); });
}

Result<std::vector<RevokedKey>> JoiningRows::revoked() {
  return select<RevokedKey>(with(kSelectRevoked, "order by revoked_unix_ms desc, public_key").c_str(), revoked_at, kNothing);
}

Result<Done> JoiningRows::put_node_keys(const NodeKeys& keys) {
  return change(
      "insert into node_keys values (?1, ?2, ?3) on conflict (node) do update set since_unix_ms = excluded.since_unix_ms, "
      "next_key = excluded.next_key",
      [&](Statement& put) { put.bind_blob(1, keys.node.bytes).bind(2, as_signed(keys.since_unix_ms)).bind(3, keys.next_key); });
}

Result<std::optional<NodeKeys>> JoiningRows::find_node_keys(const NodeId& node) {
  return first<NodeKeys>(with(kSelectKeys, "where node = ?1").c_str(), keys_at, [&](Statement& find) { find.bind_blob(1, node.bytes); });
}

Result<std::optional<NodeKeys>> JoiningRows::find_next_key(const std::string& public_key) {
  return first<NodeKeys>(with(kSelectKeys, "where next_key = ?1 and next_key <> ''").c_str(), keys_at,
                         [&](Statement& find) { find.bind(1, public_key); });
}

Result<std::vector<NodeKeys>> JoiningRows::node_keys() {
  return select<NodeKeys>(kSelectKeys, keys_at, kNothing);
}

}  // namespace capmap
