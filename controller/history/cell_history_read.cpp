// What the change log is asked.
#include <algorithm>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "common/time_text.hpp"
#include "controller/history/cell_history.hpp"
#include "controller/history/past_words.hpp"

namespace capmap {
namespace {

template <class Id>
Id id_at(const Statement& row, int column) {
  Id id;
  const auto bytes = row.blob(column);
  if (bytes.size() == id.bytes.size()) std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
  return id;
}

std::uint64_t unix_ms_at(const Statement& row, int column) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(row.number(column), 0));
}

std::uint32_t small_at(const Statement& row, int column) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(row.number(column), 0, UINT32_MAX));
}

std::string_view body_at(const Statement& row, int column) {
  const auto bytes = row.blob(column);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Steps through all rows; stops at the first error of either side.
template <class Take>
Result<Done> each_row(Statement& statement, Take take) {
  for (;;) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return Done{};
    if (auto taken = take(statement); !taken) return taken;
  }
}

std::optional<PastKey> key_at(const Statement& row, int first) {
  if (row.is_null(first)) return std::nullopt;
  const auto state = row.number(first + 3);
  PastKey key{.site = small_at(row, first), .pool = small_at(row, first + 1), .hardware = small_at(row, first + 2)};
  key.liveness = static_cast<Liveness>(std::min<std::int64_t>(state & 0xF, kLivenessCount - 1));
  key.service = static_cast<ServiceState>(std::min<std::int64_t>(state >> 4 & 0xF, kServiceStateNames.size() - 1));
  key.verdict = static_cast<Verdict>(std::min<std::int64_t>(state >> 8 & 0xF, kVerdictNames.size() - 1));
  return key;
}

/// "[1,5]": numbers of sites that all scopes cover.
std::string numbers_within(const std::vector<Scope>& scopes, const std::vector<std::shared_ptr<const Site>>& sites) {
  std::string list = "[";
  for (std::size_t i = 0; i < sites.size() && !scopes.empty(); ++i) {
    const auto covers = [&site = sites[i]](const Scope& scope) { return scope.covers(site->id, site->region); };
    if (sites[i] && std::ranges::all_of(scopes, covers)) list += (list.size() == 1 ? "" : ",") + std::to_string(i);
  }
  return list + "]";
}

PastSpan span_at(const Statement& row) {
  return {.number = row.number(0), .from_unix_ms = unix_ms_at(row, 1), .until_unix_ms = unix_ms_at(row, 2)};
}

}  // namespace

Result<PastNames> CellHistory::names() {
  PastNames names;
  auto sites = database_.prepare(
      "select number, id, coalesce((select words from site_words where site = number order by from_unix_ms desc limit 1), '') from sites");
  if (!sites) return sites.error();
  auto done = each_row(*sites, [&names](const Statement& row) -> Result<Done> {
    names.add_known_site(small_at(row, 0), id_at<SiteId>(row, 1), std::string(row.text(2)));
    return Done{};
  });
  if (!done) return done.error();
  auto pools = database_.prepare(
      "select number, id, coalesce((select words from pool_words where pool = number order by from_unix_ms desc limit 1), '') from pools");
  if (!pools) return pools.error();
  done = each_row(*pools, [&names](const Statement& row) -> Result<Done> {
    names.add_known_pool(small_at(row, 0), id_at<PoolId>(row, 1), std::string(row.text(2)));
    return Done{};
  });
  if (!done) return done.error();
  auto hardware = database_.prepare("select number, id from hardware");
  if (!hardware) return hardware.error();
  done = each_row(*hardware, [&names](const Statement& row) -> Result<Done> {
    names.add_known_hardware(small_at(row, 0), id_at<ShapeId>(row, 1));
    return Done{};
  });
  if (!done) return done.error();
  return names;
}

