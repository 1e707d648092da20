#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace capmap {

/// Who changed what, or was refused.
struct AuditEntry {
  std::uint64_t at_unix_ms = 0;
  std::string who;      ///< "admin", "join", a user's name, "anonymous"
  std::string what;     ///< "site_added", "token_created", "node_joined", "refused"
  std::string subject;  ///< the id of what was changed
  std::string detail;
  std::string origin{};  ///< where it came from: an address and by what it was shown who asks; empty: from within
  bool operator==(const AuditEntry&) const = default;
};

/// Of an empty log.
inline constexpr const char* kNoAuditHash = "";
/// The hash of entry `number` (from 1), which binds it and all before it: BLAKE2b-256, hex, of the hash before, the number and each field
/// behind its length.
std::string audit_hash(const std::string& before, std::uint64_t number, const AuditEntry& entry);

/// How far a log goes: the number of its last entry and that one's hash. Kept apart from the log, it tells when the log's end is cut off.
struct AuditHead {
  std::uint64_t number = 0;
  std::string hash;
  bool operator==(const AuditHead&) const = default;
};

/// Entries of a log, newest first.
struct AuditQuestion {
  std::uint64_t before = UINT64_MAX;  ///< only entries of smaller numbers
  std::uint64_t since_unix_ms = 0;
  std::string who{}, what{};  ///< exactly; empty: of all
  std::size_t limit = 100;
};
struct AuditLine {
  std::uint64_t number = 0;
  AuditEntry entry;
  std::string hash;
};
struct AuditPage {
  std::vector<AuditLine> lines;
  std::optional<std::uint64_t> next{};  ///< what `before` of the next page is; absent: that was all
};

/// A look through a log from its first entry to its last, in steps.
struct AuditCheck {
  AuditHead reached;                   ///< the last entry that was found in order
  std::vector<AuditHead> witnesses{};  ///< what is known of the log from elsewhere: each must be in the chain
  std::optional<AuditHead> apart{};    ///< the witness kept beside the database
  bool done = false;
  std::string broken{};  ///< what is wrong, and where; empty: nothing so far
};
/// Goes on with the next entry. False where the check is over because something is wrong with it.
bool check_next(AuditCheck& check, const AuditLine& line);
/// There are no entries behind check.reached; `head`: what the log itself says of its end.
void check_end(AuditCheck& check, const AuditHead& head);

}  // namespace capmap
