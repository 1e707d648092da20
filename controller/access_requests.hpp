#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controller/access/access_table.hpp"
#include "controller/access/audit_chain.hpp"

namespace capmap {

/// What http asks of the store thread about who may ask for what, and what it answers. Part of controller/requests.hpp.

/// Adds a user (`create`), or changes what is named of one that is there.
struct PutUser {
  std::string name;
  bool create = false;
  std::optional<Role> role{};
  std::optional<std::vector<std::string>> regions{}, sites{};  ///< codes; names or s-… ids. In place of those before
  std::optional<std::string> password_hash{};                  ///< empty: no password does any more
  bool expires_changes = false;
  std::optional<std::uint64_t> expires_unix_ms{};  ///< with expires_changes: absent = never
  std::optional<bool> disabled{};
};
struct RemoveUser {
  std::string name;
};
struct MakeApiToken {
  std::string user;
  std::optional<Role> role{};  ///< absent: the user's
  std::vector<std::string> regions{}, sites{};
  std::string label{};
  std::optional<std::uint64_t> expires_unix_ms{};
};
struct RevokeApiToken {
  std::string id;
  std::string only_of{};  ///< not empty: only where it is this user's
};
/// Entries for the audit that come from outside the store thread. Nobody waits for the answer.
struct NoteAudit {
  std::vector<AuditEntry> entries;
};
/// Who asked lately. Nobody waits for the answer.
struct NoteUses {
  std::vector<std::string> users, token_ids;
};
struct AskAudit {
  AuditQuestion question;
};
struct CheckAudit {
  AuditCheck so_far;
};

struct UserPut {
  User user;
  bool created = false;
};
struct UserRemoved {
  std::string name;
  std::size_t tokens = 0;
};
struct ApiTokenMade {
  ApiToken token;
  std::string secret;  ///< told once; the store keeps its hash
};
struct ApiTokenRevoked {
  ApiToken token;
};
struct Noted {};
/// The asker's scope does not reach that far.
struct OutOfScope {
  std::string what;
};

}  // namespace capmap
