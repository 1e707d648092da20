#pragma once
#include <string_view>

#include "common/region_list.hpp"
#include "common/result.hpp"

namespace capmap {

/// What POST /v1/regions is asked: {"year": 2024, "regions": [{"code": "1101", "name": "…", "name_en": "…"}], "dry_run": false}.
struct RegionImport {
  RegionList list;  ///< each row checked for itself, no code twice, ascending
  bool dry_run = false;
};

/// Errors: kMalformed: not JSON (with the byte), another form, an unknown or doubled member, a row that cannot be (as regions[17]: …),
/// no row at all, or more than kMostListedRegions. Pure.
Result<RegionImport> read_region_import(std::string_view body);

}  // namespace capmap
