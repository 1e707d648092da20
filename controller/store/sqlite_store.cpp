#include "controller/store/sqlite_store.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <vector>

#include "controller/store/child_rows.hpp"

namespace capmap {
namespace {

constexpr int kTidyFrames = 1'000;  ///< of 4 KiB in the write-ahead log

// One line each, in the order of the texts below.
enum Sql : std::size_t {
  kPutSite,
  kPutToken,
  kPutNode,
  kAddAudit,
  kAddShape,
  kNoteShape,
  kNoteSeen,
  kFindSite,
  kFindToken,
  kFindNode,
  kProbe,
  kSqlCount
};
constexpr std::array<const char*, kSqlCount> kTexts = {
    "insert into sites values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict (id) do update set name = excluded.name, region = excluded.region, "
    "owner_class = excluded.owner_class, compute_class = excluded.compute_class, service = excluded.service, "
    "security_level = excluded.security_level",
    "insert into tokens (secret_hash, site, uses_left, expires_unix_ms, child_sites) values (?1, ?2, ?3, ?4, ?5) on conflict (secret_hash) "
    "do update set site = excluded.site, uses_left = excluded.uses_left, expires_unix_ms = excluded.expires_unix_ms",
    "insert into nodes (id, public_key, site, hostname, joined_unix_ms) values (?1, ?2, ?3, ?4, ?5) on conflict (id) do update set "
    "public_key = excluded.public_key, site = excluded.site, hostname = excluded.hostname, joined_unix_ms = excluded.joined_unix_ms",
    "insert into audit (at_unix_ms, who, what, subject, detail) values (?1, ?2, ?3, ?4, ?5)",
    "insert into shapes (id, compressed, raw_bytes, body, added_unix_ms) values (?1, ?2, ?3, ?4, ?5) on conflict (id) do nothing",
    "update nodes set shape = (select number from shapes where id = ?2), last_seen_unix_ms = ?3 where id = ?1 and "
    "(shape is not (select number from shapes where id = ?2) or last_seen_unix_ms is null or last_seen_unix_ms < ?3 - 1800000)",
    "update nodes set last_seen_unix_ms = ?2 where id = ?1 and (last_seen_unix_ms is null or last_seen_unix_ms < ?2 - 1800000)",
    "select id, name, region, owner_class, compute_class, service, security_level from sites where name = ?1 or id = ?2",
    "select secret_hash, site, uses_left, expires_unix_ms, child_sites from tokens where secret_hash = ?1",
    "select id, public_key, site, hostname, joined_unix_ms from nodes where public_key = ?1",
    "insert into meta values ('probe', 1) on conflict (name) do update set value = value + 1",
};

std::span<const std::uint8_t> bytes_of(const Bytes& bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}
std::int64_t as_signed(std::uint64_t value) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX));
}

template <class IdType>
IdType id_at(const Statement& row, int column) {
  IdType id;
  const auto bytes = row.blob(column);
  std::copy_n(bytes.begin(), std::min(bytes.size(), id.bytes.size()), id.bytes.begin());
  return id;
}
std::uint64_t count_at(const Statement& row, int column) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(row.number(column), 0));
}

Site site_at(const Statement& row) {
  Site site;
  site.id = id_at<SiteId>(row, 0);
  site.name = row.text(1);
  site.region = row.text(2);
  site.owner_class = row.text(3);
  site.compute_class = row.text(4);
  site.service = row.text(5);
  if (!row.is_null(6)) site.security_level = static_cast<std::uint32_t>(row.number(6));
  return site;
}
TokenRecord token_at(const Statement& row) {
  return {.secret_hash = std::string(row.text(0)),
          .site = id_at<SiteId>(row, 1),
          .uses_left = static_cast<std::uint32_t>(count_at(row, 2)),
          .expires_unix_ms = count_at(row, 3),
          .child_sites = unpacked_sites(row.blob(4))};
}
KnownNode node_at(const Statement& row) {
  return {.id = id_at<NodeId>(row, 0),
          .public_key = std::string(row.text(1)),
          .site = id_at<SiteId>(row, 2),
          .hostname = std::string(row.text(3)),
          .joined_unix_ms = count_at(row, 4)};
}

class SqliteStore final : public Store {
 public:
  SqliteStore(Database database, std::optional<StateLock> lock) : lock_(std::move(lock)), database_(std::move(database)) {}
  Result<Done> prepare();

  Result<Done> begin() override;
  Result<Done> commit() override { return database_.run("commit"); }
  void roll_back() override { static_cast<void>(database_.run("rollback")); }  // fails only where SQLite has rolled back already

  Result<Done> put_site(const Site& site) override;
  Result<Done> put_token(const TokenRecord& token) override;
  Result<Done> put_node(const KnownNode& node) override;
  Result<Done> put_child(const KnownChild& child) override { return put_child_row(database_, child); }
  Result<std::optional<KnownChild>> find_child(const std::string& key) override { return find_child_row(database_, key); }
  Result<std::vector<KnownChild>> children() override { return child_rows(database_); }
  Result<Done> add_audit(const AuditEntry& entry) override;
  Result<Done> note(const std::vector<NodeNote>& notes) override;

