#pragma once
#include <string_view>

namespace capmap {

/// True for well-formed UTF-8; the empty text too. Pure; any thread.
bool is_utf8(std::string_view text);
/// True for well-formed UTF-8 without control characters; the empty text too. Pure; any thread.
bool is_printable_utf8(std::string_view text);

}  // namespace capmap
