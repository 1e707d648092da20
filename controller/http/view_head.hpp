#pragma once
#include "controller/http/json.hpp"
#include "controller/http/routes.hpp"

namespace capmap {

/// What every answer of the map begins with: of which moment it is, how old, and whether all known nodes have been heard since the start.
Json view_head(const Call& call);

}  // namespace capmap
