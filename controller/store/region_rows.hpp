#pragma once
#include "common/region_list.hpp"
#include "common/result.hpp"
#include "controller/store/sqlite.hpp"

namespace capmap {

/// The imported code list as rows of the table regions; the year of the list in force stands in meta. Errors: as Database.
Result<Done> put_region_rows(Database& database, const RegionList& list);
Result<RegionList> region_rows(Database& database);

}  // namespace capmap
