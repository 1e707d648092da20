#include "controller/store/sqlite_store.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <vector>

#include "controller/store/child_rows.hpp"
#include "controller/store/declared_words.hpp"
#include "controller/store/site_codes.hpp"
#include "controller/store/sqlite_tables.hpp"

namespace capmap {
namespace {

constexpr int kTidyFrames = 1'000;  ///< of 4 KiB in the write-ahead log

template <class Number>
std::optional<Number> number_or_none(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(static_cast<Number>(row.number(column)));
}
template <class Number>
void bind_or_null(Statement& put, int index, const std::optional<Number>& value) {
  value ? put.bind(index, *value) : put.bind_null(index);
}

Site site_at(const Statement& row) {
  Site site;
  site.id = id_at<SiteId>(row, 0);
  site.name = row.text(1);
  site.region = row.text(2);
  site.owner_class = row.text(3);
  site.compute_class = row.text(4);
  site.service = row.text(5);
  site.security_level = number_or_none<std::uint32_t>(row, 6);
  site.hub = row.text(7);
  site.hub_cluster = row.text(8);
  site.industry = row.text(9);
  if (!row.is_null(10)) site.public_compute = row.number(10) != 0;
  site.declared = unpacked_declared(row.text(11));
  site.owner = row.text(12);
  site.filing_number = row.text(13);
  site.latitude_udeg = number_or_none<std::int32_t>(row, 14);
  site.longitude_udeg = number_or_none<std::int32_t>(row, 15);
  site.pue_permille = number_or_none<std::uint32_t>(row, 16);
  site.green_share_permille = number_or_none<std::uint32_t>(row, 17);
  return site;
}
}  // namespace

Result<Done> SqliteStore::prepare() {
  // Checkpoints are ours (tidy): SQLite's own stand in the way of the commit that happens to be the thousandth, and hide their failures.
  if (auto set = database_.run("pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 0;"); !set) return set;
  const auto mode = database_.text("pragma journal_mode");
  if (!mode) return mode.error();
  if (*mode != "wal")
    return Error{ErrorCode::kUnavailable, database_.path() + ": its file system has no shared memory for a write-ahead log"};
  if (auto chained = chain_audit(database_); !chained) return chained;
  for (const char* text : kSqlTexts) {
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
  bind_or_null(put, 7, site.security_level);
  put.bind(8, site.hub).bind(9, site.hub_cluster).bind(10, site.industry);
  site.public_compute ? put.bind(11, *site.public_compute ? 1 : 0) : put.bind_null(11);
  const auto declared = packed(site.declared);
  put.bind(12, declared).bind(13, site.owner).bind(14, site.filing_number);
  bind_or_null(put, 15, site.latitude_udeg);
  bind_or_null(put, 16, site.longitude_udeg);
  bind_or_null(put, 17, site.pue_permille);
  bind_or_null(put, 18, site.green_share_permille);
  if (auto done = carry_out(put); !done) return done;
  return put_code_row(database_, site);
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

Result<std::optional<Site>> SqliteStore::find_site(const std::string& name_or_id) {
  auto& find = sql(kFindSite).bind(1, name_or_id);
  const auto id = parse_id<SiteId>(name_or_id);
  id ? find.bind_blob(2, id->bytes) : find.bind_null(2);
  auto site = first<Site>(find, site_at);
  if (!site || !*site) return site;
  std::vector<Site> one = {**site};
  if (auto added = add_codes(database_, one); !added) return added.error();
  return std::optional(std::move(one.front()));
}
Result<std::vector<Site>> SqliteStore::sites() {
  std::vector<Site> all;
  auto read = each(
      "select id, name, region, owner_class, compute_class, service, security_level, hub, hub_cluster, industry, "
      "public_compute, declared, owner, filing_number, latitude_udeg, longitude_udeg, pue_permille, green_share_permille from sites",
      [&all](const Statement& row) { all.push_back(site_at(row)); });
  if (read) read = add_codes(database_, all);
  if (!read) return read.error();
  return all;
}

Result<ControllerId> SqliteStore::make_controller_id() {
  const auto known = controller_id();
  if (!known) return known.error();
  if (*known) return **known;
  const auto id = random_id<ControllerId>();
  if (auto begun = begin(); !begun) return begun.error();
  auto done = write_controller_id(database_, id);
  if (done) done = commit();
  if (done) return id;
  roll_back();
  return done.error();
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
