#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace capmap {

/// A frame of zstd with the size of what is in it.
std::string compressed(std::string_view bytes);
/// Errors: kMalformed (no such frame, damaged, or more than `most` bytes in it).
Result<std::string> uncompressed(std::string_view frame, std::size_t most);

}  // namespace capmap