Result<std::vector<PastSpan>> CellHistory::spans() {
  std::vector<PastSpan> spans;
  auto rows = database_.prepare("select number, from_unix_ms, until_unix_ms from spans order by from_unix_ms");
  if (!rows) return rows.error();
  const auto done = each_row(*rows, [&spans](const Statement& row) -> Result<Done> {
    spans.push_back(span_at(row));
    return Done{};
  });
  if (!done) return done.error();
  return spans;
}

Result<std::optional<PastSpan>> CellHistory::last_span() {
  auto rows = database_.prepare("select number, from_unix_ms, until_unix_ms from spans order by number desc limit 1");
  if (!rows) return rows.error();
  const auto row = rows->step();
  if (!row) return row.error();
  return *row ? std::optional(span_at(*rows)) : std::nullopt;
}

Result<PastPlace> CellHistory::find(std::uint64_t at_unix_ms) {
  const auto all = spans();
  if (!all) return all.error();
  if (all->empty()) return Error{ErrorCode::kAbsent, "at: no history is kept yet: it begins with the first complete map"};
  if (at_unix_ms < all->front().from_unix_ms) {
    return Error{ErrorCode::kAbsent, "at: history begins at " + rfc3339_text(all->front().from_unix_ms)};
  }
  const auto after = std::ranges::upper_bound(*all, at_unix_ms, {}, &PastSpan::from_unix_ms);
  PastPlace place{.span = *(after - 1), .as_of_unix_ms = std::min(at_unix_ms, (after - 1)->until_unix_ms)};
  if (at_unix_ms > place.span.until_unix_ms && after != all->end()) place.next_unix_ms = after->from_unix_ms;
  return place;
}

Result<std::vector<PastCell>> CellHistory::cells(const PastPlace& place) {
  auto base = database_.prepare("select at_unix_ms, body from bases where span = ?1 and at_unix_ms <= ?2 order by at_unix_ms desc limit 1");
  if (!base) return base.error();
  const auto as_of = static_cast<std::int64_t>(place.as_of_unix_ms);
  base->bind(1, place.span.number).bind(2, as_of);
  const auto row = base->step();
  if (!row) return row.error();
  if (!*row) return Error{ErrorCode::kMalformed, database_.path() + ": a span without its first record"};
  const auto base_at = base->number(0);
  auto moments = unpack_moments(body_at(*base, 1));
  if (!moments) return Error{ErrorCode::kMalformed, database_.path() + ": " + moments.error().what};
  if (moments->size() != 1) return Error{ErrorCode::kMalformed, database_.path() + ": a base of more than one moment"};
  auto cells = std::move(moments->front().cells);
  base->reset();

  auto changes = database_.prepare("select body from changes where span = ?1 and until_unix_ms > ?2 and from_unix_ms <= ?3");
  if (!changes) return changes.error();
  changes->bind(1, place.span.number).bind(2, base_at).bind(3, as_of);
  const auto done = each_row(*changes, [&](const Statement& change) -> Result<Done> {
    const auto of_record = unpack_moments(body_at(change, 0));
    if (!of_record) return Error{ErrorCode::kMalformed, database_.path() + ": " + of_record.error().what};
    for (const auto& moment : *of_record) {
      if (moment.at_unix_ms <= static_cast<std::uint64_t>(base_at) || moment.at_unix_ms > place.as_of_unix_ms) continue;
      cells.insert(cells.end(), moment.cells.begin(), moment.cells.end());
    }
    if (cells.size() > 4 * kMostPastCells) return Error{ErrorCode::kFull, "more has changed since the last base than can be summed"};
    return Done{};
  });
  if (!done) return done.error();
  sum_up(cells);
  return cells;
}

