#pragma once
#include <string>

#include "agent/probe/join_ask.hpp"
#include "common/result.hpp"
#include "common/transport.hpp"

namespace capmap {

/// What joining reads and leaves on this machine.

/// A join token out of a file: its one line. Errors: kDenied (others may read it: says chmod), kAbsent, kMalformed (longer than any token).
Result<std::string> read_token_file(const std::string& path);
/// A used token is worth nothing, or much to a thief: the file goes, where it may. Says on stderr what became of it.
void put_token_file_away(const std::string& path);

Result<Done> make_state_folder(const std::string& path);
/// This server's key, made now unless it has one. `anew`: in place of the one it has, which is kept as agent.key.old.
Result<CurveKeys> own_keys(const std::string& state, bool anew);

/// Writes what the service needs to report: joined.toml, and the server's keys where they are others than the token's; each whole or not at
/// all. Root gives files to whom the folder belongs.
Result<Done> keep_joined(const std::string& state, const JoinedAt& at, const std::string& endpoint, const JoinToken& token);

}  // namespace capmap
