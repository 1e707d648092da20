#pragma once
#include "controller/http/json.hpp"
#include "controller/map/site.hpp"

namespace capmap {

/// Records of what an admin declared, as lists of them show each. exact: where it lies to the digit that was declared, for those who may
/// know; else to a tenth of a degree.
Json site_json(const Site& site, bool exact);
Json pool_json(const Pool& pool);

}  // namespace capmap
