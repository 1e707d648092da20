#pragma once
#include "controller/http/json.hpp"
#include "controller/map/site.hpp"

namespace capmap {

/// Records of what an admin declared, as lists of them show each.
Json site_json(const Site& site);
Json pool_json(const Pool& pool);

}  // namespace capmap
