#include "controller/history/cell_history.hpp"

#include <span>
#include <utility>

namespace capmap {
namespace {

template <class Id>
std::span<const std::uint8_t> bytes_of(const Id& id) {
  return id.bytes;
}
std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::int64_t number_of(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

/// Runs a prepared statement once a thing, bound by `bind`.
template <class Things, class Bind>
Result<Done> put_each(Database& database, const char* sql, const Things& things, Bind bind) {
  if (things.empty()) return Done{};
  auto statement = database.prepare(sql);
  if (!statement) return statement.error();
  for (const auto& thing : things) {
    bind(*statement, thing);
    if (auto put = statement->step(); !put) return put.error();
    statement->reset();
  }
  return Done{};
}

std::int64_t state_bits(const PastKey& key) {
  return static_cast<std::int64_t>(key.liveness) | static_cast<std::int64_t>(key.service) << 4 |
         static_cast<std::int64_t>(key.verdict) << 8;
}

void bind_key(Statement& statement, int first, const std::optional<PastKey>& key) {
  for (int i = 0; i < 4 && !key; ++i) statement.bind_null(first + i);
  if (!key) return;
  statement.bind(first, std::int64_t{key->site}).bind(first + 1, std::int64_t{key->pool});
  statement.bind(first + 2, std::int64_t{key->hardware}).bind(first + 3, state_bits(*key));
}

}  // namespace

Result<Done> CellHistory::put_names(const NewNames& names) {
  auto done = put_each(database_, "insert into sites values (?1, ?2)", names.sites, [](Statement& to, const NewNames::SiteName& site) {
    to.bind(1, std::int64_t{site.number}).bind_blob(2, bytes_of(site.id));
  });
  if (done) {
    done = put_each(database_, "insert into pools values (?1, ?2, ?3)", names.pools, [](Statement& to, const NewNames::PoolName& pool) {
      to.bind(1, std::int64_t{pool.number}).bind_blob(2, bytes_of(pool.id)).bind(3, std::int64_t{pool.site});
    });
  }
  if (done) {
    done = put_each(database_, "insert into hardware values (?1, ?2, ?3)", names.hardware,
                    [](Statement& to, const NewNames::HardwareName& row) {
                      to.bind(1, std::int64_t{row.number}).bind_blob(2, bytes_of(row.id)).bind_blob(3, bytes_of(row.body));
                    });
  }
  const auto put_words = [](Statement& to, const NewNames::Words& words) {
    to.bind(1, std::int64_t{words.number}).bind(2, number_of(words.from_unix_ms)).bind(3, words.words);
  };
  if (done) done = put_each(database_, "insert or replace into site_words values (?1, ?2, ?3)", names.site_words, put_words);
  if (done) done = put_each(database_, "insert or replace into pool_words values (?1, ?2, ?3)", names.pool_words, put_words);
  return done;
}

Result<Done> CellHistory::put_events(const std::vector<PastEvent>& events) {
  return put_each(database_,
                  "insert into events (at_unix_ms, node, kind, from_site, from_pool, from_hardware, from_state, to_site, to_pool, "
                  "to_hardware, to_state) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                  events, [](Statement& to, const PastEvent& event) {
                    to.bind(1, number_of(event.at_unix_ms)).bind(3, static_cast<std::int64_t>(event.kind));
                    if (event.kind == PastEventKind::kMissed) {
                      to.bind_null(2);
                    } else {
                      to.bind_blob(2, bytes_of(event.node));
                    }
                    bind_key(to, 4, event.from);
                    bind_key(to, 8, event.to);
                  });
}

Result<Done> CellHistory::put_record(const HistoryRecord& record) {
  if (record.span.number == 0) return Done{};
  auto span =
      database_.prepare("insert into spans values (?1, ?2, ?3) on conflict (number) do update set until_unix_ms = excluded.until_unix_ms");
  if (!span) return span.error();
  span->bind(1, record.span.number).bind(2, number_of(record.span.from_unix_ms)).bind(3, number_of(record.span.until_unix_ms));
  if (auto put = span->step(); !put) return put.error();
  if (record.base) {
    const auto body = pack_moments({&*record.base, 1});
    auto base = database_.prepare("insert into bases values (?1, ?2, ?3)");
    if (!base) return base.error();
    base->bind(1, number_of(record.base->at_unix_ms)).bind(2, record.span.number).bind_blob(3, bytes_of(body));
    if (auto put = base->step(); !put) return put.error();
  }
  if (!record.changes.empty()) {
    const auto body = pack_moments(record.changes);
    auto changes = database_.prepare("insert into changes values (?1, ?2, ?3, ?4)");
    if (!changes) return changes.error();
    changes->bind(1, number_of(record.changes.front().at_unix_ms)).bind(2, number_of(record.changes.back().at_unix_ms));
    changes->bind(3, record.span.number).bind_blob(4, bytes_of(body));
    if (auto put = changes->step(); !put) return put.error();
  }
  return put_events(record.events);
}

Result<Done> CellHistory::write(const NewNames& names, const HistoryRecord& record) {
  if (auto begun = database_.run("begin immediate"); !begun) return begun;
  auto done = put_names(names);
  if (done) done = put_record(record);
  if (done) done = database_.run("commit");
  if (!done) static_cast<void>(database_.run("rollback"));
  return done;
}

Result<std::uint64_t> CellHistory::forget_before(std::uint64_t unix_ms) {
  // The newest base before the moment stays: what follows it is summed from there.
  auto kept = database_.prepare("select max(at_unix_ms) from bases where at_unix_ms <= ?1");
  if (!kept) return kept.error();
  kept->bind(1, number_of(unix_ms));
  if (const auto row = kept->step(); !row) return row.error();
  if (kept->is_null(0)) return std::uint64_t{0};
  const auto from = kept->number(0);
  kept->reset();
  if (auto begun = database_.run("begin immediate"); !begun) return begun.error();
  std::uint64_t gone = 0;
  for (const char* sql : {"delete from bases where at_unix_ms < ?1", "delete from changes where until_unix_ms <= ?1",
                          "delete from events where at_unix_ms < ?1", "delete from spans where until_unix_ms < ?1"}) {
    auto statement = database_.prepare(sql);
    const auto done = statement ? statement->bind(1, from).step() : Result<bool>(statement.error());
    if (!done) {
      static_cast<void>(database_.run("rollback"));
      return done.error();
    }
    gone += static_cast<std::uint64_t>(database_.changes());
  }
  if (auto done = database_.run("commit"); !done) {
    static_cast<void>(database_.run("rollback"));
    return done.error();
  }
  return gone;
}

}  // namespace capmap
