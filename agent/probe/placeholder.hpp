#pragma once
#include <string>
#include <string_view>

namespace capmap {

/// True for what makers and tools write where they tell nothing: "Not Specified", "To be filled by O.E.M.", "Default string", "REDACTED",
/// "0123456789", "xxxx", "None", ... in any case, in brackets or not; and for empty text. Pure.
bool is_placeholder(std::string_view text);
/// The text with runs of blanks as one, empty where it is a placeholder.
std::string told_text(std::string_view text);

}  // namespace capmap
