#include "controller/store/audit_rows.hpp"

#include <algorithm>
#include <utility>

#include "controller/store/files.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostLookedAt = 20'000;  ///< a page: who asks for little of much gets short pages
constexpr std::size_t kHashCharacters = 64;

std::int64_t as_signed(std::uint64_t value) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX));
}

std::uint64_t as_count(std::int64_t value) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
}

Result<Done> carry_out(Statement& statement) {
  const auto stepped = statement.step();
  if (!stepped) return stepped.error();
  return Done{};
}

constexpr const char* kBehind =
    "select number, at_unix_ms, who, what, subject, detail, origin, hash from audit where number > ?1 order by number limit ?2";
constexpr const char* kBefore =
    "select number, at_unix_ms, who, what, subject, detail, origin, hash from audit where number < ?1 order by number desc limit ?2";

AuditLine line_at(const Statement& row) {
  AuditLine line{.number = as_count(row.number(0)), .entry = {}, .hash = std::string(row.text(7))};
  auto& entry = line.entry;
  entry.at_unix_ms = as_count(row.number(1));
  int column = 2;
  for (auto* text : {&entry.who, &entry.what, &entry.subject, &entry.detail, &entry.origin}) *text = row.text(column++);
  return line;
}

Result<Done> put_head(Database& database, const AuditHead& head) {
  auto put = database.prepare(
      "insert into audit_head values (1, ?1, ?2) on conflict (one) do update set number = excluded.number, hash = excluded.hash");
  if (!put) return put.error();
  return carry_out(put->bind(1, as_signed(head.number)).bind(2, head.hash));
}

Result<Done> chain_all(Database& database) {
  AuditHead head;
  auto put = database.prepare("update audit set hash = ?2 where number = ?1");
  if (!put) return put.error();
  for (;;) {
    const auto lines = audit_lines(database, head.number, 1'000);
    if (!lines) return lines.error();
    if (lines->empty()) return put_head(database, head);
    for (const auto& line : *lines) {
      head = {.number = line.number, .hash = audit_hash(head.hash, line.number, line.entry)};
      if (auto done = carry_out(put->bind(1, as_signed(head.number)).bind(2, head.hash)); !done) return done;
    }
  }
}

}  // namespace

Result<AuditHead> audit_head_row(Database& database) {
  auto find = database.prepare("select number, hash from audit_head");
  if (!find) return find.error();
  const auto row = find->step();
  if (!row) return row.error();
  if (!*row) return AuditHead{};
  return AuditHead{.number = as_count(find->number(0)), .hash = std::string(find->text(1))};
}

Result<Done> add_audit_row(Database& database, const AuditEntry& entry) {
  const auto head = audit_head_row(database);
  if (!head) return head.error();
  const auto number = head->number + 1;
  const auto hash = audit_hash(head->hash, number, entry);
  auto put = database.prepare(
      "insert into audit (number, at_unix_ms, who, what, subject, detail, origin, hash) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  if (!put) return put.error();
  put->bind(1, as_signed(number)).bind(2, as_signed(entry.at_unix_ms)).bind(3, entry.who).bind(4, entry.what).bind(5, entry.subject);
  put->bind(6, entry.detail).bind(7, entry.origin).bind(8, hash);
  if (auto done = carry_out(*put); !done) return done;
  return put_head(database, {.number = number, .hash = hash});
}

Result<std::vector<AuditLine>> audit_lines(Database& database, std::uint64_t after, std::size_t most) {
  auto rows = database.prepare(kBehind);
  if (!rows) return rows.error();
  rows->bind(1, as_signed(after)).bind(2, as_signed(most));
  std::vector<AuditLine> lines;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return lines;
    lines.push_back(line_at(*rows));
  }
}

Result<AuditPage> audit_rows(Database& database, const AuditQuestion& question) {
  auto rows = database.prepare(kBefore);
  if (!rows) return rows.error();
  rows->bind(1, as_signed(question.before)).bind(2, as_signed(kMostLookedAt + 1));
  AuditPage page;
  std::uint64_t last = 0;
  for (std::size_t looked_at = 0;; ++looked_at) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return page;
    if (looked_at == kMostLookedAt || page.lines.size() == question.limit) {
      page.next = last;
      return page;
    }
    auto line = line_at(*rows);
    last = line.number;
    const bool wanted = line.entry.at_unix_ms >= question.since_unix_ms && (question.who.empty() || line.entry.who == question.who) &&
                        (question.what.empty() || line.entry.what == question.what);
    if (wanted) page.lines.push_back(std::move(line));
  }
}

Result<Done> chain_audit(Database& database) {
  const auto heads = database.number("select count(*) from audit_head");
  if (!heads) return heads.error();
  if (*heads != 0) return Done{};
  auto done = database.run("begin immediate");
  if (done) done = chain_all(database);
  if (done) done = database.run("commit");
  if (!done) static_cast<void>(database.run("rollback"));
  return done;
}

std::string head_path(const std::string& database_path) {
  return database_path.substr(0, database_path.find_last_of('/') + 1) + "audit.head";
}

Result<AuditHead> read_head_file(const std::string& path) {
  const auto text = read_whole_file(path, 4'096);
  if (!text) return text.error();
  const auto blank = text->find(' ');
  const auto end = std::min(text->find('\n'), text->size());
  const auto digits = text->substr(0, blank);
  if (blank == std::string::npos || digits.empty() || digits.size() > 19 || digits.find_first_not_of("0123456789") != std::string::npos ||
      end != blank + 1 + kHashCharacters) {
    return Error{ErrorCode::kMalformed, path + ": must be one line of a number and a hash; move it away if you know who wrote it"};
  }
  return AuditHead{.number = std::stoull(digits), .hash = text->substr(blank + 1, kHashCharacters)};
}

Result<Done> write_head_file(const std::string& path, const AuditHead& head) {
  return write_file_atomically(path, std::to_string(head.number) + " " + head.hash + "\n", 0600);
}

}  // namespace capmap
