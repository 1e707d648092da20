#pragma once
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace capmap {

/// What errno means for an operator, in front of the place: ENOSPC and EDQUOT kFull, EACCES and EPERM and EROFS kDenied, ENOENT kAbsent.
Error file_error(const std::string& path, const char* doing, int error_number);

/// Writes a whole file so that it is either there as a whole or not at all, also after a crash: temporary file beside it, fsync, rename,
/// fsync of the folder. Replaces an older one. Errors: as file_error.
Result<Done> write_file_atomically(const std::string& path, std::string_view content, unsigned mode);

/// Whole content of a file of at most max_bytes. Errors: as file_error; kFull when it is longer.
Result<std::string> read_whole_file(const std::string& path, std::size_t max_bytes);

/// Run by root for a service that is not root: root's files in that folder become its owner's. Links, soft and hard, are left alone.
void give_to_folder_owner(const std::string& folder);

/// Makes renames, new and removed files in the folder of `path` last (fsync of the folder).
void sync_folder_of(const std::string& path);

}  // namespace capmap