  Result<std::vector<Site>> sites() override;
  Result<std::optional<Site>> find_site(const std::string& name_or_id) override;
  Result<std::optional<TokenRecord>> find_token(const std::string& secret_hash) override;
  Result<std::optional<KnownNode>> find_node(const std::string& public_key) override;
  Result<Done> each_node(const std::function<void(const StoredNode&)>& take) override;
  Result<std::vector<EncodedShape>> shapes() override;
  Result<std::vector<AuditEntry>> audit() override;
  Result<StoreFacts> facts() override;
  Result<Done> probe() override { return carry_out(sql(kProbe)); }
  Result<Done> tidy() override;

 private:
  Statement& sql(Sql which) { return statements_[which]; }
  static Result<Done> carry_out(Statement& statement);
  Result<Done> note_one(const NodeNote& note);
  template <class Record, class Read>
  static Result<std::optional<Record>> first(Statement& statement, Read read);
  template <class Take>
  Result<Done> each(const char* text, Take take);

  std::optional<StateLock> lock_;  // let go of last
  Database database_;
  std::vector<Statement> statements_;
  int log_frames_ = 0;
  bool relaxed_ = false;  ///< synchronous=NORMAL is on
};

Result<Done> SqliteStore::prepare() {
  // Checkpoints are ours (tidy): SQLite's own stand in the way of the commit that happens to be the thousandth, and hide their failures.
  if (auto set = database_.run("pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 0;"); !set) return set;
  const auto mode = database_.text("pragma journal_mode");
  if (!mode) return mode.error();
  if (*mode != "wal")
    return Error{ErrorCode::kUnavailable, database_.path() + ": its file system has no shared memory for a write-ahead log"};
  for (const char* text : kTexts) {
    auto statement = database_.prepare(text);
    if (!statement) return statement.error();
    statements_.push_back(std::move(*statement));
  }
  sqlite3_wal_hook(
      database_.raw(),
      [](void* frames, sqlite3*, const char*, int count) {
        *static_cast<int*>(frames) = count;
        return SQLITE_OK;
      },
      &log_frames_);
  return Done{};
}

Result<Done> SqliteStore::carry_out(Statement& statement) {
  const auto stepped = statement.step();
  if (!stepped) return stepped.error();
  return Done{};
}

Result<Done> SqliteStore::put_site(const Site& site) {
  auto& put = sql(kPutSite).bind_blob(1, site.id.bytes).bind(2, site.name).bind(3, site.region).bind(4, site.owner_class);
  put.bind(5, site.compute_class).bind(6, site.service);
  site.security_level ? put.bind(7, *site.security_level) : put.bind_null(7);
  return carry_out(put);
}
Result<Done> SqliteStore::put_token(const TokenRecord& token) {
  auto& put = sql(kPutToken).bind(1, token.secret_hash).bind_blob(2, token.site.bytes).bind(3, token.uses_left);
  const auto sites = packed_sites(token.child_sites);
  return carry_out(put.bind(4, as_signed(token.expires_unix_ms)).bind_blob(5, sites));
}
Result<Done> SqliteStore::put_node(const KnownNode& node) {
  return carry_out(sql(kPutNode)
                       .bind_blob(1, node.id.bytes)
                       .bind(2, node.public_key)
                       .bind_blob(3, node.site.bytes)
                       .bind(4, node.hostname)
                       .bind(5, as_signed(node.joined_unix_ms)));
}
Result<Done> SqliteStore::add_audit(const AuditEntry& entry) {
  return carry_out(sql(kAddAudit)
                       .bind(1, as_signed(entry.at_unix_ms))
                       .bind(2, entry.who)
                       .bind(3, entry.what)
                       .bind(4, entry.subject)
                       .bind(5, entry.detail));
}

Result<Done> SqliteStore::note_one(const NodeNote& note) {
  if (note.bytes) {
    auto& add = sql(kAddShape).bind_blob(1, note.bytes->id.bytes).bind(2, note.bytes->compressed ? 1 : 0);
    add.bind(3, note.bytes->raw_bytes).bind_blob(4, bytes_of(note.bytes->body)).bind(5, as_signed(note.seen_unix_ms));
    if (auto added = carry_out(add); !added) return added;
  }
  if (!note.shape) return carry_out(sql(kNoteSeen).bind_blob(1, note.node.bytes).bind(2, as_signed(note.seen_unix_ms)));
  return carry_out(sql(kNoteShape).bind_blob(1, note.node.bytes).bind_blob(2, note.shape->bytes).bind(3, as_signed(note.seen_unix_ms)));
}

Result<Done> SqliteStore::begin() {
  if (relaxed_) {  // nothing is promised before each commit is awaited on the disk again
    if (auto set = database_.run("pragma synchronous = full"); !set) return set;
    relaxed_ = false;
  }
  return database_.run("begin immediate");
}

