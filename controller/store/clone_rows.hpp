#pragma once
#include <optional>
#include <vector>

#include "controller/map/clones.hpp"
#include "controller/store/sqlite.hpp"

namespace capmap {

/// Clones in the database: few rows, so each call prepares its statements. A note of one that an admin has settled since is passed over.
Result<Done> put_clone_row(Database& database, const Clone& clone);
Result<std::optional<Clone>> find_clone_row(Database& database, const NodeId& node);
Result<std::vector<Clone>> clone_rows(Database& database);
Result<Done> forget_clone_row(Database& database, const NodeId& node);

}  // namespace capmap
