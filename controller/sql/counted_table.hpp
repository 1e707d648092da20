#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace capmap {

/// The table of a statement that is `select count(*) from TABLE` and no more (a name for the column and a semicolon may be there), as it is
/// written; else empty. SQLite answers that from the head of a table of its own, and walks through others row by row. Pure.
std::optional<std::string> counted_table(std::string_view sql);

}  // namespace capmap
