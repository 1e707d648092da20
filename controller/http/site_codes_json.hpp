#pragma once
#include "controller/http/json.hpp"
#include "controller/map/site.hpp"

namespace capmap {

/// The codes of a site as an object, zones of pools in one of their own; null where it declares none.
Json codes_json(const SiteCodes& codes);

}  // namespace capmap
