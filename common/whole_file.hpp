#pragma once
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace capmap {

/// What errno means for an operator, behind the place and what was being done: ENOSPC, EDQUOT and EFBIG kFull; EACCES, EPERM, EROFS, ELOOP
/// and EEXIST kDenied; ENOENT and ENOTDIR kAbsent.
Error file_error(const std::string& path, const char* doing, int error_number);

/// What becomes of a file that stands there already.
enum class Existing : unsigned char { kReplaced, kKept };

/// Writes a whole file so that it is either there as a whole or not at all, also after a crash: a draft beside it, fsync, rename, fsync of
/// the folder. `mode`: less what the umask takes. With kKept a file that is there already is an error, and there may be several writers;
/// else one at a time, and what an earlier run left of a draft is removed. Errors: as file_error; then the old file stands, but where the
/// folder alone could not be synced.
Result<Done> write_file_atomically(const std::string& path, std::string_view content, unsigned mode,
                                   Existing existing = Existing::kReplaced);

/// Makes renames, new and removed files in the folder of `path` last (fsync of the folder). Errors: as file_error.
Result<Done> sync_folder_of(const std::string& path);

}  // namespace capmap
