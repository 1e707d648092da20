#pragma once
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace capmap {

/// The first word of a command line that asks for the reference of the manual page.
inline constexpr std::string_view kManualCommand = "__manual";

/// All commands with their arguments, flags and examples, a subsection each, as a manual page has them (man(7)): told by the command
/// line's own description, in the language it is in. Pure.
std::string manual_reference(const CLI::App& app);

}  // namespace capmap
