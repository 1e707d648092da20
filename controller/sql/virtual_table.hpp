#pragma once
#include <optional>
#include <string>

#include "common/result.hpp"
#include "controller/sql/sql_table.hpp"

struct sqlite3;

namespace capmap {

/// Shows a SqlTable to SQLite under a name, as a table that is there without being created. The table must live as long as the
/// connection. A scan that fails leaves its reason in `failure`, and the statement ends. Before the authorizer is set the name must have
/// been used once: SQLite declares such a table when it first meets it, by a statement that the authorizer would refuse.
/// Errors: kUnavailable.
Result<Done> show_table(sqlite3* connection, const std::string& name, SqlTable& table, std::optional<Error>& failure);

/// A name as SQL text, in quotes.
std::string sql_name(const std::string& name);

}  // namespace capmap
