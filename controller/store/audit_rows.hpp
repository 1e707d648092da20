#pragma once
#include <string>
#include <vector>

#include "controller/access/audit_chain.hpp"
#include "controller/store/sqlite.hpp"

namespace capmap {

/// The audit in the database: rows that are only ever added, each with the hash that chains it to the one before, and its head.
Result<Done> add_audit_row(Database& database, const AuditEntry& entry);
/// Of an empty log: number 0.
Result<AuditHead> audit_head_row(Database& database);
Result<AuditPage> audit_rows(Database& database, const AuditQuestion& question);
/// Entries in order from the one behind `after`, at most `most`.
Result<std::vector<AuditLine>> audit_lines(Database& database, std::uint64_t after, std::size_t most);
/// Gives entries from before there was a chain their hashes, once: where there is no head yet.
Result<Done> chain_audit(Database& database);

/// The head kept in a file of its own. Errors: kAbsent (no such file), kMalformed, those of files.
Result<AuditHead> read_head_file(const std::string& path);
Result<Done> write_head_file(const std::string& path, const AuditHead& head);
/// audit.head beside the database.
std::string head_path(const std::string& database_path);

}  // namespace capmap