Result<PastTables> CellHistory::tables(std::uint64_t at_unix_ms) {
  PastTables tables;
  std::unordered_map<std::uint32_t, SiteId> site_ids;
  const auto at = static_cast<std::int64_t>(at_unix_ms);
  // A thing whose words came later than the moment is told by its first ones: its cells cannot be older.
  auto sites = database_.prepare(
      "select number, id, coalesce((select words from site_words where site = number and from_unix_ms <= ?1 order by from_unix_ms desc "
      "limit 1), (select words from site_words where site = number order by from_unix_ms limit 1), '{}') from sites");
  if (!sites) return sites.error();
  sites->bind(1, at);
  auto done = each_row(*sites, [&](const Statement& row) -> Result<Done> {
    const auto number = small_at(row, 0);
    auto site = site_of(id_at<SiteId>(row, 1), row.text(2));
    if (!site) return site.error();
    site_ids.emplace(number, site->id);
    if (tables.sites.size() <= number) tables.sites.resize(number + std::size_t{1});
    tables.sites[number] = std::make_shared<const Site>(std::move(*site));
    return Done{};
  });
  if (!done) return done.error();
  auto pools = database_.prepare(
      "select number, id, site, coalesce((select words from pool_words where pool = number and from_unix_ms <= ?1 order by from_unix_ms "
      "desc limit 1), (select words from pool_words where pool = number order by from_unix_ms limit 1), '{}') from pools");
  if (!pools) return pools.error();
  pools->bind(1, at);
  done = each_row(*pools, [&](const Statement& row) -> Result<Done> {
    const auto number = small_at(row, 0);
    const auto site = site_ids.find(small_at(row, 2));
    auto pool = pool_of(id_at<PoolId>(row, 1), site == site_ids.end() ? SiteId{} : site->second, row.text(3));
    if (!pool) return pool.error();
    if (tables.pools.size() <= number) tables.pools.resize(number + std::size_t{1});
    tables.pools[number] = std::make_shared<const Pool>(std::move(*pool));
    return Done{};
  });
  if (!done) return done.error();
  return tables;
}

Result<std::map<std::uint32_t, std::string>> CellHistory::hardware(const std::vector<std::uint32_t>& numbers) {
  std::map<std::uint32_t, std::string> bodies;
  auto rows = database_.prepare("select body from hardware where number = ?1");
  if (!rows) return rows.error();
  for (const auto number : numbers) {
    rows->bind(1, std::int64_t{number});
    const auto row = rows->step();
    if (!row) return row.error();
    if (*row) bodies.emplace(number, body_at(*rows, 0));
    rows->reset();
  }
  return bodies;
}

Result<std::vector<PastEvent>> CellHistory::events(const EventQuestion& question, const std::vector<std::shared_ptr<const Site>>& sites) {
  std::vector<PastEvent> events;
  std::string sql =
      "select at_unix_ms, node, kind, from_site, from_pool, from_hardware, from_state, to_site, to_pool, to_hardware, to_state from events "
      "where at_unix_ms >= ?1 and at_unix_ms < ?2";
  if (question.node) sql += " and node = ?5";
  const auto within = numbers_within(question.scopes, sites);
  if (!question.scopes.empty()) {
    sql += " and (kind = ?7 or from_site in (select value from json_each(?6)) or to_site in (select value from json_each(?6)))";
  }
  auto rows = database_.prepare((sql + " order by at_unix_ms, number limit ?4 offset ?3").c_str());
  if (!rows) return rows.error();
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX)); };
  rows->bind(1, number(question.from_unix_ms)).bind(2, number(question.until_unix_ms));
  rows->bind(3, number(question.skip)).bind(4, number(question.limit));
  if (question.node) rows->bind_blob(5, question.node->bytes);
  if (!question.scopes.empty()) rows->bind(6, std::string_view(within)).bind(7, static_cast<std::int64_t>(PastEventKind::kMissed));
  const auto done = each_row(*rows, [&events](const Statement& row) -> Result<Done> {
    const auto kind = row.number(2);
    const bool known = kind > 0 && kind < static_cast<std::int64_t>(kPastEventNames.size());
    events.push_back({.at_unix_ms = unix_ms_at(row, 0),
                      .kind = known ? static_cast<PastEventKind>(kind) : PastEventKind::kUnknown,
                      .node = id_at<NodeId>(row, 1),
                      .from = key_at(row, 3),
                      .to = key_at(row, 7)});
    return Done{};
  });
  if (!done) return done.error();
  return events;
}

}  // namespace capmap
