#pragma once
#include "common/chip_table.hpp"
#include "common/result.hpp"
#include "controller/store/sqlite.hpp"

namespace capmap {

/// An operator's rows of the chip table, a text a file of the catalog. Errors: as Database.
Result<Done> put_own_chip_rows(Database& database, const OwnChips& own);
Result<OwnChips> own_chip_rows(Database& database);

}  // namespace capmap
