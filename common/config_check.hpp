#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace capmap {

/// The first thing in a TOML file that toml++ 3.3 would read in undefined ways, as "LINE:COLUMN: what and what to do"; empty = none. It is
/// stricter than TOML where no setting needs more: characters beyond ASCII stand in texts of one line and comments alone, dates and times
/// in texts alone, three quotes nowhere. What it lets pass may still be no TOML: toml++ says so. Thread: any; pure.
std::optional<std::string> mistake_in_toml(std::string_view text);

}  // namespace capmap
