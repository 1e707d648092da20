#include "controller/store/access_rows.hpp"

#include <algorithm>
#include <utility>

namespace capmap {
namespace {

/// "11,3205,s-…": regions are digits, sites begin with s-.
std::string packed(const Scope& scope) {
  std::string text;
  for (const auto& code : scope.regions) text += (text.empty() ? "" : ",") + code;
  for (const auto& site : scope.sites) text += (text.empty() ? "" : ",") + to_text(site);
  return text;
}

/// A part that cannot be read must not make the scope wider: it stands for a site that there is not.
Scope unpacked(std::string_view text) {
  Scope scope;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto part = text.substr(0, comma);
    if (const bool digits = !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos; digits) {
      scope.regions.emplace_back(part);
    } else {
      const auto site = parse_id<SiteId>(part);
      scope.sites.push_back(site ? *site : SiteId{});
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  std::sort(scope.regions.begin(), scope.regions.end());
  std::sort(scope.sites.begin(), scope.sites.end());
  return scope;
}

/// One that cannot be read may least.
Role role_at(const Statement& row, int column) {
  const auto number = row.number(column);
  return number > 0 && number < static_cast<std::int64_t>(kRoleNames.size()) ? static_cast<Role>(number) : Role::kViewer;
}

std::uint64_t time_at(const Statement& row, int column) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(row.number(column), 0));
}

std::optional<std::uint64_t> time_or_none(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(time_at(row, column));
}

std::int64_t as_signed(std::uint64_t value) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX));
}

void bind_time(Statement& put, int index, const std::optional<std::uint64_t>& value) {
  value ? put.bind(index, as_signed(*value)) : put.bind_null(index);
}

Result<Done> carry_out(Statement& statement) {
  const auto stepped = statement.step();
  if (!stepped) return stepped.error();
  return Done{};
}

Result<Done> run_with(Database& database, const char* sql, const std::string& text) {
  auto statement = database.prepare(sql);
  if (!statement) return statement.error();
  return carry_out(statement->bind(1, text));
}

}  // namespace

Result<Done> put_user_row(Database& database, const User& user) {
  auto put = database.prepare(
      "insert into users values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict (name) do update set role = excluded.role, "
      "scope = excluded.scope, password_hash = excluded.password_hash, expires_unix_ms = excluded.expires_unix_ms, "
      "disabled = excluded.disabled, last_used_unix_ms = excluded.last_used_unix_ms");
  if (!put) return put.error();
  const auto scope = packed(user.scope);
  put->bind(1, user.name).bind(2, static_cast<std::int64_t>(user.role)).bind(3, scope).bind(4, user.password_hash);
  put->bind(5, as_signed(user.created_unix_ms));
  bind_time(*put, 6, user.expires_unix_ms);
  put->bind(7, std::int64_t{user.disabled ? 1 : 0});
  bind_time(*put, 8, user.last_used_unix_ms);
  return carry_out(*put);
}

Result<Done> remove_user_row(Database& database, const std::string& name) {
  if (auto done = run_with(database, "delete from api_tokens where user = ?1", name); !done) return done;
  return run_with(database, "delete from users where name = ?1", name);
}

Result<Done> put_api_token_row(Database& database, const ApiToken& token) {
  auto put = database.prepare(
      "insert into api_tokens values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) on conflict (id) do update set "
      "last_used_unix_ms = excluded.last_used_unix_ms");
  if (!put) return put.error();
  const auto scope = packed(token.scope);
  put->bind(1, token.id).bind(2, token.user).bind(3, token.secret_hash).bind(4, static_cast<std::int64_t>(token.role));
  put->bind(5, scope).bind(6, token.label).bind(7, as_signed(token.created_unix_ms));
  bind_time(*put, 8, token.expires_unix_ms);
  bind_time(*put, 9, token.last_used_unix_ms);
  return carry_out(*put);
}

Result<Done> remove_api_token_row(Database& database, const std::string& id) {
  return run_with(database, "delete from api_tokens where id = ?1", id);
}

Result<AccessTable> access_rows(Database& database) {
  std::vector<User> users;
  std::vector<ApiToken> tokens;
  auto rows = database.prepare(
      "select name, role, scope, password_hash, created_unix_ms, expires_unix_ms, disabled, last_used_unix_ms from users order by name");
  if (!rows) return rows.error();
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) break;
    users.push_back({.name = std::string(rows->text(0)),
                     .role = role_at(*rows, 1),
                     .scope = unpacked(rows->text(2)),
                     .password_hash = std::string(rows->text(3)),
                     .created_unix_ms = time_at(*rows, 4),
                     .expires_unix_ms = time_or_none(*rows, 5),
                     .disabled = rows->number(6) != 0,
                     .last_used_unix_ms = time_or_none(*rows, 7)});
  }
  rows = database.prepare(
      "select id, user, secret_hash, role, scope, label, created_unix_ms, expires_unix_ms, last_used_unix_ms from api_tokens "
      "order by user, created_unix_ms, id");
  if (!rows) return rows.error();
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) break;
    tokens.push_back({.id = std::string(rows->text(0)),
                      .user = std::string(rows->text(1)),
                      .secret_hash = std::string(rows->text(2)),
                      .role = role_at(*rows, 3),
                      .scope = unpacked(rows->text(4)),
                      .label = std::string(rows->text(5)),
                      .created_unix_ms = time_at(*rows, 6),
                      .expires_unix_ms = time_or_none(*rows, 7),
                      .last_used_unix_ms = time_or_none(*rows, 8)});
  }
  return AccessTable(std::move(users), std::move(tokens));
}

}  // namespace capmap
