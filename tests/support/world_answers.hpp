#pragma once
#include <memory>
#include <optional>
#include <utility>

#include "controller/requests.hpp"
#include "tests/support/played_sql.hpp"

namespace capmap::support {

/// An import adds all it names, and its digest is always "d1".
inline AdminChange import_change(const ImportRecords& import) {
  const auto body = import.read(import.body);
  if (!body) return body.error();
  auto outcome = std::make_shared<ImportOutcome>();
  outcome->digest = "d1";
  for (std::size_t i = 0; i < body->tables.size(); ++i) outcome->counts[i].added = body->tables[i].rows.size();
  using enum ImportOutcome::End;
  outcome->end = body->dry_run ? kShown : body->expect.empty() || body->expect == "d1" ? kApplied : kOtherThanShown;
  return ImportDone{std::move(outcome)};
}

/// What concerns users, API tokens and the audit: user "absent" and token "absent" are not known, user "exists" is there.
inline std::optional<AdminChange> access_change(const decltype(AdminRequest::what)& what) {
  const Error absent{ErrorCode::kAbsent, "there is none"};
  if (const auto* put = std::get_if<PutUser>(&what)) {
    if (put->name == "absent") return absent;
    if (put->name == "exists") return Error{ErrorCode::kDenied, "name: is already there"};
    return UserPut{.user = {.name = put->name, .role = put->role.value_or(Role::kViewer)}, .created = put->create};
  }
  if (const auto* removed = std::get_if<RemoveUser>(&what)) {
    return removed->name == "absent" ? AdminChange(absent) : UserRemoved{.name = removed->name, .tokens = 1};
  }
  if (const auto* make = std::get_if<MakeApiToken>(&what)) {
    if (make->user == "absent") return absent;
    return ApiTokenMade{.token = {.id = "t1", .user = make->user, .secret_hash = {}}, .secret = "cma1.secret"};
  }
  if (const auto* revoke = std::get_if<RevokeApiToken>(&what)) {
    return revoke->id == "absent" ? AdminChange(absent) : ApiTokenRevoked{{.id = revoke->id, .user = "a", .secret_hash = {}}};
  }
  if (const auto* pair = std::get_if<SettleDouble>(&what)) {
    return DoubleSettled{{.node = pair->node, .other = pair->other, .same = pair->same, .settled_unix_ms = 1'790'000'000'000}};
  }
  if (std::holds_alternative<NoteAudit>(what) || std::holds_alternative<NoteUses>(what)) return Noted{};
  const AuditEntry entry{.at_unix_ms = 1'790'000'000'000, .who = "a", .what = "b", .subject = "c", .detail = "d"};
  if (std::holds_alternative<AskAudit>(what)) return AuditPage{.lines = {{.number = 1, .entry = entry, .hash = audit_hash("", 1, entry)}}};
  if (const auto* check = std::get_if<CheckAudit>(&what)) {
    auto done = check->so_far;
    check_next(done, {.number = 1, .entry = entry, .hash = audit_hash("", 1, entry)});
    if (!done.done) check_end(done, done.reached);
    return done;
  }
  return std::nullopt;
}

}  // namespace capmap::support
