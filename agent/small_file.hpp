#pragma once
#include <string>

#include "common/result.hpp"

namespace capmap {

/// Replaces a small file of the state folder in one step: whoever reads it sees the old text or the new one. It is not forced to disk: what
/// stands in such files can be read again from the machine. Errors: kDenied, kFull, kUnavailable, each naming the path.
Result<Done> replace_file(const std::string& path, const std::string& text);

}  // namespace capmap
