#pragma once
#include "controller/ctl/commands.hpp"

namespace capmap {

/// Nodes page by page until there are `filter.limit`; "next" of the answer says whether there are more. Errors: as api_get.
Result<ApiJson> read_nodes(const ApiConnection& connection, const NodeFilter& filter);

}  // namespace capmap
