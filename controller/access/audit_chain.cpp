#include "controller/access/audit_chain.hpp"

#include <algorithm>
#include <utility>

#include "common/join_token.hpp"

namespace capmap {
namespace {

void add(std::string& bytes, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> static_cast<unsigned>(shift)));
}

void add(std::string& bytes, const std::string& text) {
  add(bytes, text.size());
  bytes += text;
}

}  // namespace

std::string audit_hash(const std::string& before, std::uint64_t number, const AuditEntry& entry) {
  std::string bytes = "capmap audit 1";
  add(bytes, before);
  add(bytes, number);
  add(bytes, entry.at_unix_ms);
  for (const auto* text : {&entry.who, &entry.what, &entry.subject, &entry.detail, &entry.origin}) add(bytes, *text);
  return secret_hash(bytes);
}

bool check_next(AuditCheck& check, const AuditLine& line) {
  const auto expected = check.reached.number + 1;
  const auto fail = [&check](std::string why) {
    check.broken = std::move(why);
    check.done = true;
    return false;
  };
  if (line.number != expected) {
    return fail("entry " + std::to_string(expected) + " is missing: entry " + std::to_string(line.number) + " comes next");
  }
  const auto hash = audit_hash(check.reached.hash, line.number, line.entry);
  if (hash != line.hash) {
    return fail("entry " + std::to_string(line.number) + " does not belong behind the one before it: it was changed, moved or put in");
  }
  for (const auto& witness : check.witnesses) {
    if (witness.number == line.number && witness.hash != hash) {
      return fail("entry " + std::to_string(line.number) + " is not the one that was written: the log was written anew up to it");
    }
  }
  check.reached = {.number = line.number, .hash = hash};
  return true;
}

void check_end(AuditCheck& check, const AuditHead& head) {
  check.done = true;
  auto longest = head.number;
  for (const auto& witness : check.witnesses) longest = std::max(longest, witness.number);
  if (check.reached.number < longest) {
    check.broken = "the log ends with entry " + std::to_string(check.reached.number) + ", but entry " + std::to_string(longest) +
                   " was written: its end was cut off";
  } else if (check.reached != head) {
    check.broken = "the log goes on behind entry " + std::to_string(head.number) + ", where it says that it ends: entries were put in";
  }
}

}  // namespace capmap
