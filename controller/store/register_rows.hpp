#pragma once
#include <optional>
#include <string>

#include "controller/map/site.hpp"
#include "controller/store/sqlite.hpp"

namespace capmap {

/// Owners and trunk links in the database: each call prepares its statement.
Result<Done> put_owner_row(Database& database, const Owner& owner);
Result<Done> put_link_row(Database& database, const TrunkLink& link);
Result<std::optional<Owner>> find_owner_row(Database& database, const std::string& name);
/// Both, ascending by name.
Result<SiteRegister> register_rows(Database& database);

}  // namespace capmap