Result<Done> SqliteStore::note(const std::vector<NodeNote>& notes) {
  if (auto set = database_.run("pragma synchronous = normal"); !set) return set;
  relaxed_ = true;
  auto done = database_.run("begin immediate");
  for (std::size_t i = 0; done && i < notes.size(); ++i) done = note_one(notes[i]);
  if (done) done = commit();
  if (!done) roll_back();
  if (auto set = database_.run("pragma synchronous = full")) relaxed_ = false;
  return done;
}

template <class Record, class Read>
Result<std::optional<Record>> SqliteStore::first(Statement& statement, Read read) {
  const auto row = statement.step();
  if (!row) return row.error();
  if (!*row) return std::optional<Record>();
  std::optional<Record> found = read(statement);
  statement.reset();
  return found;
}

template <class Take>
Result<Done> SqliteStore::each(const char* text, Take take) {
  auto statement = database_.prepare(text);
  if (!statement) return statement.error();
  for (;;) {
    const auto row = statement->step();
    if (!row) return row.error();
    if (!*row) return Done{};
    take(*statement);
  }
}

Result<std::optional<Site>> SqliteStore::find_site(const std::string& name_or_id) {
  auto& find = sql(kFindSite).bind(1, name_or_id);
  const auto id = parse_id<SiteId>(name_or_id);
  id ? find.bind_blob(2, id->bytes) : find.bind_null(2);
  return first<Site>(find, site_at);
}
Result<std::optional<TokenRecord>> SqliteStore::find_token(const std::string& secret_hash) {
  return first<TokenRecord>(sql(kFindToken).bind(1, secret_hash), token_at);
}
Result<std::optional<KnownNode>> SqliteStore::find_node(const std::string& public_key) {
  return first<KnownNode>(sql(kFindNode).bind(1, public_key), node_at);
}

Result<std::vector<Site>> SqliteStore::sites() {
  std::vector<Site> all;
  auto read = each("select id, name, region, owner_class, compute_class, service, security_level from sites",
                   [&all](const Statement& row) { all.push_back(site_at(row)); });
  if (!read) return read.error();
  return all;
}

Result<Done> SqliteStore::each_node(const std::function<void(const StoredNode&)>& take) {
  return each(
      "select n.id, n.public_key, n.site, n.hostname, n.joined_unix_ms, s.id, n.last_seen_unix_ms from nodes n "
      "left join shapes s on s.number = n.shape",
      [&take](const Statement& row) {
        StoredNode node{.node = node_at(row), .shape = {}, .last_seen_unix_ms = {}};
        if (!row.is_null(5)) node.shape = id_at<ShapeId>(row, 5);
        if (!row.is_null(6)) node.last_seen_unix_ms = count_at(row, 6);
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

Result<std::vector<AuditEntry>> SqliteStore::audit() {
  std::vector<AuditEntry> all;
  auto read = each("select at_unix_ms, who, what, subject, detail from audit order by number", [&all](const Statement& row) {
    all.push_back({.at_unix_ms = count_at(row, 0),
                   .who = std::string(row.text(1)),
                   .what = std::string(row.text(2)),
                   .subject = std::string(row.text(3)),
                   .detail = std::string(row.text(4))});
  });
  if (!read) return read.error();
  return all;
}

Result<StoreFacts> SqliteStore::facts() {
  return facts_of(database_);
}

Result<Done> SqliteStore::tidy() {
  if (log_frames_ < kTidyFrames) return Done{};
  const int code = sqlite3_wal_checkpoint_v2(database_.raw(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  log_frames_ = 0;  // on a failure: tried again after the next change
  if (code != SQLITE_OK && code != SQLITE_BUSY) return database_.last_error("move the write-ahead log");
  return Done{};
}

}  // namespace

Result<StoreFacts> facts_of(Database& database) {
  StoreFacts facts;
  const std::array<std::pair<const char*, std::uint64_t*>, 7> wanted = {{
      {"pragma user_version", &facts.version},
      {"select value from meta where name = 'generation'", &facts.generation},
      {"select count(*) from sites", &facts.sites},
      {"select count(*) from nodes", &facts.nodes},
      {"select count(*) from shapes", &facts.shapes},
      {"select count(*) from tokens", &facts.tokens},
      {"select count(*) from audit", &facts.audit_entries},
  }};
  for (const auto& [text, place] : wanted) {
    const auto value = database.number(text);
    if (!value) return value.error();
    *place = static_cast<std::uint64_t>(std::max<std::int64_t>(*value, 0));
  }
  return facts;
}

Result<std::unique_ptr<Store>> make_sqlite_store(Database database, std::optional<StateLock> lock) {
  auto store = std::make_unique<SqliteStore>(std::move(database), std::move(lock));
  if (auto prepared = store->prepare(); !prepared) return prepared.error();
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace capmap
