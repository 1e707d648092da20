#pragma once
#include <cstddef>
#include <string>

#include "common/result.hpp"

namespace capmap {

/// Reads a whole file that must be its user's alone. `what` it is, for the error: "this secret key". Root may read one of the account that
/// the folder belongs to, for whom it looks after it. Errors: kDenied (its mode lets others in: says chmod; another account owns it, or it
/// is no file: says chown, or what it must be), kMalformed (longer than max_bytes), as file_error.
Result<std::string> read_private_file(const std::string& path, std::size_t max_bytes, const char* what);

}  // namespace capmap
