#pragma once
#include <vector>

#include "controller/map/doubles.hpp"
#include "controller/store/sqlite.hpp"

namespace capmap {

/// What admins said of nodes that look like one machine, in the database: few rows, so each call prepares its statements.
/// One of a pair stands there, whichever way round it was said last. Unknown nodes are passed over.
Result<Done> put_double_row(Database& database, const SettledDouble& settled);
/// In no order.
Result<std::vector<SettledDouble>> double_rows(Database& database);
/// All of a node.
Result<Done> forget_double_rows(Database& database, const NodeId& node);

}  // namespace capmap
