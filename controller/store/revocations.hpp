#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "controller/store/joining.hpp"
#include "controller/store/store.hpp"

namespace capmap {

/// Revoked keys beside the database, in a file that only grows and that restore does not touch: a backup of before a key was revoked must
/// not bring it back. A line each: "1 KEY node|child ID UNIX_MS REASON"; mode 0600, fsync before append() returns.
std::string revocations_path(const std::string& state_folder);

/// Errors: kFull, kDenied, kUnavailable. Nothing of it may stand there on an error, or a beginning that the next reader passes over.
Result<Done> append_revocations(const std::string& path, const std::vector<RevokedKey>& keys);

/// All that the file holds; none where it is not there. A last line without its end is what a crash left, and passed over. Errors:
/// kMalformed naming the line; as append.
Result<std::vector<RevokedKey>> read_revocations(const std::string& path);
/// The same of its text. Pure.
Result<std::vector<RevokedKey>> parse_revocations(std::string_view text, const std::string& path);

/// Makes file and database know the same keys, before anybody is let in. `before_writing`: called before the database is written, which
/// happens only after a restore; what it says ends all. How many the database did not know.
Result<std::size_t> merge_revocations(Store& store, const std::string& path, std::uint64_t now_unix_ms,
                                      const std::function<Result<Done>()>& before_writing);

}  // namespace capmap
