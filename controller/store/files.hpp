#pragma once
#include <cstddef>
#include <string>

#include "common/result.hpp"
#include "common/whole_file.hpp"

namespace capmap {

/// Whole content of a file of at most max_bytes. Errors: as file_error; kFull when it is longer.
Result<std::string> read_whole_file(const std::string& path, std::size_t max_bytes);

/// Run by root for a service that is not root: root's files in that folder become its owner's. Links, soft and hard, are left alone.
void give_to_folder_owner(const std::string& folder);

}  // namespace capmap
