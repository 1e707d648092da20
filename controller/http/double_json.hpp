#pragma once
#include "controller/http/json.hpp"
#include "controller/http/routes.hpp"

namespace capmap {

/// How many nodes may be counted twice, and how many are left out since an admin confirmed it: of what the asker may see.
Json double_counts_json(const Call& call);

}  // namespace capmap
