#pragma once
#include <cstddef>
#include <string_view>

namespace capmap {

/// Texts compared as SQL compares them, in time that is bounded by the length of one times that of the other. Pure.

/// X LIKE PATTERN ESCAPE escape ('\0': none): % any characters, _ one; ASCII letters in either case.
bool is_like(std::string_view text, std::string_view pattern, char escape);
/// X GLOB PATTERN: * any characters, ? one, [a-z] [^a-z] one of these.
bool is_glob(std::string_view text, std::string_view pattern);
/// Where the part stands at or behind `from`; npos: nowhere. In time that grows with both lengths.
std::size_t find_text(std::string_view text, std::string_view part, std::size_t from);
/// Without characters of `of` (UTF-8) at its ends.
std::string_view trimmed(std::string_view text, std::string_view of, bool left, bool right);

}  // namespace capmap
