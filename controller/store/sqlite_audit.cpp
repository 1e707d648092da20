// The audit of the store: who is named, what is kept apart.
#include <algorithm>
#include <utility>

#include "controller/store/sqlite_tables.hpp"

namespace capmap {

Result<Done> SqliteStore::add_audit(const AuditEntry& entry) {
  if (actor_.empty()) return add_audit_row(database_, entry);
  AuditEntry named = entry;
  if (named.who == "admin") named.who = actor_;
  if (named.origin.empty()) named.origin = origin_;
  return add_audit_row(database_, named);
}

Result<std::vector<AuditEntry>> SqliteStore::audit() {
  auto lines = audit_lines(database_, 0, INT64_MAX);
  if (!lines) return lines.error();
  std::vector<AuditEntry> all;
  for (auto& line : *lines) all.push_back(std::move(line.entry));
  return all;
}

Result<AuditCheck> SqliteStore::check_audit(AuditCheck so_far, std::size_t most) {
  if (so_far.reached.number == 0 && !so_far.apart && lock_) {
    const auto kept = read_head_file(head_path(database_.path()));
    if (!kept && kept.error().code != ErrorCode::kAbsent) {
      so_far.broken = kept.error().what;
      so_far.done = true;
      return so_far;
    }
    if (kept) {
      so_far.apart = *kept;
      so_far.witnesses.push_back(*kept);
    }
  }
  const auto head = audit_head_row(database_);
  if (!head) return head.error();
  const auto lines = audit_lines(database_, so_far.reached.number, most);
  if (!lines) return lines.error();
  for (const auto& line : *lines) {
    if (!check_next(so_far, line)) return so_far;
  }
  if (lines->size() < most) check_end(so_far, *head);
  return so_far;
}

Result<Done> SqliteStore::keep_audit_head() {
  if (!lock_) return Done{};
  const auto head = audit_head_row(database_);
  if (!head) return head.error();
  if (head->number == 0 || *head == head_apart_) return Done{};
  if (auto written = write_head_file(head_path(database_.path()), *head); !written) return written;
  head_apart_ = *head;
  return Done{};
}

}  // namespace capmap
