#pragma once
#include <string>

#include "common/result.hpp"

namespace capmap {

/// Where the chip table lies: `wanted` if not empty; else $CAPMAP_CATALOG; else, seen from this program's own place,
/// ../share/capmap/catalog (installed) or schemas/catalog in a folder above it (a build tree); else /usr/share/capmap/catalog.
/// Errors: kAbsent, listing every place that was tried.
Result<std::string> find_catalog(const std::string& wanted);

}  // namespace capmap
