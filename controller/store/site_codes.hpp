#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "controller/map/site.hpp"
#include "controller/store/sqlite.hpp"

namespace capmap {

/// Errors: kMalformed naming the code and what is allowed.
Result<Done> validate_codes(const SiteCodes& codes);

/// As one text: a line "name=code" each; empty = none. Lines of no known form are passed over.
std::string packed(const SiteCodes& codes);
SiteCodes unpacked_codes(std::string_view text);

/// The codes of sites, in a table beside them. Errors: as Database.
Result<Done> put_code_row(Database& database, const Site& site);
/// Puts what is kept of each into the sites.
Result<Done> add_codes(Database& database, std::vector<Site>& sites);

}  // namespace capmap
