#pragma once
#include <string>

#include "common/csv.hpp"
#include "common/result.hpp"

namespace capmap {

/// Where the chip table lies: `wanted` if not empty; else $CAPMAP_CATALOG; else, seen from this program's own place,
/// ../share/capmap/catalog (installed) or schemas/catalog in a folder above it (a build tree); else /usr/share/capmap/catalog.
/// Errors: kAbsent, listing every place that was tried.
Result<std::string> find_catalog(const std::string& wanted);

/// A table of that folder. Errors name the whole path: kAbsent, kDenied, kFull (over 4 MiB), kMalformed with the line.
Result<CsvTable> read_catalog_file(const std::string& folder, const char* file);

}  // namespace capmap
